// Package pool decides how many sandboxes there are, and which one takes which
// call. Each function revision has a pool; all pools share the memory of the
// host.
//
// A call takes an idle sandbox at once, the one used last first. Without one
// it waits, and a sandbox that becomes free goes directly to the oldest waiting
// call; see wanted for when another one is started. All state is guarded by
// one lock, which is never held while anything is waited for: what a call pays
// is two short critical sections.
package pool

import (
	"container/list"
	"context"
	"maps"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/contract"
	"github.com/sirupsen/logrus"
)

// Config sets up a Host.
type Config struct {
	MemoryMB    int           // for all sandboxes together
	Cores       int           // of the host, at least 1
	FreezeAfter time.Duration // idle time after which a sandbox is frozen; 0: never
	Now         func() time.Time
	Log         *logrus.Logger
}

// Want is what a call asks of a Host.
type Want struct {
	Function  *picasso.Function
	Share     int             // see picasso.Call
	Spill     bool            // see picasso.Call
	Cancelled <-chan struct{} // closed when the call is not wanted any more; may be nil
	Waits     func()          // is told when it has to wait; may be nil
}

// Start starts a sandbox that is ready for calls. Errors are *picasso.Error.
type Start func(ctx context.Context, fn *picasso.Function) (contract.Sandbox, error)

// Host keeps the sandboxes of a host.
type Host struct {
	cfg   Config
	start Start

	stopOnce   sync.Once
	stopStarts chan struct{}  // closed to end what is being started
	work       sync.WaitGroup // starts, removals, the sweeper

	mu         sync.Mutex
	functions  map[string]*family
	live       map[*pool]struct{}   // pools with sandboxes, waiting calls or a promise
	members    map[*member]struct{} // every sandbox until it is removed
	usedMB     int
	leavingMB  int // of usedMB, of sandboxes that are being removed
	sandboxes  int // that exist or are being started
	running    int
	coldStarts int64
	drained    chan struct{} // not nil once closing; closed when nothing runs any more
}

// family is the pools of a function by revision.
type family struct {
	pools   map[int64]*pool
	below   int64 // revisions below are retired
	touched time.Time
}

// Lease is the right to one call in a sandbox. It ends with Host.Release.
type Lease struct {
	Sandbox contract.Sandbox
	// First is true when the sandbox was started for this very call;
	// ColdStart is how long that took then.
	First     bool
	ColdStart time.Duration

	member *member
	began  time.Duration // since the pool's epoch
}

// Stats counts what is on the host.
type Stats struct {
	MemoryMB, MemoryUsedMB     int
	Draining                   bool
	Sandboxes, Idle            int // existing or being started; of these idle
	CallsRunning, CallsWaiting int
	ColdStarts                 int64
}

// New returns a host without sandboxes.
func New(cfg Config, start Start) *Host {
	h := &Host{
		cfg: cfg, start: start, stopStarts: make(chan struct{}),
		functions: map[string]*family{}, live: map[*pool]struct{}{},
		members: map[*member]struct{}{},
	}
	h.work.Go(h.sweepAlways)
	return h
}

// Acquire returns a sandbox for one call of the function. ctx ends the wait
// because the caller is gone. Errors: busy (RetryAfter set), wait_timed_out, cancelled,
// unavailable (closing), and what a start fails with.
func (h *Host) Acquire(ctx context.Context, want *Want) (Lease, error) {
	h.mu.Lock()
	if h.drained != nil {
		h.mu.Unlock()
		return Lease{}, errClosing()
	}
	p := h.pool(want.Function)
	p.limit(want.Share)
	if m := p.takeSpare(); m != nil {
		lease := p.lend(m)
		frozen := m.frozen
		m.frozen = false
		h.mu.Unlock()
		if frozen {
			m.thaw()
		}
		return lease, nil
	}
	if want.Spill && p.full() {
		h.mu.Unlock()
		return Lease{}, errFull()
	}
	w := &waiter{fn: want.Function, granted: make(chan grant, 1)}
	w.place = p.waiters.PushBack(w)
	p.tend()
	waits := w.place != nil
	h.mu.Unlock()
	if waits && want.Waits != nil {
		want.Waits()
	}
	return h.wait(ctx, p, w, want.Cancelled)
}

// wait waits for what was granted to w.
func (h *Host) wait(ctx context.Context, p *pool, w *waiter, cancelled <-chan struct{}) (Lease, error) {
	timer := time.NewTimer(w.fn.QueueTimeout())
	defer timer.Stop()
	var err error
	gone := true
	select {
	case g := <-w.granted:
		return h.taken(ctx, g)
	case <-timer.C:
		gone = false
		err = picasso.Errorf(picasso.CodeWaitTimedOut, "queue_timeout_s: no sandbox became free within %d s", w.fn.QueueTimeoutS)
	case <-ctx.Done():
		err = ErrGone(ctx)
	case <-cancelled:
		err = picasso.Errorf(picasso.CodeCancelled, "it was cancelled while it waited for a sandbox")
	}
	h.mu.Lock()
	if w.place != nil {
		p.waiters.Remove(w.place)
		h.mu.Unlock()
		return Lease{}, err
	}
	h.mu.Unlock()
	g := <-w.granted // it came in the same moment
	if !gone {
		return g.lease, g.err
	}
	if g.err == nil {
		h.Release(g.lease, contract.Keep)
	}
	return Lease{}, err
}

// taken gives a sandbox back when ctx ended in the same moment: its call may be elsewhere by now.
func (h *Host) taken(ctx context.Context, g grant) (Lease, error) {
	if g.err != nil || ctx.Err() == nil {
		return g.lease, g.err
	}
	h.Release(g.lease, contract.Keep)
	return Lease{}, ErrGone(ctx)
}

// Release ends a lease. The call that gets the sandbox goes first: the
// caller has only an answer left to write, but the sandbox stands still. With
// short calls waiting for one sandbox, on two processors, this saved a seventh
// of the processor time of a call and a third of the waking of threads.
func (h *Host) Release(lease Lease, fate contract.Fate) {
	if h.release(lease, fate) {
		runtime.Gosched()
	}
}

// release reports whether another call got the sandbox.
func (h *Host) release(lease Lease, fate contract.Fate) (granted bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	m := lease.member
	p := m.pool
	waiting := p.waiters.Len()
	p.returned(lease, fate)
	switch {
	case m.doomed:
		if m.active == 0 {
			p.remove(m)
		}
	case fate != contract.Keep || m.dead():
		p.doom(m)
	default:
		p.offer(m)
	}
	if p.waiters.Len() > 0 {
		p.tend()
	}
	if h.drained != nil && h.running == 0 {
		h.endDrain() // last: Close then waits for the removal that may have begun here
	}
	return p.waiters.Len() < waiting
}

// Warm starts what the function wants to have even without calls, and keeps it
// for promiseFor.
func (h *Host) Warm(fn *picasso.Function) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.drained != nil {
		return
	}
	p := h.pool(fn)
	if p.retired {
		return
	}
	p.min, p.promised = fn.MinSandboxes, h.cfg.Now()
	p.tend()
}

// Retire removes the sandboxes of revisions below the given one, those with
// calls in them when these have ended.
func (h *Host) Retire(functionID string, below int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.family(functionID).retire(below, h.cfg.Now())
}

// Stats returns what is on the host now.
func (h *Host) Stats() Stats {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := Stats{
		MemoryMB: h.cfg.MemoryMB, MemoryUsedMB: h.usedMB,
		Draining:  h.drained != nil,
		Sandboxes: h.sandboxes, CallsRunning: h.running, ColdStarts: h.coldStarts,
	}
	for p := range h.live {
		s.CallsWaiting += p.waiters.Len()
		for _, m := range p.spare {
			if m.active == 0 {
				s.Idle++
			}
		}
	}
	return s
}

// maxListed is how many functions Functions names at most.
const maxListed = 1000

// Functions returns the ids of the functions that have a sandbox here, sorted;
// if they are very many, the first ones, which are the same each time.
func (h *Host) Functions() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	ids := map[string]struct{}{}
	for p := range h.live {
		if len(p.members) > 0 {
			ids[p.fn.ID] = struct{}{}
		}
	}
	sorted := slices.Sorted(maps.Keys(ids))
	return sorted[:min(len(sorted), maxListed)]
}

func (h *Host) family(functionID string) *family {
	f := h.functions[functionID]
	if f == nil {
		f = &family{pools: map[int64]*pool{}}
		h.functions[functionID] = f
	}
	return f
}

// pool returns the pool of the function's revision. The first call of a new
// revision retires the older ones.
func (h *Host) pool(fn *picasso.Function) *pool {
	f := h.family(fn.ID)
	if p := f.pools[fn.Revision]; p != nil {
		return p
	}
	p := &pool{
		host: h, fn: fn, family: f, epoch: h.cfg.Now(),
		members: map[*member]struct{}{}, waiters: list.New(),
		retired: fn.Revision < f.below,
	}
	f.pools[fn.Revision] = p
	f.retire(fn.Revision, p.epoch)
	return p
}

func (f *family) retire(below int64, now time.Time) {
	f.touched = now
	if below <= f.below {
		return
	}
	f.below = below
	for revision, p := range f.pools {
		if revision < below && !p.retired {
			p.retire()
		}
	}
}

// ErrGone is the error of a call whose ctx ended before a sandbox had it.
func ErrGone(ctx context.Context) *picasso.Error {
	return picasso.Errorf(picasso.CodeWaitTimedOut, "the caller did not wait for a sandbox").WithCause(context.Cause(ctx))
}

func errClosing() error {
	return &picasso.Error{
		Code: picasso.CodeUnavailable, Title: picasso.CodeUnavailable.Title(),
		Detail: "the engine of this host is being stopped", RetryAfter: time.Second,
	}
}
