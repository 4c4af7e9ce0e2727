package client_test

import (
	"context"
	"testing"

	"github.com/gophercloud/gophercloud/v2/pagination"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/apitest"
	"github.com/picasso-faas/picasso/api/client"
)

func TestPagersOfEveryKind(t *testing.T) {
	c, _, fn := withFunction(t)
	ctx := t.Context()
	_, err := c.CreateTrigger(ctx, client.TriggerOpts{Name: new("t"), Type: new(picasso.TriggerWebhook), Function: new("f"), Webhook: &client.WebhookOpts{}})
	require.NoError(t, err)
	for range 3 {
		_, err := c.InvokeAsync(ctx, "f", client.Input{})
		require.NoError(t, err)
	}
	all := func(pager pagination.Pager) pagination.Page {
		page, err := pager.AllPages(ctx)
		require.NoError(t, err)
		return page
	}
	functions, err := client.ExtractFunctions(all(c.FunctionPages(client.ListOpts{})))
	require.NoError(t, err)
	assert.Equal(t, []picasso.Function{*fn}, functions)
	executions, err := client.ExtractExecutions(all(c.ExecutionPages(client.ListOpts{PageSize: 2, Filter: map[string]string{"function": "f"}})))
	require.NoError(t, err)
	assert.Len(t, executions, 3)
	triggers, err := client.ExtractTriggers(all(c.TriggerPages(client.ListOpts{})))
	require.NoError(t, err)
	require.Len(t, triggers, 1)
	assert.Equal(t, "active", triggers[0].State)
	none, err := client.ExtractTriggers(all(c.TriggerPages(client.ListOpts{Filter: map[string]string{"name": "nothing"}})))
	require.NoError(t, err)
	assert.Empty(t, none)
}

func TestPagersThatFail(t *testing.T) {
	c := connect(t, &apitest.Engine{}, nil)
	_, err := c.AppPages(client.ListOpts{Marker: "nobody"}).AllPages(t.Context())
	_ = assertStatus(t, client.AsError(err), 400, picasso.CodeInvalid)

	for _, links := range []string{`[{"rel": "next", "href": "/v2/apps"}]`, `[{"rel": "next", "href": ":"}]`, `7`} {
		c := answering(t, 200, map[string]string{"Content-Type": "application/json"}, `{"apps": [{"name": "a"}], "apps_links": `+links+`}`)
		err := c.AppPages(client.ListOpts{}).EachPage(t.Context(), func(_ context.Context, page pagination.Page) (bool, error) {
			_, err := client.ExtractFunctions(page)
			assert.EqualError(t, err, "a page of functions is expected")
			return true, nil
		})
		assert.Error(t, err, links)
	}
}
