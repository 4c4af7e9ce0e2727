package yardstick_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/tools/bench/load"
	"github.com/picasso-faas/picasso/tools/bench/yardstick"
	"github.com/picasso-faas/picasso/tools/functions/functest"
)

func call(body string) load.Target {
	return load.Target{
		Request: fmt.Appendf(nil, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body),
		Status:  200, Body: []byte(body),
	}
}

// TestYardsticks runs all of them on a real function, and sees that nothing is left.
func TestYardsticks(t *testing.T) {
	echo, idle := functest.Image(t, "echo"), functest.Image(t, "testfn")
	d, err := yardstick.NewDocker(t.Context(), idle, "never-ready")
	require.NoError(t, err)
	t.Cleanup(func() { _ = d.Close(t.Context()) })

	socket, err := d.Serve(t.Context(), echo, call("ok"))
	require.NoError(t, err)
	proxy := httptest.NewServer(yardstick.Bare(socket))
	defer proxy.Close()
	for _, body := range []string{"ok", strings.Repeat("x", 1<<20)} {
		through := call(body)
		through.Network, through.Address = "tcp", proxy.Listener.Addr().String()
		_, err = load.Run(t.Context(), through, load.Options{Connections: 4, Requests: 10})
		require.NoError(t, err)
	}

	took, err := d.ColdStart(t.Context(), echo, call("ok"))
	require.NoError(t, err)
	require.Positive(t, took)
	took, err = d.RunOnce(t.Context(), idle, "count")
	require.NoError(t, err)
	require.Positive(t, took)
	rate, err := d.StartRate(t.Context(), echo, call("ok"), 2)
	require.NoError(t, err)
	require.Positive(t, rate)

	n, err := d.Count(t.Context(), fmt.Sprintf("picasso-bench=%d", os.Getpid()))
	require.NoError(t, err)
	require.Equal(t, 2, n, "the function that serves and the network namespace")
	require.NoError(t, d.Close(t.Context()))
	n, err = d.Count(t.Context(), fmt.Sprintf("picasso-bench=%d", os.Getpid()))
	require.NoError(t, err)
	require.Zero(t, n)
}

func TestNoSuchImage(t *testing.T) {
	d, err := yardstick.NewDocker(t.Context(), functest.Image(t, "testfn"), "never-ready")
	require.NoError(t, err)
	defer func() { require.NoError(t, d.Close(t.Context())) }()
	_, err = d.ColdStart(t.Context(), "picasso-test/none:latest", call("ok"))
	require.ErrorContains(t, err, "No such image")
}

// TestStrays leaves alone what belongs to a process that runs.
func TestStrays(t *testing.T) {
	image := functest.Image(t, "testfn")
	leave := func(maker int) (id string) {
		out, err := exec.Command("docker", "run", "--detach", "--network=none", fmt.Sprintf("--label=picasso-bench=%d", maker), image, "never-ready").Output()
		require.NoError(t, err)
		id = strings.TrimSpace(string(out))
		t.Cleanup(func() { _ = exec.Command("docker", "rm", "--force", id).Run() })
		return id
	}
	const noProcess = 1 << 30
	mine, stray := leave(1), leave(noProcess)
	d, err := yardstick.NewDocker(t.Context(), image, "never-ready")
	require.NoError(t, err)
	require.NoError(t, d.Close(t.Context()))
	require.NoError(t, exec.Command("docker", "inspect", mine).Run())
	require.Error(t, exec.Command("docker", "inspect", stray).Run())
}
