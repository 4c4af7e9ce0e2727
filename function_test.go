package picasso_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

func validSpec() picasso.FunctionSpec {
	spec := picasso.DefaultFunctionSpec()
	spec.Name, spec.Image = "hello", "picasso/hello"
	return spec
}

func TestDefaultFunctionSpecIsValid(t *testing.T) {
	spec := validSpec()
	require.NoError(t, spec.Validate())
	require.Equal(t, 30*time.Second, spec.Timeout())
	require.Equal(t, 30*time.Second, spec.QueueTimeout())
	require.Equal(t, 60*time.Second, spec.IdleTimeout())
}

func TestFunctionSpecValidate(t *testing.T) {
	tests := []struct {
		detail string // how the message begins
		change func(*picasso.FunctionSpec)
	}{
		{"name: is required", func(s *picasso.FunctionSpec) { s.Name = "" }},
		{"name: is longer", func(s *picasso.FunctionSpec) { s.Name = strings.Repeat("n", 256) }},
		{"name: must start", func(s *picasso.FunctionSpec) { s.Name = "-x" }},
		{"name: must start", func(s *picasso.FunctionSpec) { s.Name = "a:b" }},
		{"name: must start", func(s *picasso.FunctionSpec) { s.Name = "a/b" }},
		{"name: must start", func(s *picasso.FunctionSpec) { s.Name = "a\nb" }},
		{"name: must not look like an id", func(s *picasso.FunctionSpec) { s.Name = "0190e5c4-7b1a-7000-8000-000000000001" }},
		{"app: is required", func(s *picasso.FunctionSpec) { s.App = "" }},
		{"image: is required", func(s *picasso.FunctionSpec) { s.Image = "" }},
		{"image: must not contain NUL", func(s *picasso.FunctionSpec) { s.Image = "a\x00b" }},
		{"description: is longer", func(s *picasso.FunctionSpec) { s.Description = strings.Repeat("d", 1025) }},
		{`contract: "cgi" is not one of ["fn" "web" "stdio" "stdio-http"]`, func(s *picasso.FunctionSpec) { s.Contract = "cgi" }},
		{"network: ", func(s *picasso.FunctionSpec) { s.Network = "host" }},
		{`config: "A=B" is not a name`, func(s *picasso.FunctionSpec) { s.Config = map[string]string{"A=B": "x"} }},
		{"config[A]: must not contain NUL", func(s *picasso.FunctionSpec) { s.Config = map[string]string{"A": "\x00"} }},
		{"config: names and values", func(s *picasso.FunctionSpec) {
			s.Config = map[string]string{"A": strings.Repeat("a", 40<<10), "B": strings.Repeat("b", 40<<10)}
		}},
		{"command[1]: must not contain NUL", func(s *picasso.FunctionSpec) { s.Command = []string{"a", "\x00"} }},
		{"entrypoint: is longer", func(s *picasso.FunctionSpec) { s.Entrypoint = make([]string, 1025) }},
		{"memory_mb: must be from 8 to 65536", func(s *picasso.FunctionSpec) { s.MemoryMB = 7 }},
		{"memory_mb: ", func(s *picasso.FunctionSpec) { s.MemoryMB = 65537 }},
		{"tmp_mb: ", func(s *picasso.FunctionSpec) { s.TmpMB = -1 }},
		{"timeout_s: must be from 1 to 900", func(s *picasso.FunctionSpec) { s.TimeoutS = 0 }},
		{"timeout_s: ", func(s *picasso.FunctionSpec) { s.TimeoutS = 901 }},
		{"queue_timeout_s: ", func(s *picasso.FunctionSpec) { s.QueueTimeoutS = 0 }},
		{"idle_timeout_s: ", func(s *picasso.FunctionSpec) { s.IdleTimeoutS = 0 }},
		{"cpus: ", func(s *picasso.FunctionSpec) { s.CPUs = -0.5 }},
		{"cpus: ", func(s *picasso.FunctionSpec) { s.CPUs = math.NaN() }},
		{"concurrency: must be from", func(s *picasso.FunctionSpec) { s.Concurrency = 0 }},
		{"concurrency: must be 1 with contract fn", func(s *picasso.FunctionSpec) { s.Concurrency = 2 }},
		{"min_sandboxes: must not be more", func(s *picasso.FunctionSpec) { s.MinSandboxes, s.MaxSandboxes = 3, 2 }},
		{"min_sandboxes: must be 0 with contract stdio", func(s *picasso.FunctionSpec) { s.Contract, s.MinSandboxes = "stdio", 1 }},
		{"health_path: is only for contract web", func(s *picasso.FunctionSpec) { s.HealthPath = "/" }},
		{"health_path: must start", func(s *picasso.FunctionSpec) { s.Contract, s.HealthPath = "web", "x" }},
		{"health_path: must start", func(s *picasso.FunctionSpec) { s.Contract, s.HealthPath = "web", "/x HTTP/1.1\r\nA: b" }},
	}
	for _, tt := range tests {
		t.Run(tt.detail, func(t *testing.T) {
			spec := validSpec()
			tt.change(&spec)
			err := spec.Validate()
			require.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err))
			require.Contains(t, picasso.AsError(err).Detail, tt.detail)
		})
	}
}

func TestMattersToSandbox(t *testing.T) {
	base := validSpec()
	base.Config = map[string]string{"A": "1", "B": "2"}
	tests := map[string]struct {
		change func(*picasso.FunctionSpec)
		want   bool
	}{
		"nothing":                {func(*picasso.FunctionSpec) {}, false},
		"equal map":              {func(s *picasso.FunctionSpec) { s.Config = map[string]string{"B": "2", "A": "1"} }, false},
		"nil and empty command":  {func(s *picasso.FunctionSpec) { s.Command = []string{} }, false},
		"description":            {func(s *picasso.FunctionSpec) { s.Description = "new" }, false},
		"public":                 {func(s *picasso.FunctionSpec) { s.Public = true }, false},
		"config":                 {func(s *picasso.FunctionSpec) { s.Config = map[string]string{"A": "1"} }, true},
		"command":                {func(s *picasso.FunctionSpec) { s.Command = []string{"x"} }, true},
		"entrypoint":             {func(s *picasso.FunctionSpec) { s.Entrypoint = []string{"x"} }, true},
		"memory":                 {func(s *picasso.FunctionSpec) { s.MemoryMB++ }, true},
		"name, part of its env":  {func(s *picasso.FunctionSpec) { s.Name = "other" }, true},
		"image":                  {func(s *picasso.FunctionSpec) { s.Image = "other" }, true},
		"how many are kept warm": {func(s *picasso.FunctionSpec) { s.MinSandboxes = 1 }, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			changed := base
			tt.change(&changed)
			require.Equal(t, tt.want, base.MattersToSandbox(&changed))
			require.Equal(t, tt.want, changed.MattersToSandbox(&base))
			require.NotNil(t, base.Config, "the specs stay as they are")
		})
	}
}

func TestAppSpecValidate(t *testing.T) {
	good := picasso.AppSpec{Name: "default", Config: map[string]string{"LOG_LEVEL": "info"}}
	require.NoError(t, good.Validate())
	for detail, bad := range map[string]picasso.AppSpec{
		"name: is required":             {},
		"description: is longer":        {Name: "a", Description: strings.Repeat("d", 1025)},
		`config: "1X" is not a name`:    {Name: "a", Config: map[string]string{"1X": ""}},
		"description: must not contain": {Name: "a", Description: "\x00"},
	} {
		err := bad.Validate()
		require.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err), detail)
		require.Contains(t, picasso.AsError(err).Detail, detail)
	}
}

func TestIsID(t *testing.T) {
	require.True(t, picasso.IsID("0190e5c4-7b1a-7000-8000-000000000001"))
	require.False(t, picasso.IsID("0190E5C4-7B1A-7000-8000-000000000001"))
	require.False(t, picasso.IsID("hello"))
}

func TestHasRole(t *testing.T) {
	id := picasso.Identity{Roles: []string{"member", "reader"}}
	require.True(t, id.HasRole("reader"))
	require.False(t, id.HasRole("admin"))
}
