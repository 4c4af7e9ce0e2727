package queue

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/picasso-faas/picasso"
)

// holding is an execution that this process runs.
type holding struct {
	*picasso.Claimed
	stop    context.CancelFunc // ends the wait for a sandbox, or the delivery
	log     *liveLog
	lost    atomic.Bool // somebody else has it, or it was cancelled
	stopped atomic.Bool // this process stops
	invoked atomic.Bool // its call is over

	until time.Time // its lease is ours for so long at least; guarded by the ledger
}

// ledger is what this process runs.
type ledger struct {
	freed chan struct{} // capacity 1: a place became free

	mu        sync.Mutex
	held      map[picasso.Lease]*holding
	projects  map[string]int // places that they hold
	functions map[string]int
}

func newLedger() *ledger {
	return &ledger{
		freed: make(chan struct{}, 1), held: map[picasso.Lease]*holding{},
		projects: map[string]int{}, functions: map[string]int{},
	}
}

func (l *ledger) add(h *holding) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held[h.Lease] = h
	l.projects[h.ProjectID]++
	l.functions[h.FunctionID]++
}

func (l *ledger) remove(h *holding) {
	l.mu.Lock()
	delete(l.held, h.Lease)
	countDown(l.projects, h.ProjectID)
	countDown(l.functions, h.FunctionID)
	l.mu.Unlock()
	select {
	case l.freed <- struct{}{}:
	default:
	}
}

func countDown(counts map[string]int, id string) {
	if counts[id]--; counts[id] == 0 {
		delete(counts, id)
	}
}

// running is how many places are taken.
func (l *ledger) running() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.held)
}

// ofFunction is how many places a function holds.
func (l *ledger) ofFunction(id string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.functions[id]
}

// counts calls look with the places held in all, and by project and function.
func (l *ledger) counts(look func(running int, projects, functions map[string]int)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	look(len(l.held), l.projects, l.functions)
}

// all is everything that runs.
func (l *ledger) all() []*holding {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]*holding, 0, len(l.held))
	for _, h := range l.held {
		all = append(all, h)
	}
	return all
}

// renewed notes that the leases of what is still held are ours until then.
func (l *ledger) renewed(held []*holding, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, h := range held {
		h.until = until
	}
}

// find returns the holding with the lease, nil when it has been settled.
func (l *ledger) find(lease picasso.Lease) *holding {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held[lease]
}

// ours reports whether the lease of a holding is surely ours at a time.
func (l *ledger) ours(h *holding, at time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !h.lost.Load() && at.Before(h.until)
}
