package dbtest

import (
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

func (s *suite) appLife() {
	ctx := s.Context()
	app := s.makeApp("p1", "shop")
	for _, ref := range []string{app.ID, "shop"} {
		got, err := s.App(ctx, "p1", ref)
		require.NoError(s, err)
		assert.Equal(s, app, got)
	}
	got, err := s.App(ctx, "", app.ID)
	require.NoError(s, err)
	assert.Equal(s, app, got)
	assert.Equal(s, time.UTC, got.CreatedAt.Location())

	changed := *app
	changed.Name, changed.Description, changed.Config, changed.UpdatedAt = "store", "", map[string]string{}, fresh(1)
	changed.Enabled = false
	require.NoError(s, s.UpdateApp(ctx, &changed, app.UpdatedAt))
	got, err = s.App(ctx, "p1", "store")
	require.NoError(s, err)
	assert.Equal(s, &changed, got)
	_, err = s.App(ctx, "p1", "shop")
	s.wantCode(picasso.CodeNotFound, err, `app "shop" not found`)

	require.NoError(s, s.DeleteApp(ctx, "p1", app.ID))
	s.wantCode(picasso.CodeNotFound, s.DeleteApp(ctx, "p1", app.ID), app.ID)
	_, err = s.App(ctx, "p1", app.ID)
	s.wantCode(picasso.CodeNotFound, err, app.ID)
	s.wantCode(picasso.CodeNotFound, s.UpdateApp(ctx, &changed, changed.UpdatedAt), `app "store" not found`)
}

func (s *suite) appNames() {
	ctx := s.Context()
	s.makeApp("p1", "shop")
	s.wantCode(picasso.CodeConflict, s.CreateApp(ctx, newApp("p1", "shop")), `app "shop" exists already`)
	s.makeApp("p1", "Shop") // case matters
	s.makeApp("p2", "shop")

	other := s.makeApp("p1", "other")
	other.Name = "shop"
	s.wantCode(picasso.CodeConflict, s.UpdateApp(ctx, other, other.UpdatedAt), `app "shop" exists already`)
	got, err := s.App(ctx, "p1", other.ID)
	require.NoError(s, err)
	assert.Equal(s, "other", got.Name)
}

func (s *suite) appGuard() {
	ctx := s.Context()
	app := s.makeApp("p1", "shop")
	first, second := *app, *app
	first.Description, first.UpdatedAt = "first", fresh(1)
	second.Description, second.UpdatedAt = "second", fresh(2)
	require.NoError(s, s.UpdateApp(ctx, &first, app.UpdatedAt.Add(999*time.Nanosecond)), "what is below a microsecond does not count")
	s.wantCode(picasso.CodeConflict, s.UpdateApp(ctx, &second, app.UpdatedAt), "changed meanwhile")
	got, err := s.App(ctx, "p1", "shop")
	require.NoError(s, err)
	assert.Equal(s, "first", got.Description)

	same := *got
	require.NoError(s, s.UpdateApp(ctx, &same, got.UpdatedAt), "an update that changes nothing is one, too")
}

func (s *suite) appRevisions() {
	ctx := s.Context()
	app := s.makeApp("p1", "shop")
	one, two := s.makeFunction("p1", "shop", "one"), s.makeFunction("p1", "shop", "two")
	elsewhere := s.makeFunction("p1", picasso.DefaultApp, "three")

	update := func(n int, config map[string]string) {
		before := app.UpdatedAt
		app.Config, app.UpdatedAt = config, fresh(n)
		require.NoError(s, s.UpdateApp(ctx, app, before))
	}
	revision := func(fn *picasso.Function) int64 {
		got, err := s.Function(ctx, "p1", fn.ID)
		require.NoError(s, err)
		return got.Revision
	}
	update(1, map[string]string{"A": "1"})
	assert.EqualValues(s, 1, revision(one), "the same config")
	update(2, map[string]string{"A": "2", "B": "x"})
	assert.EqualValues(s, 2, revision(one))
	assert.EqualValues(s, 2, revision(two))
	assert.EqualValues(s, 1, revision(elsewhere))
	got, err := s.Function(ctx, "p1", one.ID)
	require.NoError(s, err)
	assert.Equal(s, app.Config, got.AppConfig)
	assert.Equal(s, fresh(2), got.UpdatedAt)
	s.wantCode(picasso.CodeConflict, s.UpdateFunction(ctx, one, one.UpdatedAt), "changed meanwhile")
	update(3, nil)
	assert.EqualValues(s, 3, revision(one))
}

// appPause: pausing makes no revision, and every function of the app knows.
func (s *suite) appPause() {
	ctx := s.Context()
	app := s.makeApp("p1", "shop")
	fn := s.makeFunction("p1", "shop", "f")
	assert.False(s, fn.Paused())
	app.Enabled, app.UpdatedAt = false, fresh(1)
	require.NoError(s, s.UpdateApp(ctx, app, start()))
	got, err := s.Function(ctx, "p1", "shop:f")
	require.NoError(s, err)
	fn.AppEnabled = false
	assert.Equal(s, fn, got)
	assert.True(s, got.Paused())
	late := s.makeFunction("p1", "shop", "g")
	assert.True(s, late.Paused(), "filled in")
}

func (s *suite) appInUse() {
	ctx := s.Context()
	app := s.makeApp("p1", "shop")
	fn := s.makeFunction("p1", "shop", "f")
	s.wantCode(picasso.CodeConflict, s.DeleteApp(ctx, "p1", app.ID), "still has functions")
	require.NoError(s, s.DeleteFunction(ctx, "p1", fn.ID))
	require.NoError(s, s.DeleteApp(ctx, "p1", app.ID))
}
