package docker

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/sandbox"
)

func TestRuntimeThatDockerDoesNotHave(t *testing.T) {
	config := testConfig(t)
	config.SandboxRuntime = "no-such-runtime"
	_, err := New(t.Context(), config, logrus.New())
	require.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err), "%v", err)
	require.ErrorContains(t, err, "docker.sandbox_runtime")
	require.ErrorContains(t, err, "runc", "names those it has")

	config.SandboxRuntime = "runc"
	require.NoError(t, bareDriver(t, config).checkRuntime(t.Context()))
	assertNothingLeft(t, config)
}

// TestDockerThatStartsNothing: it answers, but what starts its containers stands still.
func TestDockerThatStartsNothing(t *testing.T) {
	d, private, spec := privateDriver(t)
	d.stuckAfter.Store(int64(300 * time.Millisecond))
	spec.Command = []string{"never-ready"}
	require.NoError(t, d.Check(t.Context()))
	text, err := os.ReadFile(filepath.Join(private.Dir, "run", "docker", "containerd", "containerd.pid"))
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	require.NoError(t, err)
	goOn := func() { _ = syscall.Kill(pid, syscall.SIGCONT) }
	t.Cleanup(goOn)
	require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
	started := make(chan sandbox.Sandbox, 1)
	go func() {
		b, err := d.Start(context.Background(), spec)
		assert.NoError(t, err)
		started <- b
	}()
	stuck := func() bool { return picasso.CodeOf(d.Check(t.Context())) == picasso.CodeUnavailable }
	require.Eventually(t, stuck, patience, 10*time.Millisecond)
	require.True(t, stuck(), "as long as nothing starts")
	goOn()
	require.Eventually(t, func() bool { return !stuck() }, patience, 10*time.Millisecond)
	(<-started).Remove()

	d.stuck.Store(true)
	require.True(t, stuck())
	require.Eventually(t, func() bool { return !stuck() }, patience, 10*time.Millisecond, "without a call that tries")
}
