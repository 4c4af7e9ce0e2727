package engine

import (
	"context"
	"sync"

	"github.com/picasso-faas/picasso/engine/h1"
)

// calls are the calls in the engine with the ids of their executions. Cancel,
// which is rare, looks through all of them: a map by id would cost every call
// more, and an execution can be here twice, when its lease has run out.
type calls struct {
	mu  sync.Mutex
	ids map[*h1.Abort]string
}

func newCalls() *calls { return &calls{ids: map[*h1.Abort]string{}} }

// enter notes a call until leave.
func (c *calls) enter(executionID string) *h1.Abort {
	abort := h1.NewAbort()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ids[abort] = executionID
	return abort
}

func (c *calls) leave(abort *h1.Abort) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.ids, abort)
}

// Cancel implements picasso.Engine. The exchange of a running call is cut off,
// and its sandbox takes no more calls: it is removed at once, or with contract
// web when the other calls in it have ended.
func (e *Engine) Cancel(_ context.Context, executionID string) error {
	e.calls.mu.Lock()
	defer e.calls.mu.Unlock()
	for abort, id := range e.calls.ids {
		if id == executionID {
			abort.Abort()
		}
	}
	return nil
}
