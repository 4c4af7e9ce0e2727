package dbtest

import (
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// fullFunction sets every field to something that is not its default.
func fullFunction() *picasso.Function {
	fn := newFunction("p1", "shop", "full")
	fn.Description, fn.Contract, fn.Network = "everything set", picasso.ContractWeb, picasso.NetworkNone
	fn.Entrypoint, fn.Command = []string{"/bin/sh", "-c", ""}, []string{"a b", `"quoted"`}
	fn.Config, fn.Public, fn.CPUs = map[string]string{"KEY": "välue", "EMPTY": ""}, true, 0.1
	fn.MemoryMB, fn.TmpMB, fn.TimeoutS, fn.QueueTimeoutS, fn.IdleTimeoutS = 8, 1, 900, 2, 86400
	fn.Concurrency, fn.MinSandboxes, fn.MaxSandboxes, fn.HealthPath = 1000, 3, 4, "/ok?x=1"
	fn.Enabled, fn.Priority, fn.HostTags = false, 2, []string{"gpu", "ssd"}
	fn.DelegateRoles, fn.Trust = []string{"member", "swift operatör"}, &picasso.Trust{ID: strings.Repeat("t", 64), UserID: strings.Repeat("u", 64)}
	fn.Retry = picasso.Retry{MaxAttempts: 25, MinDelayS: 0, MaxDelayS: 86400, MaxAgeS: 1209600}
	fn.OnSuccess, fn.OnFailure = "shop:next", "https://example.org/"+strings.Repeat("ü", 1000)
	return fn
}

func (s *suite) functionLife() {
	ctx := s.Context()
	app := s.makeApp("p1", "shop")
	fn := fullFunction()
	require.NoError(s, s.CreateFunction(ctx, fn))
	assert.Equal(s, app.ID, fn.AppID, "filled in")
	assert.Equal(s, app.Config, fn.AppConfig, "filled in")
	assert.True(s, fn.AppEnabled, "filled in")
	assert.EqualValues(s, 1, fn.Revision)
	got, err := s.Function(ctx, "p1", fn.ID)
	require.NoError(s, err)
	assert.Equal(s, fn, got)

	changed := newFunction("p1", "shop", "renamed")
	changed.ID, changed.Revision, changed.UpdatedAt, changed.ImageDigest = fn.ID, 8, fresh(1), "sha256:new"
	require.NoError(s, s.UpdateFunction(ctx, changed, fn.UpdatedAt))
	got, err = s.Function(ctx, "p1", "shop:renamed")
	require.NoError(s, err)
	assert.Equal(s, changed, got)

	require.NoError(s, s.DeleteFunction(ctx, "p1", fn.ID))
	s.wantCode(picasso.CodeNotFound, s.DeleteFunction(ctx, "p1", fn.ID), fn.ID)
	s.wantCode(picasso.CodeNotFound, s.UpdateFunction(ctx, changed, changed.UpdatedAt), `function "shop:renamed" not found`)
	_, err = s.Function(ctx, "p1", fn.ID)
	s.wantCode(picasso.CodeNotFound, err, fn.ID)
}

func (s *suite) functionReferences() {
	ctx := s.Context()
	app := s.makeApp("p1", "shop")
	fn := s.makeFunction("p1", "shop", "f")
	plain := s.makeFunction("p1", picasso.DefaultApp, "f")
	tests := []struct {
		project, ref string
		want         *picasso.Function
	}{
		{"p1", fn.ID, fn},
		{"", fn.ID, fn},
		{"p1", "shop:f", fn},
		{"p1", app.ID + ":f", fn},
		{"p1", "f", plain},
		{"p1", "default:f", plain},
		{"p2", fn.ID, nil},
		{"p2", "shop:f", nil},
		{"p2", app.ID + ":f", nil},
		{"", "shop:f", nil},
		{"p1", "shop:g", nil},
		{"p1", "shop:f:", nil},
		{"p1", ":f", nil},
		{"p1", "shop:", nil},
		{"p1", "", nil},
		{"p1", "F", nil},
		{"p1", "f ", nil},
		{"p1", app.ID, nil},
	}
	for _, test := range tests {
		got, err := s.Function(ctx, test.project, test.ref)
		if test.want == nil {
			s.wantCode(picasso.CodeNotFound, err, "not found")
			continue
		}
		require.NoError(s, err, test.ref)
		assert.Equal(s, test.want.ID, got.ID, test.ref)
	}
}

func (s *suite) functionNames() {
	ctx := s.Context()
	s.makeApp("p1", "shop")
	s.makeFunction("p1", "shop", "f")
	s.wantCode(picasso.CodeConflict, s.CreateFunction(ctx, newFunction("p1", "shop", "f")), `function "shop:f" exists already`)
	s.makeFunction("p1", picasso.DefaultApp, "f")
	other := s.makeFunction("p1", "shop", "g")
	other.Name = "f"
	s.wantCode(picasso.CodeConflict, s.UpdateFunction(ctx, other, other.UpdatedAt), `function "shop:f" exists already`)
	s.wantCode(picasso.CodeNotFound, s.CreateFunction(ctx, newFunction("p1", "missing", "f")), `app "missing" not found`)
	s.wantCode(picasso.CodeNotFound, s.CreateFunction(ctx, newFunction("p2", "shop", "f")), `app "shop" not found`)
}

func (s *suite) functionGuard() {
	ctx := s.Context()
	fn := s.makeFunction("p1", picasso.DefaultApp, "f")
	first, second, foreign := *fn, *fn, *fn
	first.Revision, first.UpdatedAt = 2, fresh(1)
	second.Revision, second.UpdatedAt = 2, fresh(2)
	require.NoError(s, s.UpdateFunction(ctx, &first, fn.UpdatedAt))
	s.wantCode(picasso.CodeConflict, s.UpdateFunction(ctx, &second, fn.UpdatedAt), "changed meanwhile")
	foreign.ProjectID = "p2"
	s.makeFunction("p2", picasso.DefaultApp, "g")
	s.wantCode(picasso.CodeNotFound, s.UpdateFunction(ctx, &foreign, first.UpdatedAt), "not found")
	got, err := s.Function(ctx, "p1", "f")
	require.NoError(s, err)
	assert.Equal(s, fresh(1), got.UpdatedAt)
}

func (s *suite) functionMoves() {
	ctx := s.Context()
	app := s.makeApp("p1", "shop")
	s.makeApp("p2", "foreign")
	fn := s.makeFunction("p1", picasso.DefaultApp, "f")
	assert.Empty(s, fn.AppConfig)
	before := fn.UpdatedAt
	fn.App, fn.Revision, fn.UpdatedAt = "shop", 2, fresh(1)
	require.NoError(s, s.UpdateFunction(ctx, fn, before))
	assert.Equal(s, app.ID, fn.AppID)
	assert.Equal(s, app.Config, fn.AppConfig)
	got, err := s.Function(ctx, "p1", "shop:f")
	require.NoError(s, err)
	assert.Equal(s, fn, got)
	fn.App = "foreign"
	s.wantCode(picasso.CodeNotFound, s.UpdateFunction(ctx, fn, fn.UpdatedAt), `app "foreign" not found`)
}

func (s *suite) functionFilters() {
	app := s.makeApp("p1", "shop")
	one := s.makeFunction("p1", "shop", "one")
	two := s.makeFunction("p1", picasso.DefaultApp, "two")
	warm := newFunction("p2", picasso.DefaultApp, "one")
	warm.MinSandboxes = 2
	require.NoError(s, s.CreateFunction(s.Context(), warm))
	s.makeColdByPause()
	tests := []struct {
		filter picasso.FunctionFilter
		want   []string
	}{
		{picasso.FunctionFilter{ProjectID: "p1"}, []string{one.ID, two.ID}},
		{picasso.FunctionFilter{Name: "one"}, []string{one.ID, warm.ID}},
		{picasso.FunctionFilter{ProjectID: "p1", App: "shop"}, []string{one.ID}},
		{picasso.FunctionFilter{ProjectID: "p1", App: app.ID}, []string{one.ID}},
		{picasso.FunctionFilter{ProjectID: "p2", App: app.ID}, nil},
		{picasso.FunctionFilter{Warm: true}, []string{warm.ID}},
		{picasso.FunctionFilter{ProjectID: "p3"}, nil},
	}
	for _, test := range tests {
		fns, more, err := s.Functions(s.Context(), test.filter, picasso.Page{})
		require.NoError(s, err)
		assert.False(s, more)
		var ids []string
		for _, fn := range fns {
			ids = append(ids, fn.ID)
		}
		assert.Equal(s, test.want, ids, "%+v", test.filter)
	}
}

// makeColdByPause stores functions that would be kept warm were they, or
// their app, not paused.
func (s *suite) makeColdByPause() {
	app := newApp("p4", "paused")
	app.Enabled = false
	require.NoError(s, s.CreateApp(s.Context(), app))
	inApp, alone := newFunction("p4", "paused", "a"), newFunction("p4", picasso.DefaultApp, "b")
	inApp.MinSandboxes, alone.MinSandboxes, alone.Enabled = 1, 1, false
	require.NoError(s, s.CreateFunction(s.Context(), inApp))
	require.NoError(s, s.CreateFunction(s.Context(), alone))
}

func (s *suite) defaultApp() {
	ctx := s.Context()
	_, err := s.App(ctx, "p1", picasso.DefaultApp)
	s.wantCode(picasso.CodeNotFound, err, "default")
	fn := s.makeFunction("p1", picasso.DefaultApp, "f")
	app, err := s.App(ctx, "p1", picasso.DefaultApp)
	require.NoError(s, err)
	assert.True(s, picasso.IsID(app.ID))
	assert.Equal(s, app.ID, fn.AppID)
	assert.True(s, app.Enabled)
	assert.Equal(s, fn.CreatedAt, app.CreatedAt)
	again := s.makeFunction("p1", picasso.DefaultApp, "g")
	assert.Equal(s, app.ID, again.AppID)

	s.makeApp("p2", "shop")
	moved := s.makeFunction("p2", "shop", "f")
	moved.App, moved.Revision, moved.UpdatedAt = picasso.DefaultApp, 2, fresh(1)
	require.NoError(s, s.UpdateFunction(ctx, moved, start()), "moving there is a first use, too")
	got, err := s.Function(ctx, "p2", "f")
	require.NoError(s, err)
	assert.Equal(s, moved.AppID, got.AppID)

	gone := newFunction("p3", picasso.DefaultApp, "f")
	s.wantCode(picasso.CodeNotFound, s.UpdateFunction(ctx, gone, start()), `function "default:f" not found`)
}

func (s *suite) projects() {
	ctx := s.Context()
	a1, a2 := s.makeApp("p1", "shop"), s.makeApp("p2", "shop")
	f1, f2 := s.makeFunction("p1", "shop", "f"), s.makeFunction("p2", "shop", "f")
	for project, fn := range map[string]*picasso.Function{"p1": f1, "p2": f2} {
		got, err := s.Function(ctx, project, "shop:f")
		require.NoError(s, err)
		assert.Equal(s, fn.ID, got.ID)
	}
	_, err := s.App(ctx, "p2", a1.ID)
	s.wantCode(picasso.CodeNotFound, err, a1.ID)
	s.wantCode(picasso.CodeNotFound, s.DeleteApp(ctx, "p2", a1.ID), a1.ID)
	s.wantCode(picasso.CodeNotFound, s.DeleteFunction(ctx, "p2", f1.ID), f1.ID)
	stolen := *a1
	stolen.ProjectID = "p2"
	s.wantCode(picasso.CodeNotFound, s.UpdateApp(ctx, &stolen, a1.UpdatedAt), "not found")
	require.NoError(s, s.DeleteFunction(ctx, "p2", f2.ID))
	require.NoError(s, s.DeleteApp(ctx, "p2", a2.ID))
	_, err = s.Function(ctx, "p1", "shop:f")
	require.NoError(s, err)
	require.NoError(s, s.DeleteFunction(ctx, "", f1.ID), "without a project any is meant")
}
