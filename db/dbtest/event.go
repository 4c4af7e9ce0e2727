package dbtest

import (
	"strings"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// wantEvents checks the triggers that make executions of events, and returns
// their version.
func (s *suite) wantEvents(want ...*picasso.Trigger) int64 {
	s.Helper()
	list, version, err := s.EventTriggers(s.Context(), 0)
	require.NoError(s, err)
	var all []picasso.Trigger
	for _, t := range want {
		all = append(all, *t)
	}
	assert.ElementsMatch(s, all, list)
	again, same, err := s.EventTriggers(s.Context(), version)
	require.NoError(s, err)
	assert.Empty(s, again, "nothing has changed")
	assert.Equal(s, version, same)
	return version
}

// eventTriggers: whoever asks again gets what has changed, however it did.
func (s *suite) eventTriggers() {
	ctx := s.Context()
	fn, other := s.makeFunction("p1", picasso.DefaultApp, "f"), s.makeFunction("p2", picasso.DefaultApp, "f")
	last := s.wantEvents()
	assert.Positive(s, last, "0 is who has not asked yet")
	grows := func(what string, want ...*picasso.Trigger) {
		s.Helper()
		version := s.wantEvents(want...)
		assert.Greater(s, version, last, what)
		last = version
	}
	var kinds []*picasso.Trigger
	for _, kind := range eventTypes() {
		t := eventTrigger(fn, kind)
		require.NoError(s, s.CreateTrigger(ctx, t))
		kinds = append(kinds, t)
	}
	s.makeTrigger(fn, "schedule")
	swift, foreign := kinds[0], eventTrigger(other, picasso.TriggerAlarm)
	require.NoError(s, s.CreateTrigger(ctx, foreign))
	grows("created", swift, kinds[1], kinds[2], foreign)

	swift.InputTemplate, swift.UpdatedAt = "changed", fresh(1)
	require.NoError(s, s.UpdateTrigger(ctx, swift, start()))
	grows("updated", swift, kinds[1], kinds[2], foreign)
	require.NoError(s, s.FailTrigger(ctx, swift.ID, swift.UpdatedAt, "the trust is gone"))
	swift.Error = "the trust is gone"
	grows("failed", swift, kinds[1], kinds[2], foreign)
	kinds[1].Enabled, kinds[1].UpdatedAt = false, fresh(1)
	require.NoError(s, s.UpdateTrigger(ctx, kinds[1], start()))
	grows("disabled", swift, kinds[2], foreign)
	require.NoError(s, s.DeleteTrigger(ctx, "", kinds[2].ID))
	grows("deleted", swift, foreign)
	require.NoError(s, s.DeleteFunction(ctx, "p1", fn.ID))
	grows("with its function", foreign)
	_, err := s.RemoveProject(ctx, "p2")
	require.NoError(s, err)
	grows("with its project")
}

// failTrigger: the first reason stays until the trigger is updated.
func (s *suite) failTrigger() {
	ctx := s.Context()
	t := eventTrigger(s.makeFunction("p1", picasso.DefaultApp, "f"), picasso.TriggerSwift)
	require.NoError(s, s.CreateTrigger(ctx, t))
	require.NoError(s, s.FailTrigger(ctx, t.ID, fresh(1), "of another time"))
	require.NoError(s, s.FailTrigger(ctx, newID(), start(), "of another"))
	s.wantTrigger(t)
	require.NoError(s, s.FailTrigger(ctx, t.ID, t.UpdatedAt, strings.Repeat("ü", 2000)+"\xff"))
	version := func() int64 {
		_, version, err := s.EventTriggers(ctx, 0)
		require.NoError(s, err)
		return version
	}
	before := version()
	require.NoError(s, s.FailTrigger(ctx, t.ID, t.UpdatedAt, "second"))
	assert.Equal(s, before, version(), "nobody need read it again")
	t.Error = strings.Repeat("ü", 512)
	s.wantTrigger(t)

	t.UpdatedAt = fresh(1)
	require.NoError(s, s.UpdateTrigger(ctx, t, start()))
	assert.Empty(s, t.Error, "cleared")
	s.wantTrigger(t)
}

// failSchedule: one that fails is not due, and goes on when it was updated.
func (s *suite) failSchedule() {
	ctx := s.Context()
	t := s.makeTrigger(s.makeFunction("p1", picasso.DefaultApp, "f"), "t")
	require.NoError(s, s.FailTrigger(ctx, t.ID, t.UpdatedAt, "no such time zone"))
	due, _, err := s.DueSchedules(ctx, fresh(9), 9)
	require.NoError(s, err)
	assert.Empty(s, due)
	s.wantCode(picasso.CodeConflict, s.Fire(ctx, newFiring(t, fresh(1))), "changed meanwhile")
	t.UpdatedAt, t.Clock = fresh(1), &picasso.Clock{NextAt: fresh(2)}
	require.NoError(s, s.UpdateTrigger(ctx, t, start()))
	assert.Equal(s, fresh(2), t.Clock.NextAt)
	s.wantTrigger(t)
}

// raceFail: of a trigger that fails and is updated at once, the update counts.
func (s *suite) raceFail() {
	ctx := s.Context()
	t := eventTrigger(s.makeFunction("p1", picasso.DefaultApp, "f"), picasso.TriggerAlarm)
	require.NoError(s, s.CreateTrigger(ctx, t))
	for round := range 10 {
		before := t.UpdatedAt
		var updates atomic.Int32
		s.race(func(n int) error {
			if n%4 > 0 {
				return s.FailTrigger(ctx, t.ID, before, numbered("reason", n))
			}
			mine := *t
			mine.UpdatedAt = before.Add(time.Duration(1+n) * time.Second)
			err := s.UpdateTrigger(ctx, &mine, before)
			if err == nil {
				updates.Add(1)
			}
			return err
		}, picasso.CodeConflict)
		assert.EqualValues(s, 1, updates.Load(), round)
		var err error
		t, err = s.Trigger(ctx, "p1", t.ID)
		require.NoError(s, err)
		assert.Empty(s, t.Error)
	}
}
