package engine_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine"
	"github.com/picasso-faas/picasso/engine/enginetest"
	"github.com/picasso-faas/picasso/engine/rpc"
)

// onLatest runs a test on an engine in this process, and on one behind the
// latest version of RPC. It is told of both, and what its program serves.
func onLatest(t *testing.T, program http.HandlerFunc, test func(t *testing.T, e picasso.Engine, local *engine.Engine)) {
	start := func(t *testing.T) *engine.Engine {
		return localEngine(t, map[string]enginetest.Program{"f": func(ctx context.Context, in enginetest.Inside) int {
			return serveUntil(ctx, in.Port, program)
		}})
	}
	t.Run("local", func(t *testing.T) {
		e := start(t)
		test(t, e, e)
	})
	t.Run("rpc", func(t *testing.T) {
		e := start(t)
		test(t, behindRPC(t, e, rpc.MaxProtocol), e)
	})
}

// held is a program whose calls last until the test lets one go.
type held struct{ begun, release chan struct{} }

func (h held) serve(_ http.ResponseWriter, _ *http.Request) {
	h.begun <- struct{}{}
	<-h.release
}

func TestSpillAndProgress(t *testing.T) {
	program := held{make(chan struct{}, 10), make(chan struct{}, 10)}
	onLatest(t, program.serve, func(t *testing.T, e picasso.Engine, _ *engine.Engine) {
		fn := localFunction(picasso.ContractWeb, "f")
		fn.Concurrency = 1
		told := make(chan picasso.Progress, 10)
		call := func(spill bool) *picasso.Call {
			c := callOf(fn, "")
			c.Share, c.Spill = 1, spill
			c.Progress = func(p picasso.Progress) { told <- p }
			return c
		}
		cold := invoked(e, call(true))
		p := <-told
		if p == picasso.ProgressWaiting { // a quick start is not told of over RPC
			p = <-told
		}
		require.Equal(t, picasso.ProgressTaken, p)
		<-program.begun

		large := call(true)
		body := strings.NewReader(strings.Repeat("x", 1<<20))
		large.Body, large.ContentLength = body, 1<<20
		out := outcome(t, invoked(e, large))
		require.Equal(t, picasso.CodeBusy, out.Err.Code)
		require.Equal(t, 1<<20, body.Len(), "nothing of it was read")
		require.Empty(t, told)

		waits := invoked(e, call(false))
		require.Equal(t, picasso.ProgressWaiting, <-told)
		require.Empty(t, program.begun)
		program.release <- struct{}{}
		require.Nil(t, outcome(t, cold).Err)
		require.Equal(t, picasso.ProgressTaken, <-told)
		<-program.begun
		program.release <- struct{}{}
		require.Nil(t, outcome(t, waits).Err)

		program.release <- struct{}{}
		require.Nil(t, outcome(t, invoked(e, call(true))).Err)
		<-program.begun
		require.Empty(t, told, "nothing is told of a fast call that is hot")
	})
}

func TestDrain(t *testing.T) {
	program := held{make(chan struct{}, 10), make(chan struct{}, 10)}
	onLatest(t, program.serve, func(t *testing.T, e picasso.Engine, local *engine.Engine) {
		fn := localFunction(picasso.ContractWeb, "f")
		fn.Concurrency, fn.MaxSandboxes = 1, 1
		running := invoked(e, callOf(fn, ""))
		<-program.begun
		require.Equal(t, picasso.Inventory{Functions: []string{fn.ID}, Images: []string{"f"}}, inventory(t, local))
		told := make(chan picasso.Progress, 1)
		call := callOf(fn, "")
		call.Progress = func(p picasso.Progress) { told <- p }
		waiting := invoked(e, call)
		require.Equal(t, picasso.ProgressWaiting, <-told)

		local.Drain()
		for _, out := range []picasso.Outcome{outcome(t, waiting), outcome(t, invoked(e, callOf(fn, "")))} {
			require.Equal(t, picasso.CodeUnavailable, out.Err.Code)
			require.Contains(t, out.Err.Detail, "being stopped")
		}
		host, err := e.Host(t.Context())
		require.NoError(t, err)
		require.True(t, host.Draining)
		require.Equal(t, 1, host.CallsRunning)
		require.Positive(t, host.Cores)
		program.release <- struct{}{}
		require.Nil(t, outcome(t, running).Err)
		require.NoError(t, local.Close(t.Context()))
	})
}

// inventory is what the engine tells once it has looked for images.
func inventory(t *testing.T, e *engine.Engine) picasso.Inventory {
	t.Helper()
	require.Eventually(t, func() bool { return len(e.Inventory().Images) > 0 }, patience, time.Millisecond)
	return e.Inventory()
}
