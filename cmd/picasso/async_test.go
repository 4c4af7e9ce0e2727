package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/apitest"
	"github.com/picasso-faas/picasso/cmd/internal/launch"
	"github.com/picasso-faas/picasso/cmd/internal/launch/launchtest"
)

// worked is a command line against an API whose queue is worked off, on the engine.
func worked(t *testing.T, engine *apitest.Engine) func(args ...string) (stdout, stderr string, status int) {
	t.Helper()
	cfg := launchtest.Config(t, engine)
	cfg.Triggers.MetricsBindPort = 0
	api := launchtest.Start(t, cfg)
	launchtest.StartAs(t, launch.RoleTrigger, cfg)
	return func(args ...string) (string, string, int) {
		return picassoRun(t, "", map[string]string{"OS_AUTH_TYPE": "none", "OS_ENDPOINT": api.URL()}, args...)
	}
}

// must wants a command to succeed and returns what it prints.
func must(t *testing.T, picasso func(...string) (string, string, int), args ...string) string {
	t.Helper()
	out, stderr, status := picasso(args...)
	require.Equal(t, exitOK, status, stderr)
	return strings.TrimSuffix(out, "\n")
}

func TestWaitingForAnAsynchronousCall(t *testing.T) {
	picasso := worked(t, &apitest.Engine{OnInvoke: func(ctx context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
		if call.Function.Name == "dies" {
			return apitest.Failed(picasso.CodeFunctionDied, "exit code 3")
		}
		return apitest.Echo(ctx, call, w)
	}})
	must(t, picasso, "function", "create", "echo", "--image", "i")
	must(t, picasso, "function", "create", "dies", "--image", "i", "--max-attempts", "1")

	out := must(t, picasso, "function", "invoke", "echo", "-d", "no newline", "--async", "--wait", "-f", "value", "-c", "id", "-c", "status", "-c", "attempt")
	lines := strings.Split(out, "\n")
	require.Len(t, lines, 3)
	assert.Equal(t, []string{"succeeded", "1"}, lines[1:])
	result, _, status := picasso("execution", "result", "show", lines[0])
	assert.Equal(t, exitOK, status)
	assert.Equal(t, "no newline", result, "the bytes and nothing else")

	out, stderr, status := picasso("function", "invoke", "dies", "-d", "x", "--async", "--wait", "-f", "value", "-c", "status")
	assert.Equal(t, exitFailure, status)
	assert.Equal(t, "failed\n", out)
	assert.Contains(t, stderr, "the execution ended as failed: Function died during the call: exit code 3 (Execution-ID: ")

	again := must(t, picasso, "execution", "redrive", "--function", "dies", "-f", "value")
	assert.Equal(t, "dies", must(t, picasso, "execution", "show", again, "-f", "value", "-c", "function"))
}

func TestWaitingIsInterrupted(t *testing.T) {
	api := launchtest.Start(t, launchtest.Config(t, &apitest.Engine{})) // nobody works off its queue
	env := map[string]string{"OS_AUTH_TYPE": "none", "OS_ENDPOINT": api.URL()}
	_, stderr, status := picassoRun(t, "", env, "function", "create", "f", "--image", "i")
	require.Equal(t, exitOK, status, stderr)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var errs bytes.Buffer
	ended := make(chan int)
	go func() {
		ended <- run(ctx, []string{"function", "invoke", "f", "-d", "x", "--async", "--wait"},
			terminal{out: io.Discard, err: &errs, env: func(name string) string { return env[name] }, now: time.Now})
	}()
	require.Eventually(t, func() bool {
		out, _, _ := picassoRun(t, "", env, "execution", "list", "-f", "value", "-c", "Status")
		return out == "queued\n"
	}, 20*time.Second, 20*time.Millisecond)
	cancel()
	assert.Equal(t, exitFailure, <-ended)
	assert.Regexp(t, `^(Execution [-0-9a-f]{36} is stored and will run, but waiting for it ended:\n)?Interrupted\n$`, errs.String())
}

func TestFollowAndCancelWhatRuns(t *testing.T) {
	said, cancelled := make(chan struct{}), make(chan struct{})
	engine := &apitest.Engine{OnInvoke: func(_ context.Context, call *picasso.Call, _ http.ResponseWriter) picasso.Outcome {
		_, _ = io.WriteString(call.Log, "it has begun\n")
		close(said)
		<-cancelled
		out := apitest.Failed(picasso.CodeCancelled, "")
		out.Log = []byte("it has begun\n")
		return out
	}}
	picasso := worked(t, engine)
	must(t, picasso, "function", "create", "long", "--image", "i")
	id := must(t, picasso, "function", "invoke", "long", "-d", "x", "--async", "-f", "value", "-c", "id")
	<-said
	assert.Equal(t, "running", must(t, picasso, "execution", "show", id, "-f", "value", "-c", "status"))
	followed := make(chan string)
	go func() {
		out, stderr, _ := picasso("execution", "log", "show", id, "--follow")
		followed <- out + stderr
	}()
	require.Eventually(t, func() bool {
		return must(t, picasso, "execution", "log", "show", id) == "it has begun"
	}, 20*time.Second, 50*time.Millisecond)
	must(t, picasso, "execution", "cancel", id)
	require.Eventually(t, func() bool { return len(engine.Cancelled()) > 0 }, 20*time.Second, 10*time.Millisecond)
	close(cancelled)
	assert.Equal(t, "it has begun\n", <-followed)
	assert.Equal(t, "cancelled", must(t, picasso, "execution", "show", id, "-f", "value", "-c", "status"))
}
