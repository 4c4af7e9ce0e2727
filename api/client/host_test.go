package client_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/apitest"
	"github.com/picasso-faas/picasso/api/client"
)

func TestHosts(t *testing.T) {
	c, store := connectTo(t, &apitest.Engine{}, nil)
	ctx := t.Context()
	report := &picasso.HostReport{
		Host:        picasso.Host{Name: "compute-1", Version: "1", Cores: 2, MemoryMB: 1024, Tags: []string{"gpu"}},
		Inventory:   picasso.Inventory{Functions: []string{"f"}, Images: []string{"i"}},
		Incarnation: "incarnation-1", URL: "http://compute-1:10002", Key: "a key of 16 bytes", MinProtocol: 1, MaxProtocol: 2,
	}
	record, err := c.Heartbeat(ctx, report)
	require.NoError(t, err)
	assert.False(t, record.Disabled)
	stored, err := store.HostByRef(ctx, "compute-1")
	require.NoError(t, err)
	assert.Equal(t, *report, stored.HostReport)
	assert.Equal(t, stored.ID, record.ID)

	off, err := c.UpdateHost(ctx, "compute-1", client.HostOpts{Disabled: new(true), DisabledReason: new("a fan")})
	require.NoError(t, err)
	assert.Equal(t, picasso.HostDraining, off.State)
	record, err = c.Heartbeat(ctx, report)
	require.NoError(t, err)
	assert.Equal(t, []any{true, "a fan"}, []any{record.Disabled, record.DisabledReason})
	shown, err := c.Host(ctx, record.ID)
	require.NoError(t, err)
	assert.Equal(t, []string{"f"}, shown.Functions)
	for h, err := range c.Hosts(ctx, client.ListOpts{PageSize: 1}) {
		require.NoError(t, err)
		assert.Equal(t, "compute-1", h.Name)
	}
	var answer *client.Error
	require.ErrorAs(t, c.DeleteHost(ctx, "compute-1"), &answer)
	assert.Equal(t, 409, answer.Status)
}
