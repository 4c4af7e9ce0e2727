package triggers

import (
	"context"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/db/dbtest"
	"github.com/picasso-faas/picasso/triggers/triggerstest"
)

// revoker ends trusts, but not those a test names.
type revoker struct {
	picasso.Delegator
	asked  []string
	cannot map[string]bool
	down   bool
}

func (r *revoker) Revoke(_ context.Context, id string) error {
	r.asked = append(r.asked, id)
	if r.down || r.cannot[id] {
		return picasso.Errorf(picasso.CodeUnavailable, "away")
	}
	return nil
}

func TestTrustsEnd(t *testing.T) {
	store := dbtest.SQLite(t)
	s := newService(t, store, &triggerstest.Engine{})
	r := &revoker{cannot: map[string]bool{"trust-3": true}}
	s.cfg.Delegator = r
	require.NoError(t, s.revokeTrusts(t.Context()), "there is none")
	for i := range 2*revokeAtOnce + 5 {
		require.NoError(t, store.DropTrust(t.Context(), "trust-"+strconv.Itoa(i)))
	}

	r.down = true
	require.Error(t, s.revokeTrusts(t.Context()))
	assert.Len(t, r.asked, revokeFailures, "a Keystone that is away is left in peace")
	r.down = false
	for range 3 { // what fails ends a pass, not the sweep
		require.Error(t, s.revokeTrusts(t.Context()))
	}
	left, err := store.DroppedTrusts(t.Context(), 1000)
	require.NoError(t, err)
	assert.Equal(t, []string{"trust-3"}, left, "it keeps nobody waiting")
	r.cannot = nil
	require.NoError(t, s.revokeTrusts(t.Context()))
	left, err = store.DroppedTrusts(t.Context(), 1000)
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestTrustsThatCannotBeRevokedKeepNobodyWaiting(t *testing.T) {
	store := dbtest.SQLite(t)
	s := newService(t, store, &triggerstest.Engine{})
	r := &revoker{cannot: map[string]bool{}}
	s.cfg.Delegator = r
	var never []string
	for i := range revokeFailures + 2 {
		id := "trust-" + strconv.Itoa(i)
		require.NoError(t, store.DropTrust(t.Context(), id))
		if i < revokeFailures {
			never, r.cannot[id] = append(never, id), true
		}
	}
	for range 2 {
		require.Error(t, s.revokeTrusts(t.Context()))
	}
	left, err := store.DroppedTrusts(t.Context(), 1000)
	require.NoError(t, err)
	assert.ElementsMatch(t, never, left)
}
