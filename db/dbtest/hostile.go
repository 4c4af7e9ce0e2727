package dbtest

import (
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// hostile is text that has broken programs. What Validate refuses is in it, too:
// the store must not depend on that.
func hostile() []string {
	return []string{
		`'; DROP TABLE apps; --`, `" OR ""="`, "\\", `\'`, "`", "%", "_", "?", "??", ":a", "$1", "@x",
		"\x00", "a\x00b", "\r\n\t\b\x1a", "/* */", "--", "🦆", "𝒳𝒴", "e\u0301", "é", "\u202e", "\ufeff", "ß", "ẞ", "İ",
		" ", "a ", "a", "A", "NULL", "null", "{}", "[]", "\"", `{"a":`, "<&>\u2028",
	}
}

func (s *suite) hostileText() {
	ctx := s.Context()
	for _, text := range hostile() {
		app := newApp("p1", "app"+text+"x")
		app.Description, app.Config = text, map[string]string{text: text, "k": text}
		require.NoError(s, s.CreateApp(ctx, app), "%q", text)
		got, err := s.App(ctx, "p1", app.Name)
		require.NoError(s, err, "%q", text)
		assert.Equal(s, app, got)

		fn := newFunction("p1", app.Name, "fn"+text+"x")
		fn.Description, fn.Image, fn.ImageDigest, fn.HealthPath = text, text, text, text
		fn.Config, fn.Entrypoint, fn.Command = map[string]string{text: text}, []string{text}, []string{text, "", text}
		require.NoError(s, s.CreateFunction(ctx, fn), "%q", text)
		gotFn, err := s.Function(ctx, "p1", fn.ID)
		require.NoError(s, err)
		assert.Equal(s, fn, gotFn)

		e := newExecution("p1", fn.ID, 0)
		e.Function, e.App, e.Reason, e.Host, e.Log = text, text, text, text, []byte(text)
		s.record(e)
		e.Log = nil
		gotE, err := s.Execution(ctx, "p1", e.ID)
		require.NoError(s, err)
		assert.Equal(s, &e, gotE)
	}
	apps, _, err := s.Apps(ctx, picasso.AppFilter{ProjectID: "p1"}, picasso.Page{})
	require.NoError(s, err)
	assert.Len(s, apps, len(hostile()))
}

func (s *suite) hostileReferences() {
	ctx := s.Context()
	s.makeApp("p1", "app")
	s.makeFunction("p1", "app", "fn")
	for _, text := range append(hostile(), strings.Repeat("x", 100_000), "\xff\xfe", "ap%", "app\x00", "app ") {
		for _, project := range []string{"p1", "p1" + text} {
			_, err := s.App(ctx, project, text)
			s.wantCode(picasso.CodeNotFound, err, "not found")
			_, err = s.Function(ctx, project, text+":"+text)
			s.wantCode(picasso.CodeNotFound, err, "not found")
			_, err = s.Execution(ctx, project, text)
			s.wantCode(picasso.CodeNotFound, err, "not found")
			s.wantCode(picasso.CodeNotFound, s.DeleteApp(ctx, project, text), "not found")
			s.wantCode(picasso.CodeNotFound, s.DeleteFunction(ctx, project, text), "not found")
			apps, _, err := s.Apps(ctx, picasso.AppFilter{ProjectID: project, Name: text}, picasso.Page{})
			require.NoError(s, err)
			fns, _, err := s.Functions(ctx, picasso.FunctionFilter{ProjectID: project, Name: text, App: text}, picasso.Page{})
			require.NoError(s, err)
			list, _, err := s.Executions(ctx, picasso.ExecutionFilter{ProjectID: project, App: text, Status: picasso.Status(text), FunctionID: text}, picasso.Page{})
			require.NoError(s, err)
			assert.Zero(s, len(apps)+len(fns)+len(list), "%.20q", text)
		}
	}
}

// tooLong: what a validated spec holds fits, quoted as JSON, too.
func (s *suite) tooLong() {
	ctx := s.Context()
	big := strings.Repeat("\x01", picasso.MaxConfigBytes-1)
	app := newApp(strings.Repeat("p", 64), strings.Repeat("n", picasso.MaxNameBytes))
	app.Description, app.Config = strings.Repeat("d", picasso.MaxDescriptionBytes), map[string]string{"K": big}
	require.NoError(s, app.Validate())
	require.NoError(s, s.CreateApp(ctx, app))
	got, err := s.App(ctx, app.ProjectID, app.Name)
	require.NoError(s, err)
	assert.Equal(s, app.Config, got.Config)

	fn := newFunction(app.ProjectID, app.Name, strings.Repeat("f", picasso.MaxNameBytes))
	fn.Image, fn.ImageDigest = strings.Repeat("i", 1024), strings.Repeat("i", 1024-72)+"@sha256:"+strings.Repeat("0", 64)
	fn.Config, fn.Entrypoint, fn.Command = map[string]string{"K": big}, []string{big}, []string{big}
	fn.Contract, fn.HealthPath = picasso.ContractWeb, "/"+strings.Repeat("h", 1023)
	require.NoError(s, fn.Validate())
	require.NoError(s, s.CreateFunction(ctx, fn))
	gotFn, err := s.Function(ctx, "", fn.ID)
	require.NoError(s, err)
	assert.Equal(s, fn, gotFn)
}
