package enginetest

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/sandbox"
)

func (s *driverSuite) filter(t *testing.T) {
	input := strings.Repeat("a line of the input\n", 50_000)
	spec := s.spec("echo")
	spec.Stdin = strings.NewReader(input)
	out, log, exit := s.run(t, spec)
	assert.Equal(t, sandbox.Exit{}, exit, log)
	assert.Equal(t, len(input), len(out))
	assert.True(t, input == out, "the output is the input")
	spec = s.spec("echo")
	out, _, exit = s.run(t, spec)
	assert.Equal(t, sandbox.Exit{}, exit)
	assert.Empty(t, out, "no input is an empty one")
}

func (s *driverSuite) exits(t *testing.T) {
	for _, c := range []struct {
		command        []string
		code           int
		stdout, stderr string
	}{
		{[]string{"sh", "-c", "echo out; echo err >&2"}, 0, "out\n", "err\n"},
		{[]string{"sh", "-c", "exit 42"}, 42, "", ""},
		{[]string{"sh", "-c", "printf 'no newline'; exit 1"}, 1, "no newline", ""},
		{[]string{"sh", "-c", "sh -c 'kill -9 $$'; exit $?"}, 137, "", "Killed\n"},
	} {
		spec := s.spec(c.command...)
		spec.Image = s.debian
		out, log, exit := s.run(t, spec)
		assert.Equal(t, sandbox.Exit{Code: c.code}, exit, c.command)
		assert.Equal(t, c.stdout, out, c.command)
		assert.Equal(t, c.stderr, log, c.command)
	}
}

func (s *driverSuite) commands(t *testing.T) {
	spec := s.spec()
	spec.Image = s.debian
	spec.Stdin = strings.NewReader("hi")
	out, _, _ := s.run(t, spec)
	assert.Equal(t, "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4  -\n", out)

	spec = s.spec("of entrypoint and command")
	spec.Image, spec.Entrypoint = s.debian, []string{"echo", "words"}
	out, _, _ = s.run(t, spec)
	assert.Equal(t, "words of entrypoint and command\n", out)

	spec = s.spec("env")
	spec.Env = []string{"NAME=value with spaces", "EMPTY="}
	out, _, _ = s.run(t, spec)
	assert.Contains(t, out, "NAME=value with spaces\nEMPTY=\n")
}

func (s *driverSuite) closedOutput(t *testing.T) {
	var out Buffer
	spec := s.spec("sh", "-c", "echo before; exec >&- 2>&-; sleep 2; exit 5")
	spec.Image, spec.Stdout = s.debian, &out
	assert.Equal(t, sandbox.Exit{Code: 5}, wait(t, s.start(t, spec)))
	assert.Equal(t, "before\n", out.String())
}

func (s *driverSuite) startErrors(t *testing.T) {
	spec := s.spec()
	spec.Entrypoint = []string{"/no/such/program"}
	_, err := s.driver.Start(t.Context(), spec)
	require.Equal(t, picasso.CodeSandboxFailed, picasso.CodeOf(err), "%v", err)
	assert.Contains(t, picasso.AsError(err).Detail, "/no/such/program")
	assert.Contains(t, picasso.AsError(err).Detail, "no such file or directory")

	spec = s.spec()
	spec.Image = "sha256:" + strings.Repeat("0", 64)
	_, err = s.driver.Start(t.Context(), spec)
	assert.Equal(t, picasso.CodeImageUnavailable, picasso.CodeOf(err), "%v", err)

	assert.Contains(t, s.output(t, "id"), "1000 1000", "the next start works")
}

func (s *driverSuite) noImage(t *testing.T) {
	for _, ref := range []string{"picasso.invalid/no/such:image", "Not A Reference", "sha256:" + strings.Repeat("0", 64)} {
		_, err := s.driver.ResolveImage(t.Context(), ref)
		require.Equal(t, picasso.CodeImageUnavailable, picasso.CodeOf(err), "%v", err)
		assert.Contains(t, picasso.AsError(err).Detail, ref)
	}
}

func (s *driverSuite) startCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.driver.Start(ctx, s.spec("id"))
	assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(err))
}

func (s *driverSuite) manyStarts(t *testing.T) {
	var starts sync.WaitGroup
	for range 8 {
		starts.Go(func() {
			var out Buffer
			spec := s.spec("id")
			spec.Stdout = &out
			b, err := s.driver.Start(t.Context(), spec)
			if !assert.NoError(t, err) {
				return
			}
			<-b.Done()
			b.Remove()
			assert.Equal(t, sandbox.Exit{}, b.Exit())
			assert.Contains(t, out.String(), "1000 1000")
		})
	}
	starts.Wait()
}
