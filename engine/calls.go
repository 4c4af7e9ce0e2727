package engine

import (
	"context"
	"sync"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/h1"
)

// calls are the calls in the engine. Cancel,
// which is rare, looks through all of them: a map by id would cost every call
// more, and an execution can be here twice, when its lease has run out.
type calls struct {
	mu  sync.Mutex
	all map[*h1.Abort]*picasso.Call
}

func newCalls() *calls { return &calls{all: map[*h1.Abort]*picasso.Call{}} }

// enter notes a call until leave.
func (c *calls) enter(call *picasso.Call) *h1.Abort {
	abort := h1.NewAbort()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all[abort] = call
	return abort
}

func (c *calls) leave(abort *h1.Abort) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.all, abort)
}

// Cancel implements picasso.Engine. The exchange of a running call is cut off,
// and its sandbox takes no more calls: it is removed at once, or with contract
// web when the other calls in it have ended.
func (e *Engine) Cancel(_ context.Context, id string) error {
	e.calls.mu.Lock()
	defer e.calls.mu.Unlock()
	for abort, call := range e.calls.all {
		if call.Is(id) {
			abort.Abort()
		}
	}
	return nil
}
