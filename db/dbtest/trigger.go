package dbtest

import (
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// newTrigger is of a schedule that is due at start.
func newTrigger(fn *picasso.Function, name string) *picasso.Trigger {
	return &picasso.Trigger{
		ID: newID(), ProjectID: fn.ProjectID, CreatedAt: start(), UpdatedAt: start(),
		TriggerSpec: picasso.TriggerSpec{
			Name: name, Function: fn.App + ":" + fn.Name, Type: picasso.TriggerSchedule, Enabled: true, DelegateRoles: []string{},
			Schedule: &picasso.Schedule{EveryS: 60, Timezone: "UTC", Overlap: picasso.OverlapAllow, CatchUp: picasso.CatchUpLast},
		},
		Clock: &picasso.Clock{NextAt: start()},
	}
}

func (s *suite) makeTrigger(fn *picasso.Function, name string) *picasso.Trigger {
	s.Helper()
	t := newTrigger(fn, name)
	require.NoError(s, s.CreateTrigger(s.Context(), t))
	return t
}

func (s *suite) wantTrigger(want *picasso.Trigger) {
	s.Helper()
	got, err := s.Trigger(s.Context(), want.ProjectID, want.ID)
	require.NoError(s, err)
	assert.Equal(s, want, got)
}

func (s *suite) triggerLife() {
	ctx := s.Context()
	s.makeApp("p1", "shop")
	fn, other := s.makeFunction("p1", "shop", "f"), s.makeFunction("p1", picasso.DefaultApp, "g")
	t := newTrigger(fn, "nightly")
	berlin := time.FixedZone("CET", 3600)
	t.InputTemplate = `{"at": "${time}", "text": "` + strings.Repeat("ü€", 10000) + `"}`
	t.Schedule = &picasso.Schedule{
		Cron: "0 3 * * *", Timezone: "Europe/Berlin", StartAt: start().In(berlin), EndAt: fresh(100).In(berlin).Add(999 * time.Nanosecond),
		MaxRuns: 7, Overlap: picasso.OverlapSkip, CatchUp: picasso.CatchUpAll,
	}
	t.Clock = &picasso.Clock{NextAt: fresh(3), LastAt: fresh(2), Runs: 4}
	require.NoError(s, s.CreateTrigger(ctx, t))
	assert.Equal(s, fn.ID, t.FunctionID, "filled in")
	assert.Equal(s, fresh(100), t.Schedule.EndAt, "as it will be read")
	s.wantTrigger(t)
	for _, ref := range []string{"nightly", t.ID} {
		got, err := s.Trigger(ctx, "p1", ref)
		require.NoError(s, err)
		assert.Equal(s, t, got)
	}

	changed := *t
	changed.Name, changed.Function, changed.UpdatedAt = "daily", "g", fresh(1)
	changed.InputTemplate, changed.Schedule = "", &picasso.Schedule{At: fresh(9)}
	changed.Clock = &picasso.Clock{NextAt: fresh(9)}
	require.NoError(s, s.UpdateTrigger(ctx, &changed, t.UpdatedAt))
	assert.Equal(s, other.ID, changed.FunctionID, "filled in")
	assert.Equal(s, "default:g", changed.Function, "filled in")
	assert.Equal(s, &picasso.Clock{NextAt: fresh(9), LastAt: fresh(2), Runs: 4}, changed.Clock, "what was, stays")
	s.wantTrigger(&changed)

	require.NoError(s, s.DeleteTrigger(ctx, "p1", t.ID))
	s.wantCode(picasso.CodeNotFound, s.DeleteTrigger(ctx, "p1", t.ID), t.ID)
	s.wantCode(picasso.CodeNotFound, s.UpdateTrigger(ctx, &changed, changed.UpdatedAt), `trigger "daily" not found`)
	_, err := s.Trigger(ctx, "p1", t.ID)
	s.wantCode(picasso.CodeNotFound, err, t.ID)
}

func (s *suite) triggerFunctions() {
	ctx := s.Context()
	s.makeApp("p1", "shop")
	fn := s.makeFunction("p1", "shop", "f")
	byID := newTrigger(fn, "by-id")
	byID.Function = fn.ID
	require.NoError(s, s.CreateTrigger(ctx, byID))
	assert.Equal(s, "shop:f", byID.Function)

	for _, ref := range []string{"shop:gone", "f", newID(), s.makeFunction("p2", picasso.DefaultApp, "foreign").ID, "shop:f "} {
		t := newTrigger(fn, "t")
		t.Function = ref
		s.wantCode(picasso.CodeNotFound, s.CreateTrigger(ctx, t), `function "`+ref+`" not found`)
		moved := *byID
		moved.Function, moved.UpdatedAt = ref, fresh(1)
		s.wantCode(picasso.CodeNotFound, s.UpdateTrigger(ctx, &moved, start()), `function "`+ref+`" not found`)
	}

	before := fn.UpdatedAt
	fn.Name, fn.UpdatedAt = "renamed", fresh(1)
	require.NoError(s, s.UpdateFunction(ctx, fn, before))
	byID.Function = "shop:renamed"
	s.wantTrigger(byID)

	require.NoError(s, s.DeleteFunction(ctx, "p1", fn.ID))
	_, err := s.Trigger(ctx, "p1", byID.ID)
	s.wantCode(picasso.CodeNotFound, err, byID.ID)
}

func (s *suite) triggerNames() {
	ctx := s.Context()
	fn, foreign := s.makeFunction("p1", picasso.DefaultApp, "f"), s.makeFunction("p2", picasso.DefaultApp, "f")
	mine := s.makeTrigger(fn, "nightly")
	s.wantCode(picasso.CodeConflict, s.CreateTrigger(ctx, newTrigger(fn, "nightly")), `trigger "nightly" exists already`)
	s.makeTrigger(fn, "Nightly")
	theirs := s.makeTrigger(foreign, "nightly")
	other := s.makeTrigger(fn, "other")
	other.Name, other.UpdatedAt = "nightly", fresh(1)
	s.wantCode(picasso.CodeConflict, s.UpdateTrigger(ctx, other, start()), `trigger "nightly" exists already`)

	for _, ref := range [][2]string{{"p2", mine.ID}, {"", "nightly"}, {"p1", ""}, {"p1", "nightly "}, {"p3", "nightly"}} {
		_, err := s.Trigger(ctx, ref[0], ref[1])
		s.wantCode(picasso.CodeNotFound, err, "not found")
	}
	got, err := s.Trigger(ctx, "p2", "nightly")
	require.NoError(s, err)
	assert.Equal(s, theirs.ID, got.ID)
	s.wantCode(picasso.CodeNotFound, s.DeleteTrigger(ctx, "p2", mine.ID), mine.ID)
	stolen := *mine
	stolen.ProjectID, stolen.UpdatedAt = "p2", fresh(1)
	s.wantCode(picasso.CodeNotFound, s.UpdateTrigger(ctx, &stolen, start()), "not found")
	s.wantTrigger(mine)
	require.NoError(s, s.DeleteTrigger(ctx, "", mine.ID), "without a project any is meant")
}

func (s *suite) triggerGuard() {
	ctx := s.Context()
	t := s.makeTrigger(s.makeFunction("p1", picasso.DefaultApp, "f"), "t")
	first, second := *t, *t
	first.Clock, second.Clock = &picasso.Clock{NextAt: start()}, &picasso.Clock{NextAt: start()}
	first.InputTemplate, first.UpdatedAt = "first", fresh(1)
	second.InputTemplate, second.UpdatedAt = "second", fresh(2)
	require.NoError(s, s.UpdateTrigger(ctx, &first, t.UpdatedAt))
	s.wantCode(picasso.CodeConflict, s.UpdateTrigger(ctx, &second, t.UpdatedAt), "changed meanwhile")
	s.wantTrigger(&first)
}

// triggerClock: an update and a fire at the same time both count.
func (s *suite) triggerClock() {
	ctx := s.Context()
	t := s.makeTrigger(s.makeFunction("p1", picasso.DefaultApp, "f"), "t")
	stale := *t
	require.NoError(s, s.Fire(ctx, newFiring(t, fresh(1))))

	stale.InputTemplate, stale.UpdatedAt, stale.Clock = "other", fresh(1), &picasso.Clock{NextAt: start()}
	require.NoError(s, s.UpdateTrigger(ctx, &stale, start()))
	assert.Equal(s, &picasso.Clock{NextAt: fresh(1), LastAt: start(), Runs: 1}, stale.Clock, "the same schedule goes on")
	s.wantTrigger(&stale)

	paused := stale
	paused.Enabled, paused.UpdatedAt, paused.Clock = false, fresh(2), &picasso.Clock{NextAt: fresh(7)}
	require.NoError(s, s.UpdateTrigger(ctx, &paused, fresh(1)))
	assert.Equal(s, &picasso.Clock{LastAt: start(), Runs: 1}, paused.Clock, "paused")
	s.wantTrigger(&paused)

	again := paused
	again.Enabled, again.UpdatedAt, again.Clock = true, fresh(3), &picasso.Clock{NextAt: fresh(8)}
	require.NoError(s, s.UpdateTrigger(ctx, &again, fresh(2)))
	assert.Equal(s, &picasso.Clock{NextAt: fresh(8), LastAt: start(), Runs: 1}, again.Clock)
	s.wantTrigger(&again)

	never := newTrigger(&picasso.Function{ProjectID: "p1", FunctionSpec: picasso.FunctionSpec{App: "default", Name: "f"}}, "never")
	never.Clock = nil
	require.NoError(s, s.CreateTrigger(ctx, never))
	assert.Equal(s, &picasso.Clock{}, never.Clock)
}

func (s *suite) triggerFilters() {
	one, two := s.makeFunction("p1", picasso.DefaultApp, "one"), s.makeFunction("p2", picasso.DefaultApp, "two")
	a, b, c := s.makeTrigger(one, "a"), s.makeTrigger(one, "b"), s.makeTrigger(two, "a")
	tests := []struct {
		filter picasso.TriggerFilter
		want   []string
	}{
		{picasso.TriggerFilter{}, []string{a.ID, b.ID, c.ID}},
		{picasso.TriggerFilter{ProjectID: "p1"}, []string{a.ID, b.ID}},
		{picasso.TriggerFilter{Name: "a"}, []string{a.ID, c.ID}},
		{picasso.TriggerFilter{ProjectID: "p1", Name: "a"}, []string{a.ID}},
		{picasso.TriggerFilter{FunctionID: two.ID}, []string{c.ID}},
		{picasso.TriggerFilter{FunctionID: "no id"}, nil},
		{picasso.TriggerFilter{Type: picasso.TriggerSchedule, ProjectID: "p2"}, []string{c.ID}},
		{picasso.TriggerFilter{Type: "swift"}, nil},
	}
	for _, test := range tests {
		list, more, err := s.Triggers(s.Context(), test.filter, picasso.Page{})
		require.NoError(s, err)
		assert.False(s, more)
		var ids []string
		for _, t := range list {
			ids = append(ids, t.ID)
		}
		assert.Equal(s, test.want, ids, "%+v", test.filter)
	}
}

func (s *suite) triggerPages() {
	fn := s.makeFunction("p1", picasso.DefaultApp, "f")
	foreign := s.makeFunction("p2", picasso.DefaultApp, "f")
	var all []picasso.Trigger
	for i := range 23 {
		t := newTrigger(fn, numbered("trigger", i*7%23))
		t.CreatedAt = start().Add(time.Duration(i%3) * time.Microsecond)
		t.UpdatedAt = start().Add(time.Duration(i%5) * time.Hour)
		require.NoError(s, s.CreateTrigger(s.Context(), t))
		all = append(all, *t)
		s.makeTrigger(foreign, t.Name)
	}
	pages[picasso.Trigger]{
		suite: s, items: all, normal: picasso.SortKey{Field: "created_at"},
		fields: []order[picasso.Trigger]{
			{"name", func(a, b *picasso.Trigger) int { return strings.Compare(a.Name, b.Name) }},
			{"type", func(*picasso.Trigger, *picasso.Trigger) int { return 0 }},
			{"created_at", func(a, b *picasso.Trigger) int { return a.CreatedAt.Compare(b.CreatedAt) }},
			{"updated_at", func(a, b *picasso.Trigger) int { return a.UpdatedAt.Compare(b.UpdatedAt) }},
		},
		id: func(t *picasso.Trigger) string { return t.ID },
		list: func(page picasso.Page) ([]picasso.Trigger, bool, error) {
			return s.Triggers(s.Context(), picasso.TriggerFilter{ProjectID: "p1"}, page)
		},
	}.check()
}
