package schedule_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/db/dbtest"
	"github.com/picasso-faas/picasso/triggers/schedule"
)

func TestCatchUp(t *testing.T) {
	const created = "2026-01-01 00:00"
	tests := []struct {
		name     string
		schedule picasso.Schedule
		passes   []string
		want     []string
		next     string // zero: never
	}{
		{"on time", picasso.Schedule{EveryS: 60}, []string{"2026-01-01 00:00:59", "2026-01-01 00:01", "2026-01-01 00:02"},
			[]string{"01-01 00:01:00", "01-01 00:02:00"}, "2026-01-01 00:03"},
		{"a restart is no downtime", picasso.Schedule{EveryS: 20, CatchUp: picasso.CatchUpNone}, []string{"2026-01-01 00:01:15"},
			[]string{"01-01 00:00:20", "01-01 00:00:40", "01-01 00:01:00"}, "2026-01-01 00:01:20"},
		{"none", picasso.Schedule{Cron: "0 * * * *", CatchUp: picasso.CatchUpNone}, []string{"2026-01-01 05:30"},
			nil, "2026-01-01 06:00"},
		{"none, and one on time", picasso.Schedule{Cron: "0 * * * *", CatchUp: picasso.CatchUpNone}, []string{"2026-01-01 05:00:30"},
			[]string{"01-01 05:00:00"}, "2026-01-01 06:00"},
		{"last", picasso.Schedule{Cron: "0 * * * *"}, []string{"2026-01-01 05:30"},
			[]string{"01-01 05:00:00"}, "2026-01-01 06:00"},
		{"last of one", picasso.Schedule{Cron: "0 * * * *"}, []string{"2026-01-01 01:30"},
			[]string{"01-01 01:00:00"}, "2026-01-01 02:00"},
		{"last, and one on time", picasso.Schedule{Cron: "0 * * * *", CatchUp: picasso.CatchUpLast}, []string{"2026-01-01 05:00:30"},
			[]string{"01-01 05:00:00"}, "2026-01-01 06:00"},
		{"last of a year", picasso.Schedule{EveryS: 1, EndAt: at(t, "2026-12-01 00:00")}, []string{"2027-01-01 00:00"},
			[]string{"11-30 23:59:59"}, ""},
		{"all", picasso.Schedule{Cron: "0 * * * *", CatchUp: picasso.CatchUpAll}, []string{"2026-01-01 03:30"},
			[]string{"01-01 01:00:00", "01-01 02:00:00", "01-01 03:00:00"}, "2026-01-01 04:00"},
		{"max runs", picasso.Schedule{EveryS: 60, MaxRuns: 2}, []string{"2026-01-01 00:01", "2026-01-01 00:02", "2026-01-01 00:03"},
			[]string{"01-01 00:01:00", "01-01 00:02:00"}, ""},
		{"max runs, all at once", picasso.Schedule{EveryS: 60, MaxRuns: 2, CatchUp: picasso.CatchUpAll}, []string{"2026-01-01 12:00"},
			[]string{"01-01 00:01:00", "01-01 00:02:00"}, ""},
		{"what passes by is no run", picasso.Schedule{Cron: "0 * * * *", MaxRuns: 1, CatchUp: picasso.CatchUpNone},
			[]string{"2026-01-01 05:30", "2026-01-01 06:00"}, []string{"01-01 06:00:00"}, ""},
		{"end", picasso.Schedule{EveryS: 60, EndAt: at(t, "2026-01-01 00:02")}, []string{"2026-01-01 00:01", "2026-01-01 00:02"},
			[]string{"01-01 00:01:00"}, ""},
		{"once", picasso.Schedule{At: at(t, "2026-01-01 00:05:07")}, []string{"2026-01-01 00:05:06", "2026-01-01 00:05:07", "2026-01-02 00:00"},
			[]string{"01-01 00:05:07"}, ""},
		{"once, late", picasso.Schedule{At: at(t, "2026-01-01 00:05:07")}, []string{"2026-01-02 00:00"},
			[]string{"01-01 00:05:07"}, ""},
		{"once, too late", picasso.Schedule{At: at(t, "2026-01-01 00:05:07"), CatchUp: picasso.CatchUpNone}, []string{"2026-01-02 00:00"},
			nil, ""},
		{"overlap, all of them", picasso.Schedule{EveryS: 3600, Overlap: picasso.OverlapSkip, CatchUp: picasso.CatchUpAll}, []string{"2026-01-01 05:30"},
			[]string{"01-01 05:00:00"}, "2026-01-01 06:00"},
		{"overlap", picasso.Schedule{EveryS: 60, Overlap: picasso.OverlapSkip}, []string{"2026-01-01 00:01", "2026-01-01 00:02", "2026-01-01 00:03"},
			[]string{"01-01 00:01:00"}, "2026-01-01 00:04"},
		{"back in time", picasso.Schedule{EveryS: 60}, []string{"2026-01-01 00:02", "2026-01-01 00:00:30", "2026-01-01 00:01:30", "2026-01-01 00:03"},
			[]string{"01-01 00:01:00", "01-01 00:02:00", "01-01 00:03:00"}, "2026-01-01 00:04"},
		{"forward in time", picasso.Schedule{EveryS: 60}, []string{"2026-01-01 00:01", "2026-01-02 00:00:30", "2026-01-01 12:00"},
			[]string{"01-01 00:01:00", "01-02 00:00:00"}, "2026-01-02 00:01"},
	}
	store := dbtest.SQLite(t)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			k := newKit(t, store, created)
			trigger := k.trigger("t", test.schedule)
			defer func() { require.NoError(t, store.DeleteTrigger(t.Context(), "", trigger.ID)) }()
			for _, now := range test.passes {
				k.pass(now)
			}
			assert.Equal(t, test.want, k.fired(trigger))
			clock := k.clock(trigger)
			assert.Equal(t, len(test.want), clock.Runs)
			if test.next == "" {
				assert.Zero(t, clock.NextAt)
			} else {
				assert.Equal(t, at(t, test.next), clock.NextAt)
			}
			if n := len(test.want); n > 0 {
				assert.Equal(t, test.want[n-1], clock.LastAt.Format("01-02 15:04:05"))
			}
		})
	}
}

// TestCatchUpIsBounded: a thousand fires a step, or eight megabytes of input.
func TestCatchUpIsBounded(t *testing.T) {
	k := newKit(t, dbtest.SQLite(t), "2026-01-01 00:00")
	many := k.trigger("many", picasso.Schedule{EveryS: 1, CatchUp: picasso.CatchUpAll})
	steps := k.pass("2026-01-01 00:18:20")
	assert.Len(t, k.fired(many), 1100)
	assert.Equal(t, 1100, k.clock(many).Runs)
	assert.GreaterOrEqual(t, steps, 2)
	require.NoError(t, k.store.DeleteTrigger(t.Context(), "", many.ID))

	big := k.trigger("big", picasso.Schedule{EveryS: 60, CatchUp: picasso.CatchUpAll})
	before := big.UpdatedAt
	big.InputTemplate, big.UpdatedAt = string(make([]byte, 60000))+"${time}", k.Now()
	require.NoError(t, k.store.UpdateTrigger(t.Context(), big, before))
	steps = k.pass("2026-01-01 02:48:20")
	assert.Len(t, k.fired(big), 150)
	assert.GreaterOrEqual(t, steps, 2, "9 MB")
}

func TestExecution(t *testing.T) {
	k := newKit(t, dbtest.SQLite(t), "2026-01-01 00:00")
	trigger := k.trigger("nightly", picasso.Schedule{EveryS: 60})
	k.pass("2026-01-01 00:01:07")
	got := k.executions(trigger)[0]
	assert.Equal(t, picasso.StatusQueued, got.Status)
	assert.Equal(t, []any{k.fn.ProjectID, k.fn.ID, "f", "default", 7}, []any{got.ProjectID, got.FunctionID, got.Function, got.App, got.MaxAttempts})
	assert.Equal(t, []time.Time{at(t, "2026-01-01 00:01"), at(t, "2026-01-01 00:01:07")}, []time.Time{got.RunAt, got.CreatedAt})
	assert.Contains(t, got.RequestID, "req-")

	input := func() picasso.Payload {
		claimed, err := k.store.Claim(t.Context(), []picasso.Claim{{FunctionID: k.fn.ID, ProjectID: k.fn.ProjectID, Count: 1}}, time.Minute)
		require.NoError(t, err)
		require.Len(t, claimed, 1)
		return claimed[0].Input
	}
	event := input()
	assert.JSONEq(t, `{
		"specversion": "1.0", "type": "org.openstack.functions.schedule", "source": "/projects/`+trigger.ProjectID+`/triggers/`+trigger.ID+`",
		"id": "2026-01-01T00:01:00Z", "time": "2026-01-01T00:01:00Z", "subject": "nightly",
		"datacontenttype": "application/json", "data": {"run": 1, "due_at": "2026-01-01T00:01:00Z"}
	}`, string(event.Body))
	assert.Equal(t, []string{"application/cloudevents+json"}, event.Header["Content-Type"])
	assert.Equal(t, []string{"nightly"}, event.Header["Ce-Subject"])

	before := trigger.UpdatedAt
	trigger.InputTemplate, trigger.UpdatedAt = `{"run": ${data.run}}`, k.Now()
	require.NoError(t, k.store.UpdateTrigger(t.Context(), trigger, before))
	k.pass("2026-01-01 00:02")
	assert.JSONEq(t, `{"run": 2}`, string(input().Body))
}

// TestBadTemplate: what makes too much is on record, and not run.
func TestBadTemplate(t *testing.T) {
	k := newKit(t, dbtest.SQLite(t), "2026-01-01 00:00")
	trigger := k.trigger("t", picasso.Schedule{EveryS: 60, MaxRuns: 1})
	trigger.InputTemplate, trigger.UpdatedAt = string(make([]byte, 2<<20)), k.Now().Add(time.Second)
	require.NoError(t, k.store.UpdateTrigger(t.Context(), trigger, k.Now()))
	k.pass("2026-01-01 00:01")
	got := k.executions(trigger)[0]
	assert.Equal(t, picasso.StatusFailed, got.Status)
	assert.Contains(t, got.Reason, "input_template: ")
	assert.Equal(t, k.Now(), got.FinishedAt)
}

// TestPause: what passes while a schedule is disabled is not caught up with.
func TestPause(t *testing.T) {
	k := newKit(t, dbtest.SQLite(t), "2026-01-01 00:00")
	trigger := k.trigger("t", picasso.Schedule{EveryS: 3600, CatchUp: picasso.CatchUpAll})
	update := func(now string, enabled bool, next string) {
		k.set(at(t, now))
		before := trigger.UpdatedAt
		trigger.Enabled, trigger.UpdatedAt, trigger.Clock = enabled, k.Now(), &picasso.Clock{NextAt: at(t, next)}
		require.NoError(t, k.store.UpdateTrigger(t.Context(), trigger, before))
	}
	k.pass("2026-01-01 01:00")
	update("2026-01-01 01:30", false, "2026-01-01 02:00")
	k.pass("2026-01-01 05:00")
	update("2026-01-01 05:30", true, "2026-01-01 06:00")
	k.pass("2026-01-01 06:00")
	assert.Equal(t, []string{"01-01 01:00:00", "01-01 06:00:00"}, k.fired(trigger))
}

// TestUnreadable: a schedule that cannot be read any more ends, and its owner sees why.
func TestUnreadable(t *testing.T) {
	k := newKit(t, dbtest.SQLite(t), "2026-01-01 00:00")
	good, bad := k.trigger("good", picasso.Schedule{EveryS: 60}), k.trigger("bad", picasso.Schedule{EveryS: 60})
	bad.Schedule, bad.UpdatedAt = &picasso.Schedule{Cron: "* * * * *", Timezone: "Europe/Atlantis"}, k.Now().Add(time.Second)
	require.NoError(t, k.store.UpdateTrigger(t.Context(), bad, k.Now()))
	k.pass("2026-01-01 00:01")
	got, err := k.store.Trigger(t.Context(), "", bad.ID)
	require.NoError(t, err)
	assert.Contains(t, got.Error, "Europe/Atlantis")
	assert.Zero(t, got.Clock.NextAt)
	assert.Empty(t, k.fired(bad))
	assert.Len(t, k.fired(good), 1)
	require.Len(t, k.said.AllEntries(), 1)
	said := k.said.LastEntry()
	assert.Equal(t, bad.ID, said.Data["trigger"])
	assert.ErrorContains(t, said.Data[logrus.ErrorKey].(error), "Europe/Atlantis")
}

// TestSeveral: four processes, each schedule fires once.
func TestSeveral(t *testing.T) {
	k := newKit(t, dbtest.SQLite(t), "2026-01-01 00:00")
	var triggers []*picasso.Trigger
	for range 20 {
		triggers = append(triggers, k.trigger("t-"+newID()[:8]+newID()[24:], picasso.Schedule{EveryS: 60}))
	}
	k.set(at(t, "2026-01-01 00:01"))
	k.settleAll([]*schedule.Scheduler{k.scheduler(nil), k.scheduler(nil), k.scheduler(nil), k.scheduler(nil)})
	for _, trigger := range triggers {
		assert.Equal(t, []string{"01-01 00:01:00"}, k.fired(trigger))
		assert.Equal(t, 1, k.clock(trigger).Runs)
	}
	assert.Empty(t, k.said.AllEntries(), "that others were quicker is nothing to talk about")
}

// TestRun is the only one by the real clock: it fires soon after it is due, also
// what became due after it had gone to sleep.
func TestRun(t *testing.T) {
	k := newKit(t, dbtest.SQLite(t), time.Now().UTC().Format(time.RFC3339Nano))
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	running := k.realScheduler()
	all.Go(func() { running.Run(ctx) })
	trigger := k.trigger("t", picasso.Schedule{At: k.Now().Add(300 * time.Millisecond)})
	require.Eventually(t, func() bool { return len(k.fired(trigger)) == 1 }, 20*time.Second, 10*time.Millisecond)
	stop()
	all.Wait()
}

// TestStoreDown: it is logged once, and all goes on when the store is back.
func TestStoreDown(t *testing.T) {
	k := newKit(t, dbtest.SQLite(t), time.Now().UTC().Format(time.RFC3339Nano))
	broken := k.store
	require.NoError(t, broken.Close())
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	running := k.realScheduler()
	all.Go(func() { running.Run(ctx) })
	require.Eventually(t, func() bool { return len(k.said.AllEntries()) == 1 }, 20*time.Second, 10*time.Millisecond)
	_, err := running.Step(t.Context())
	require.Error(t, err)
	stop()
	all.Wait()
	assert.Len(t, k.said.AllEntries(), 1)
	assert.Equal(t, logrus.WarnLevel, k.said.LastEntry().Level)
}
