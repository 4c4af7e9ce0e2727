package record

import (
	"context"
	"sync"
)

// running knows the calls whose records are still to come.
type running struct {
	mu    sync.Mutex
	calls map[string]chan struct{} // by id of the execution; the channel is there once somebody waits
}

// Begin announces the record of a call that begins, for Wait. End must follow.
func (r *running) Begin(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls[id] = nil
}

// End says that the record was added, or that none will come.
func (r *running) End(id string) {
	r.mu.Lock()
	ended := r.calls[id]
	delete(r.calls, id)
	r.mu.Unlock()
	if ended != nil {
		close(ended)
	}
}

// Wait returns when the call is not running any more, or when ctx ends. The
// last bytes of an answer reach the caller a moment before its record is made.
func (r *running) Wait(ctx context.Context, id string) {
	r.mu.Lock()
	ended, running := r.calls[id]
	if running && ended == nil {
		ended = make(chan struct{})
		r.calls[id] = ended
	}
	r.mu.Unlock()
	if !running {
		return
	}
	select {
	case <-ended:
	case <-ctx.Done():
	}
}
