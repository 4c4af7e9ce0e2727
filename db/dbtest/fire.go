package dbtest

import (
	"fmt"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// newFiring fires the trigger once, as its clock says, and has it due next at the given time.
func newFiring(t *picasso.Trigger, next time.Time) *picasso.Firing {
	due := t.Clock.NextAt
	sub := submission(&picasso.Function{ID: t.FunctionID, ProjectID: t.ProjectID, FunctionSpec: picasso.DefaultFunctionSpec()}, 0)
	sub.TriggerID, sub.EventID = t.ID, due.Format(time.RFC3339Nano)
	sub.Key = t.ID + " " + sub.EventID
	return &picasso.Firing{
		TriggerID: t.ID, Due: due, Clock: picasso.Clock{NextAt: next, LastAt: due, Runs: t.Clock.Runs + 1},
		Submissions: []picasso.Submission{*sub},
	}
}

// fired lists the event ids of the executions of a trigger, newest first.
func (s *suite) fired(triggerID string) (events []string) {
	s.Helper()
	list, _, err := s.Executions(s.Context(), picasso.ExecutionFilter{TriggerID: triggerID}, picasso.Page{})
	require.NoError(s, err)
	for _, e := range list {
		events = append(events, e.EventID)
	}
	return events
}

func (s *suite) fireLife() {
	ctx := s.Context()
	t := s.makeTrigger(s.makeFunction("p1", picasso.DefaultApp, "f"), "t")
	f := newFiring(t, fresh(1))
	require.NoError(s, s.Fire(ctx, f))
	t.Clock = &f.Clock
	s.wantTrigger(t)
	got, err := s.Execution(ctx, "p1", f.Submissions[0].ID)
	require.NoError(s, err)
	assert.Equal(s, picasso.StatusQueued, got.Status)
	assert.True(s, got.Async)
	assert.Equal(s, t.ID, got.TriggerID)
	assert.Equal(s, "2026-03-29T01:59:59.123456Z", got.EventID)
	select {
	case <-s.Enqueued():
	default:
		assert.Fail(s, "the workers were not woken")
	}

	s.wantCode(picasso.CodeConflict, s.Fire(ctx, f), "changed meanwhile")
	unknown := newFiring(t, fresh(2))
	unknown.TriggerID = newID()
	s.wantCode(picasso.CodeConflict, s.Fire(ctx, unknown), "changed meanwhile")

	several := newFiring(t, time.Time{})
	more := newFiring(t, time.Time{}).Submissions[0]
	more.EventID, more.Key = "another", "another"
	several.Submissions, several.Clock.Runs = append(several.Submissions, more), 3
	require.NoError(s, s.Fire(ctx, several))
	assert.Len(s, s.fired(t.ID), 3)
	t.Clock = &picasso.Clock{LastAt: fresh(1), Runs: 3}
	s.wantTrigger(t)
}

// firePasses: a fire without executions only moves the clock.
func (s *suite) firePasses() {
	t := s.makeTrigger(s.makeFunction("p1", picasso.DefaultApp, "f"), "t")
	f := newFiring(t, fresh(1))
	f.Submissions = nil
	require.NoError(s, s.Fire(s.Context(), f))
	t.Clock = &picasso.Clock{NextAt: fresh(1)}
	s.wantTrigger(t)
	assert.Empty(s, s.fired(t.ID))
}

func (s *suite) firePaused() {
	ctx := s.Context()
	t := s.makeTrigger(s.makeFunction("p1", picasso.DefaultApp, "f"), "t")
	f := newFiring(t, fresh(1))
	t.Enabled, t.UpdatedAt = false, fresh(1)
	require.NoError(s, s.UpdateTrigger(ctx, t, start()))
	s.wantCode(picasso.CodeConflict, s.Fire(ctx, f), "changed meanwhile")
	assert.Empty(s, s.fired(t.ID))
	require.NoError(s, s.DeleteTrigger(ctx, "p1", t.ID))
	s.wantCode(picasso.CodeConflict, s.Fire(ctx, f), "changed meanwhile")
}

func (s *suite) fireOverlap() {
	ctx := s.Context()
	t := newTrigger(s.makeFunction("p1", picasso.DefaultApp, "f"), "t")
	t.Schedule.Overlap, t.Schedule.MaxRuns = picasso.OverlapSkip, 2
	require.NoError(s, s.CreateTrigger(ctx, t))
	first := newFiring(t, fresh(1))
	require.NoError(s, s.Fire(ctx, first))
	t.Clock = &first.Clock

	passes := newFiring(t, fresh(2))
	require.NoError(s, s.Fire(ctx, passes))
	t.Clock = &picasso.Clock{NextAt: fresh(2), LastAt: start(), Runs: 1}
	s.wantTrigger(t)
	assert.Len(s, s.fired(t.ID), 1)

	_, err := s.CancelExecution(ctx, "", first.Submissions[0].ID, "enough")
	require.NoError(s, err)
	last := newFiring(t, fresh(3))
	require.NoError(s, s.Fire(ctx, last))
	assert.Len(s, s.fired(t.ID), 2)
	t.Clock = &picasso.Clock{LastAt: fresh(2), Runs: 2}
	s.wantTrigger(t) // has had its runs
}

// fireAllOrNone: what cannot be queued leaves the clock where it was, and the
// fire comes again.
func (s *suite) fireAllOrNone() {
	ctx := s.Context()
	t := s.makeTrigger(s.makeFunction("p1", picasso.DefaultApp, "f"), "t")
	bad := newFiring(t, fresh(1))
	bad.Submissions[0].Depth = 1 << 40
	bad.Submissions[0].RunMS = nan()
	require.Error(s, s.Fire(ctx, bad))
	s.wantTrigger(t)
	assert.Empty(s, s.fired(t.ID))
	require.NoError(s, s.Fire(ctx, newFiring(t, fresh(1))))
	assert.Len(s, s.fired(t.ID), 1)
}

// fireTwice: also a clock that was set back makes nothing twice.
func (s *suite) fireTwice() {
	ctx := s.Context()
	t := s.makeTrigger(s.makeFunction("p1", picasso.DefaultApp, "f"), "t")
	require.NoError(s, s.Fire(ctx, newFiring(t, fresh(1))))
	t.Schedule.EveryS, t.UpdatedAt, t.Clock = 61, fresh(1), &picasso.Clock{NextAt: start()}
	require.NoError(s, s.UpdateTrigger(ctx, t, start()))
	require.NoError(s, s.Fire(ctx, newFiring(t, fresh(2))))
	assert.Len(s, s.fired(t.ID), 1)
}

func (s *suite) raceFire() {
	t := s.makeTrigger(s.makeFunction("p1", picasso.DefaultApp, "f"), "t")
	for round := range 10 {
		next := fresh(round + 1)
		won := s.race(func(int) error { return s.Fire(s.Context(), newFiring(t, next)) }, picasso.CodeConflict)
		assert.Equal(s, 1, won)
		t.Clock = &picasso.Clock{NextAt: next, LastAt: t.Clock.NextAt, Runs: round + 1}
	}
	s.wantTrigger(t)
	assert.Len(s, s.fired(t.ID), 10)
}

func (s *suite) dueSchedules() {
	ctx := s.Context()
	fn := s.makeFunction("p1", picasso.DefaultApp, "f")
	due, next, err := s.DueSchedules(ctx, start(), 10)
	require.NoError(s, err)
	assert.Empty(s, due)
	assert.Zero(s, next)

	var want []picasso.Trigger
	for i := range 5 {
		t := newTrigger(fn, fmt.Sprint("t", i))
		t.Clock.NextAt = fresh(4 - i)
		require.NoError(s, s.CreateTrigger(ctx, t))
		want = append([]picasso.Trigger{*t}, want...)
	}
	never, paused := newTrigger(fn, "never"), newTrigger(fn, "paused")
	never.Clock.NextAt, paused.Enabled = time.Time{}, false
	require.NoError(s, s.CreateTrigger(ctx, never))
	require.NoError(s, s.CreateTrigger(ctx, paused))

	tests := []struct {
		now   time.Time
		limit int
		want  []picasso.Trigger
		next  time.Time
	}{
		{start().Add(-time.Microsecond), 10, nil, fresh(0)},
		{start(), 10, want[:1], fresh(1)},
		{fresh(2), 10, want[:3], fresh(3)},
		{fresh(2), 2, want[:2], fresh(2)},
		{fresh(9), 5, want, time.Time{}},
	}
	for _, test := range tests {
		due, next, err := s.DueSchedules(ctx, test.now, test.limit)
		require.NoError(s, err)
		assert.Len(s, due, len(test.want))
		for i := range test.want {
			assert.Equal(s, test.want[i], due[i])
		}
		assert.Equal(s, test.next, next)
	}
}
