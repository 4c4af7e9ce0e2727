// Package triggerstest has what tests of triggers need: an engine whose
// functions are Go functions, and functions and executions to put into a store.
package triggerstest

import (
	"context"
	"net/http"
	"sync"

	"github.com/picasso-faas/picasso"
)

// Engine is a picasso.Engine that hands each call to Serve. It is for tests
// that are not about the engine; what they call is counted.
type Engine struct {
	// Serve answers a call. cancelled is closed by Cancel.
	Serve func(call *picasso.Call, w http.ResponseWriter, cancelled <-chan struct{}) picasso.Outcome

	mu      sync.Mutex
	running map[*picasso.Call]chan struct{}
	runs    map[string]int
	most    map[string]int // calls of a function at once
	current map[string]int
}

var _ picasso.Engine = (*Engine)(nil)

// Succeed is a Serve that answers with the input.
func Succeed(call *picasso.Call, w http.ResponseWriter, _ <-chan struct{}) picasso.Outcome {
	return Answer(call, w, http.StatusOK)
}

// Answer echoes the input with the status.
func Answer(call *picasso.Call, w http.ResponseWriter, status int) picasso.Outcome {
	body := make([]byte, call.ContentLength)
	n, _ := call.Body.Read(body)
	w.Header().Set("Content-Type", call.Header.Get("Content-Type"))
	w.WriteHeader(status)
	_, _ = w.Write(body[:n])
	return picasso.Outcome{HTTPStatus: status, InputBytes: int64(n), OutputBytes: int64(n), Host: "double"}
}

// Fail is the outcome of a call that failed with the code.
func Fail(code picasso.Code) picasso.Outcome {
	return picasso.Outcome{Err: picasso.Errorf(code, "as the test wants"), Host: "double"}
}

// UntilCancelled is a Serve whose calls last until they are cancelled.
func UntilCancelled(_ *picasso.Call, _ http.ResponseWriter, cancelled <-chan struct{}) picasso.Outcome {
	<-cancelled
	return Fail(picasso.CodeCancelled)
}

// Invoke implements picasso.Engine. ctx is heeded by nobody: the double has no
// wait.
func (e *Engine) Invoke(_ context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
	defer e.leave(call)
	return e.Serve(call, w, e.enter(call))
}

func (e *Engine) enter(call *picasso.Call) <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.running == nil {
		e.running, e.runs = map[*picasso.Call]chan struct{}{}, map[string]int{}
		e.most, e.current = map[string]int{}, map[string]int{}
	}
	cancelled := make(chan struct{})
	e.running[call] = cancelled
	e.runs[call.ExecutionID]++
	e.current[call.Function.ID]++
	e.most[call.Function.ID] = max(e.most[call.Function.ID], e.current[call.Function.ID])
	return cancelled
}

func (e *Engine) leave(call *picasso.Call) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.running, call)
	e.current[call.Function.ID]--
}

// Runs is how often an execution was invoked.
func (e *Engine) Runs(executionID string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.runs[executionID]
}

// Running is how many calls run now.
func (e *Engine) Running() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.running)
}

// Most is how many calls of a function ran at once at most.
func (e *Engine) Most(functionID string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.most[functionID]
}

// Cancel implements picasso.Engine.
func (e *Engine) Cancel(_ context.Context, id string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for call, cancelled := range e.running {
		if call.Is(id) {
			close(cancelled)
			delete(e.running, call)
		}
	}
	return nil
}

// ResolveImage implements picasso.Engine.
func (e *Engine) ResolveImage(_ context.Context, ref string) (string, error) { return ref, nil }

// Warm implements picasso.Engine.
func (e *Engine) Warm(context.Context, *picasso.Function) error { return nil }

// Retire implements picasso.Engine.
func (e *Engine) Retire(context.Context, string, int64) error { return nil }

// Host implements picasso.Engine.
func (e *Engine) Host(context.Context) (picasso.Host, error) {
	return picasso.Host{Name: "double"}, nil
}
