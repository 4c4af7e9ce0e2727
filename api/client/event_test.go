package client_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/client"
)

func TestSwiftTriggers(t *testing.T) {
	c, _, _ := withFunction(t)
	ctx := t.Context()
	made, err := c.CreateTrigger(ctx, client.TriggerOpts{
		Name: new("thumb"), Type: new(picasso.TriggerSwift), Function: new("f"), DelegateRoles: &[]string{"member"},
		Swift: &client.SwiftOpts{Container: new("photos"), Suffix: new(".jpg"), Verify: new(false)},
	})
	require.NoError(t, err)
	no := false
	assert.Equal(t, &picasso.Swift{Container: "photos", Events: []string{"created", "copied"}, Suffix: ".jpg", Verify: &no}, made.Swift)
	assert.Equal(t, []string{"member"}, made.DelegateRoles)
	assert.Equal(t, "active", made.State)
	assert.Empty(t, made.URL)
	changed, err := c.UpdateTrigger(ctx, "thumb", client.TriggerOpts{
		DelegateRoles: &[]string{},
		Swift:         &client.SwiftOpts{Events: &[]string{"deleted"}, Prefix: new("in/"), Suffix: new(""), Verify: new(true)},
	})
	require.NoError(t, err)
	yes := true
	assert.Equal(t, &picasso.Swift{Container: "photos", Events: []string{"deleted"}, Prefix: "in/", Verify: &yes}, changed.Swift)
	assert.Empty(t, changed.DelegateRoles)
}

func TestNotificationTriggers(t *testing.T) {
	c, _, _ := withFunction(t)
	filter := func(text string) (conditions map[string]json.RawMessage) {
		require.NoError(t, json.Unmarshal([]byte(text), &conditions))
		return conditions
	}
	made, err := c.CreateTrigger(t.Context(), client.TriggerOpts{
		Name: new("t"), Type: new(picasso.TriggerNotification), Function: new("f"),
		Notification: &client.NotificationOpts{
			EventType: new("compute.*"), Exchange: new("nova"), Topic: new("t"), AllProjects: new(true),
			Filter: filter(`{"payload.state":"active","payload.memory_mb":{"gte":512,"lt":4096}}`),
		},
	})
	require.NoError(t, err)
	assert.True(t, made.Notification.AllProjects)
	changed, err := c.UpdateTrigger(t.Context(), "t", client.TriggerOpts{Notification: &client.NotificationOpts{
		Exchange: new(""), Filter: filter(`{"payload.state":null,"payload.memory_mb":{"lt":null}}`),
	}})
	require.NoError(t, err)
	assert.Empty(t, changed.Notification.Exchange)
	assert.Equal(t, filter(`{"payload.memory_mb":{"gte":512}}`), changed.Notification.Filter)
}

func TestTriggersWithAURL(t *testing.T) {
	c, _, _ := withFunction(t)
	ctx := t.Context()
	alarm, err := c.CreateTrigger(ctx, client.TriggerOpts{
		Name: new("hot"), Type: new(picasso.TriggerAlarm), Function: new("f"), Alarm: &client.AlarmOpts{AlarmName: new("hot"), States: &[]string{"ok"}},
	})
	require.NoError(t, err)
	assert.True(t, strings.HasSuffix(alarm.URL, "/hooks/"+alarm.ID))
	assert.Equal(t, "trust+"+alarm.URL, alarm.AlarmAction)
	alarm, err = c.UpdateTrigger(ctx, "hot", client.TriggerOpts{Alarm: &client.AlarmOpts{AlarmName: new(""), AlarmID: new("x"), States: &[]string{}}})
	require.NoError(t, err)
	assert.Equal(t, &picasso.Alarm{AlarmID: "x", States: []string{"alarm"}}, alarm.Alarm)

	hook, err := c.CreateTrigger(ctx, client.TriggerOpts{
		Name: new("hook"), Type: new(picasso.TriggerWebhook), Function: new("f"), Webhook: &client.WebhookOpts{},
	})
	require.NoError(t, err)
	assert.Len(t, hook.Webhook.Secret, 26)
	assert.True(t, strings.HasSuffix(hook.URL, "?token="+hook.Webhook.Secret))
	shown, err := c.Trigger(ctx, "hook")
	require.NoError(t, err)
	assert.Empty(t, shown.Webhook.Secret)
	rotated, err := c.UpdateTrigger(ctx, "hook", client.TriggerOpts{Webhook: &client.WebhookOpts{Secret: new("")}})
	require.NoError(t, err)
	assert.Len(t, rotated.Webhook.Secret, 26)
	assert.NotEqual(t, hook.Webhook.Secret, rotated.Webhook.Secret)
	signed, err := c.UpdateTrigger(ctx, "hook", client.TriggerOpts{Webhook: &client.WebhookOpts{
		Auth: new(picasso.WebhookHMAC), Secret: new("one of mine, long enough"),
	}})
	require.NoError(t, err)
	assert.Equal(t, &picasso.Webhook{Auth: picasso.WebhookHMAC}, signed.Webhook)
}

func TestFunctionsWithRoles(t *testing.T) {
	c, _, _ := withFunction(t)
	fn, err := c.UpdateFunction(t.Context(), "f", client.FunctionOpts{DelegateRoles: &[]string{"member", "reader"}})
	require.NoError(t, err)
	assert.Equal(t, []string{"member", "reader"}, fn.DelegateRoles)
	fn, err = c.UpdateFunction(t.Context(), "f", client.FunctionOpts{DelegateRoles: &[]string{}})
	require.NoError(t, err)
	assert.Empty(t, fn.DelegateRoles)
}
