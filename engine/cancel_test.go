package engine_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/enginetest"
)

// invoked is a call on its way.
func invoked(e picasso.Engine, call *picasso.Call) <-chan picasso.Outcome {
	out := make(chan picasso.Outcome, 1)
	go func() { out <- e.Invoke(context.Background(), call, httptest.NewRecorder()) }()
	return out
}

func outcome(t *testing.T, out <-chan picasso.Outcome) picasso.Outcome {
	t.Helper()
	select {
	case o := <-out:
		return o
	case <-time.After(patience):
		require.Fail(t, "the call does not end")
		return picasso.Outcome{}
	}
}

func assertCancelled(t *testing.T, o picasso.Outcome) {
	t.Helper()
	if assert.NotNil(t, o.Err) {
		assert.Equal(t, picasso.CodeCancelled, o.Err.Code, "%v", o.Err)
	}
}

func assertSandboxes(t *testing.T, e picasso.Engine, want int) {
	t.Helper()
	require.Eventually(t, func() bool {
		host, err := e.Host(t.Context())
		return err == nil && host.Sandboxes == want
	}, patience, time.Millisecond)
}

// TestCancelOneOfMany: the others in the sandbox go on, then it is removed.
func TestCancelOneOfMany(t *testing.T) { onBoth(t, testCancelOneOfMany) }

func testCancelOneOfMany(t *testing.T, start starter) {
	begun, goOn := make(chan struct{}, 2), make(chan struct{})
	e := start(t, map[string]enginetest.Program{"f": func(ctx context.Context, in enginetest.Inside) int {
		return serveUntil(ctx, in.Port, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			begun <- struct{}{}
			select {
			case <-goOn:
			case <-r.Context().Done():
			}
		}))
	}})
	fn := localFunction(picasso.ContractWeb, "f")
	fn.Concurrency, fn.MaxSandboxes = 2, 1
	calls := map[string]<-chan picasso.Outcome{}
	for _, id := range []string{"cancelled", "other"} {
		call := callOf(fn, "")
		call.ExecutionID = id
		calls[id] = invoked(e, call)
		<-begun
	}
	require.NoError(t, e.Cancel(t.Context(), "unknown"))
	require.NoError(t, e.Cancel(t.Context(), "cancelled"))
	assertCancelled(t, outcome(t, calls["cancelled"]))
	assertSandboxes(t, e, 1)
	close(goOn)
	assert.Nil(t, outcome(t, calls["other"]).Err)
	assertSandboxes(t, e, 0)
	require.NoError(t, e.Cancel(t.Context(), "cancelled"), "again")
}

// TestCancelDuringAnAnswer: also one that the function never ends.
func TestCancelDuringAnAnswer(t *testing.T) { onBoth(t, testCancelDuringAnAnswer) }

func testCancelDuringAnAnswer(t *testing.T, start starter) {
	for _, status := range []int{200, 502, 504} {
		begun := make(chan struct{})
		e := start(t, map[string]enginetest.Program{"f": fnProgram(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
			close(begun)
			<-r.Context().Done()
		})})
		out := invoked(e, callOf(localFunction(picasso.ContractFn, "f"), ""))
		<-begun
		require.NoError(t, e.Cancel(t.Context(), "exec"))
		assertCancelled(t, outcome(t, out))
		assertSandboxes(t, e, 0)
	}
}

// TestStalledFailure: an FDK that reports a failure, and does not end the
// report, has used up its time.
func TestStalledFailure(t *testing.T) { onBoth(t, testStalledFailure) }

func testStalledFailure(t *testing.T, start starter) {
	for _, status := range []int{502, 504} {
		e := start(t, map[string]enginetest.Program{"f": fnProgram(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000")
			w.WriteHeader(status)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		})})
		fn := localFunction(picasso.ContractFn, "f")
		fn.TimeoutS = 1
		o := outcome(t, invoked(e, callOf(fn, "")))
		require.NotNil(t, o.Err)
		assert.Equal(t, picasso.CodeTimedOut, o.Err.Code, "%v", o.Err)
		assertSandboxes(t, e, 0)
	}
}

// TestCancelBeforeASandboxIsReady: the sandbox goes on to serve others.
func TestCancelBeforeASandboxIsReady(t *testing.T) { onBoth(t, testCancelBeforeASandboxIsReady) }

func testCancelBeforeASandboxIsReady(t *testing.T, start starter) {
	started, ready := make(chan struct{}, 1), make(chan struct{})
	var calls atomic.Int32
	e := start(t, map[string]enginetest.Program{"f": func(ctx context.Context, in enginetest.Inside) int {
		started <- struct{}{}
		<-ready
		return fnProgram(func(w http.ResponseWriter, r *http.Request) {
			calls.Add(1)
			echo(w, r)
		})(ctx, in)
	}})
	fn := localFunction(picasso.ContractFn, "f")
	out := invoked(e, callOf(fn, ""))
	<-started
	require.NoError(t, e.Cancel(t.Context(), "exec"))
	assertCancelled(t, outcome(t, out))
	close(ready)
	assert.Nil(t, outcome(t, invoked(e, callOf(fn, ""))).Err)
	assert.EqualValues(t, 1, calls.Load())
}

func TestCancelStdio(t *testing.T) { onBoth(t, testCancelStdio) }

func testCancelStdio(t *testing.T, start starter) {
	running := make(chan struct{}, 1)
	e := start(t, map[string]enginetest.Program{"f": func(ctx context.Context, in enginetest.Inside) int {
		_, _ = io.WriteString(in.Stderr, "before")
		running <- struct{}{}
		<-ctx.Done()
		return 137
	}})
	out := invoked(e, callOf(localFunction(picasso.ContractStdio, "f"), ""))
	<-running
	require.NoError(t, e.Cancel(t.Context(), "exec"))
	o := outcome(t, out)
	assertCancelled(t, o)
	assert.Equal(t, "before", string(o.Log))
	assertSandboxes(t, e, 0)
}

// TestCancelOfAnExecutionThatIsHereTwice: its lease ran out, and both runs of
// it landed here.
func TestCancelOfAnExecutionThatIsHereTwice(t *testing.T) {
	onBoth(t, testCancelOfAnExecutionThatIsHereTwice)
}

func testCancelOfAnExecutionThatIsHereTwice(t *testing.T, start starter) {
	begun := make(chan struct{}, 2)
	e := start(t, map[string]enginetest.Program{"f": fnProgram(func(_ http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		<-r.Context().Done()
	})})
	fn := localFunction(picasso.ContractFn, "f")
	one, two := invoked(e, callOf(fn, "")), invoked(e, callOf(fn, ""))
	<-begun
	<-begun
	require.NoError(t, e.Cancel(t.Context(), "exec"))
	assertCancelled(t, outcome(t, one))
	assertCancelled(t, outcome(t, two))
}

// TestCancelOfOneRun of an execution that is here twice: the other one goes on.
func TestCancelOfOneRun(t *testing.T) {
	for name, around := range map[string]func(t testing.TB, e picasso.Engine) picasso.Engine{
		"local":      func(_ testing.TB, e picasso.Engine) picasso.Engine { return e },
		"rpc":        func(t testing.TB, e picasso.Engine) picasso.Engine { return behindRPC(t, e, 2) },
		"dispatched": func(t testing.TB, e picasso.Engine) picasso.Engine { return dispatchTo(t, 2, behindRPC(t, e, 2)) },
	} {
		t.Run(name, func(t *testing.T) {
			begun, goOn := make(chan struct{}, 2), make(chan struct{})
			e := around(t, localEngine(t, map[string]enginetest.Program{"f": fnProgram(func(_ http.ResponseWriter, r *http.Request) {
				begun <- struct{}{}
				select {
				case <-goOn:
				case <-r.Context().Done():
				}
			})}))
			fn := localFunction(picasso.ContractFn, "f")
			one, two := callOf(fn, ""), callOf(fn, "")
			one.Run, two.Run = "exec.1", "exec.2"
			first, second := invoked(e, one), invoked(e, two)
			<-begun
			<-begun
			require.NoError(t, e.Cancel(t.Context(), "exec.1"))
			assertCancelled(t, outcome(t, first))
			close(goOn)
			require.Nil(t, outcome(t, second).Err)
		})
	}
}
