package enginetest

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// ownLogs: what a function writes in a call is in the log of that call, all of
// it and nothing else, also while the host has a lot to do.
func (s *engineSuite) ownLogs(t *testing.T) {
	for _, load := range []struct {
		contract       picasso.Contract
		callers, calls int
		busy           int // goroutines that compute
	}{
		{picasso.ContractFn, 1, 200, 0},
		{picasso.ContractFn, 1, 100, 2 * runtime.NumCPU()},
		{picasso.ContractFn, 3, 100, 2 * runtime.NumCPU()},
		{picasso.ContractWeb, 3, 100, 0},
	} {
		fn := s.function(t, load.contract)
		fn.MaxSandboxes = load.callers
		keepBusy(load.busy, func() { s.talk(t, fn, load.callers, load.calls) })
	}
}

// talk has callers call a function that talks, one call after the other.
func (s *engineSuite) talk(t *testing.T, fn *picasso.Function, callers, calls int) {
	t.Helper()
	var wrong atomic.Int64
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for range calls / callers {
				c := invokeOf(fn, "")
				c.Body, c.ContentLength = strings.NewReader("say "+c.ExecutionID), int64(len("say ")+len(c.ExecutionID))
				_, out := s.invoke(t, c)
				assert.Nil(t, out.Err, "%v", out.Err)
				lines := strings.Split(string(out.Log), "\n")
				slices.Sort(lines)
				want := []string{"", "err " + c.ExecutionID, "out " + c.ExecutionID}
				if !slices.Equal(want, lines) && wrong.Add(1) == 1 {
					assert.Equal(t, want, lines)
				}
			}
		})
	}
	all.Wait()
	assert.Zero(t, wrong.Load(), "%s: wrong logs of %d calls by %d callers", fn.Contract, calls, callers)
}

// keepBusy runs do while goroutines compute.
func keepBusy(goroutines int, do func()) {
	var over atomic.Bool
	var busy sync.WaitGroup
	for range goroutines {
		busy.Go(func() {
			for !over.Load() {
			}
		})
	}
	defer busy.Wait()
	defer over.Store(true)
	do()
}

// noOutput: a function may do with its output what it likes, and is served as
// well. What is left of it is in the logs.
func (s *engineSuite) noOutput(t *testing.T) {
	for what, late := range map[string]bool{"closed": false, "pipe": true} { // that pipe swallows marks
		fn := s.function(t, picasso.ContractFn, "no-stdout", what)
		var logs []byte
		ask := func(what string) {
			_, out := s.invoke(t, invokeOf(fn, what))
			require.Nil(t, out.Err, "%v", out.Err)
			logs = append(logs, out.Log...)
		}
		for i := range 6 {
			ask(fmt.Sprintf("say %d", i))
		}
		const all = "err 0\nerr 1\nerr 2\nerr 3\nerr 4\nerr 5\n"
		for began := time.Now(); late && len(logs) < len(all) && time.Since(began) < patience; {
			ask("echo") // what comes late is in the next call's log
		}
		assert.Equal(t, all, string(logs))
	}
}
