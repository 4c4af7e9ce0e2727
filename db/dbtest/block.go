package dbtest

import (
	"encoding/json"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// eventTrigger is a trigger of any type but schedule, with every field set.
func eventTrigger(fn *picasso.Function, kind picasso.TriggerType) *picasso.Trigger {
	t := newTrigger(fn, string(kind))
	t.Type, t.Schedule, t.Clock = kind, nil, nil
	t.DelegateRoles, t.Trust = []string{"member", "rölé"}, &picasso.Trust{ID: newID(), UserID: "alice"}
	no := false
	switch kind {
	case picasso.TriggerSwift:
		t.Swift = &picasso.Swift{Container: "phötos", Events: []string{"created", "deleted"}, Prefix: "in/", Suffix: ".jpg", Verify: &no}
	case picasso.TriggerNotification:
		t.Notification = &picasso.Notification{EventType: "compute.instance.*", Exchange: "nova", Topic: "notifications", AllProjects: true,
			Filter: map[string]json.RawMessage{
				"payload.state": json.RawMessage(`"active"`), "payload.big": json.RawMessage(`{"gte":123456789012345678901234567890}`), "payload.none": json.RawMessage(`null`),
			}}
	case picasso.TriggerAlarm:
		t.Alarm = &picasso.Alarm{AlarmName: "höt", States: picasso.AlarmStates()}
	case picasso.TriggerWebhook:
		t.Webhook, t.Secret = &picasso.Webhook{Auth: picasso.WebhookHMAC}, strings.Repeat("ß", 512)
	}
	return t
}

func eventTypes() []picasso.TriggerType {
	return []picasso.TriggerType{picasso.TriggerSwift, picasso.TriggerNotification, picasso.TriggerAlarm, picasso.TriggerWebhook}
}

// triggerTypes: a trigger of any type is read as it was written.
func (s *suite) triggerTypes() {
	ctx := s.Context()
	fn := s.makeFunction("p1", picasso.DefaultApp, "f")
	for _, kind := range eventTypes() {
		t := eventTrigger(fn, kind)
		spec := t.TriggerSpec
		require.NoError(s, spec.Validate(), "what is stored is what may be asked for")
		require.NoError(s, s.CreateTrigger(ctx, t))
		assert.Nil(s, t.Clock, kind)
		s.wantTrigger(t)
		got, err := s.Trigger(ctx, "p1", string(kind))
		require.NoError(s, err)
		assert.Equal(s, t, got)

		changed := newTrigger(fn, "other "+string(kind))
		changed.ID, changed.Type, changed.UpdatedAt = t.ID, kind, fresh(1)
		changed.TriggerSpec.Schedule = nil
		changed.Swift, changed.Notification, changed.Alarm, changed.Webhook = plainBlocks(kind)
		require.NoError(s, s.UpdateTrigger(ctx, changed, t.UpdatedAt))
		assert.Nil(s, changed.Clock, kind)
		s.wantTrigger(changed)
		list, _, err := s.Triggers(ctx, picasso.TriggerFilter{Type: kind}, picasso.Page{})
		require.NoError(s, err)
		assert.Equal(s, []picasso.Trigger{*changed}, list)
	}
	due, next, err := s.DueSchedules(ctx, fresh(100), 10)
	require.NoError(s, err)
	assert.Empty(s, due)
	assert.Zero(s, next)
}

// plainBlocks has the block of the type with little in it, and no other.
func plainBlocks(kind picasso.TriggerType) (*picasso.Swift, *picasso.Notification, *picasso.Alarm, *picasso.Webhook) {
	switch kind {
	case picasso.TriggerSwift:
		return &picasso.Swift{Container: "c"}, nil, nil, nil
	case picasso.TriggerNotification:
		return nil, &picasso.Notification{EventType: "*"}, nil, nil
	case picasso.TriggerAlarm:
		return nil, nil, &picasso.Alarm{}, nil
	}
	return nil, nil, nil, &picasso.Webhook{Auth: picasso.WebhookKeystone}
}

// webhookSecret: a secret that is still in the spec is neither kept there nor taken
// from whoever is about to show it.
func (s *suite) webhookSecret() {
	ctx := s.Context()
	t := eventTrigger(s.makeFunction("p1", picasso.DefaultApp, "f"), picasso.TriggerWebhook)
	t.Webhook.Secret, t.Secret = "to be shown once", "its hash"
	require.NoError(s, s.CreateTrigger(ctx, t))
	assert.Equal(s, "to be shown once", t.Webhook.Secret)
	for n := range 2 {
		got, err := s.Trigger(ctx, "p1", t.ID)
		require.NoError(s, err)
		assert.Empty(s, got.Webhook.Secret)
		assert.Equal(s, "its hash", got.Secret)
		before := t.UpdatedAt
		t.UpdatedAt = fresh(n + 1)
		require.NoError(s, s.UpdateTrigger(ctx, t, before))
	}
}

// hostileBlocks: text that has broken programs goes in and comes out.
func (s *suite) hostileBlocks() {
	ctx := s.Context()
	fn := s.makeFunction("p1", picasso.DefaultApp, "f")
	for n, text := range hostile() {
		t := eventTrigger(fn, picasso.TriggerSwift)
		t.Name, t.Secret, t.Trust.UserID = numbered("t", n), text+"x", text+"x"
		t.Swift.Container, t.Swift.Prefix, t.DelegateRoles = text, text, []string{text}
		require.NoError(s, s.CreateTrigger(ctx, t), "%q", text)
		s.wantTrigger(t)
		require.NoError(s, s.FailTrigger(ctx, t.ID, t.UpdatedAt, text+"x"))
		t.Error = text + "x"
		s.wantTrigger(t)
	}
}
