package client_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/client"
)

func TestTriggers(t *testing.T) {
	c, _, fn := withFunction(t)
	ctx := t.Context()
	at := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	made, err := c.CreateTrigger(ctx, client.TriggerOpts{
		Name: new("nightly"), Type: new(picasso.TriggerSchedule), Function: new("f"),
		Schedule: &client.ScheduleOpts{Cron: new("0 3 * * *"), Timezone: new("Europe/Berlin"), StartAt: &at},
	})
	require.NoError(t, err)
	assert.Equal(t, fn.ID, made.FunctionID)
	assert.True(t, made.Clock.NextAt.After(at))

	changed, err := c.UpdateTrigger(ctx, "nightly", client.TriggerOpts{
		Schedule: &client.ScheduleOpts{Cron: new(""), EveryS: new(60), StartAt: new(time.Time{}), Overlap: new(picasso.OverlapSkip)},
	})
	require.NoError(t, err)
	assert.Equal(t, &picasso.Schedule{EveryS: 60, Timezone: "Europe/Berlin", Overlap: picasso.OverlapSkip, CatchUp: picasso.CatchUpLast}, changed.Schedule)
	shown, err := c.Trigger(ctx, made.ID)
	require.NoError(t, err)
	assert.Equal(t, changed, shown)

	_, err = c.UpdateTrigger(ctx, "nightly", client.TriggerOpts{Schedule: &client.ScheduleOpts{Cron: new("0 3 * * *")}})
	_ = assertStatus(t, err, 400, picasso.CodeInvalid) // two kinds
	paused, err := c.UpdateTrigger(ctx, "nightly", client.TriggerOpts{Enabled: new(false)})
	require.NoError(t, err)
	assert.False(t, paused.Enabled)
	for trigger, err := range c.Triggers(ctx, client.ListOpts{Filter: map[string]string{"function": "f", "type": "schedule"}}) {
		require.NoError(t, err)
		assert.Equal(t, made.ID, trigger.ID)
	}
	require.NoError(t, c.DeleteTrigger(ctx, "nightly"))
	_ = assertStatus(t, c.DeleteTrigger(ctx, made.ID), 404, picasso.CodeNotFound)
}

func TestScheduleIsAMergePatch(t *testing.T) {
	at := time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC)
	tests := map[string]client.ScheduleOpts{
		`{}`:                                  {},
		`{"cron":"@daily","every_s":null}`:    {Cron: new("@daily"), EveryS: new(0)},
		`{"at":"2026-01-31T08:00:00Z"}`:       {At: &at},
		`{"at":null,"max_runs":3}`:            {At: new(time.Time{}), MaxRuns: new(3)},
		`{"catch_up":"all","overlap":"skip"}`: {Overlap: new(picasso.OverlapSkip), CatchUp: new(picasso.CatchUpAll)},
		`{"end_at":null,"timezone":null}`:     {EndAt: new(time.Time{}), Timezone: new("")},
	}
	for want, opts := range tests {
		got, err := json.Marshal(opts)
		require.NoError(t, err)
		assert.JSONEq(t, want, string(got))
	}
}
