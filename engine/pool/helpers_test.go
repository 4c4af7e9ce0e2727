package pool

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/contract"
)

const patience = 10 * time.Second

// box is a sandbox without anything in it.
type box struct {
	fn       *picasso.Function
	done     chan struct{}
	once     sync.Once
	removing chan struct{} // when not nil, Remove waits for it
	frozen   atomic.Bool
	freezes  atomic.Int32
}

func (b *box) Serve(*contract.Call, http.ResponseWriter) (picasso.Outcome, contract.Fate) {
	return picasso.Outcome{}, contract.Keep
}
func (b *box) Done() <-chan struct{} { return b.done }
func (b *box) Freeze() bool          { b.freezes.Add(1); b.frozen.Store(true); return true }
func (b *box) Thaw()                 { b.frozen.Store(false) }
func (b *box) die()                  { b.once.Do(func() { close(b.done) }) }
func (b *box) Remove() {
	if b.removing != nil {
		<-b.removing
	}
	b.die()
}

// kit is a host whose starts and whose time the test decides about.
type kit struct {
	*Host
	t      *testing.T
	starts chan *start // what is being started

	mu   sync.Mutex
	now  time.Time
	open map[*acquired]struct{} // calls that the test has not ended
}

// start is a start that waits for its result.
type start struct {
	fn     *picasso.Function
	result chan result
}

type result struct {
	box *box
	err error
}

func newKit(t *testing.T, memoryMB int) *kit {
	k := &kit{t: t, starts: make(chan *start, 1000), now: time.Unix(1e9, 0), open: map[*acquired]struct{}{}}
	log := logrus.New()
	log.SetOutput(t.Output())
	k.Host = New(Config{MemoryMB: memoryMB, Cores: 2, FreezeAfter: 10 * time.Second, Now: k.clock, Log: log}, k.start)
	t.Cleanup(func() {
		closed := make(chan error, 1)
		go func() { closed <- k.Close(context.Background()) }()
		require.Eventually(t, func() bool {
			k.endAll()
			return len(closed) > 0
		}, patience, time.Millisecond)
		stats := k.Stats()
		require.Zero(t, stats.Sandboxes)
		require.Zero(t, stats.MemoryUsedMB)
	})
	return k
}

func (k *kit) clock() time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.now
}

func (k *kit) advance(d time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.now = k.now.Add(d)
}

func (k *kit) start(ctx context.Context, fn *picasso.Function) (contract.Sandbox, error) {
	s := &start{fn: fn, result: make(chan result, 1)}
	k.starts <- s
	select {
	case r := <-s.result:
		if r.err != nil {
			return nil, r.err
		}
		return r.box, nil
	case <-ctx.Done():
		return nil, picasso.Errorf(picasso.CodeUnavailable, "stopped")
	}
}

// begun waits for the next start.
func (k *kit) begun() *start {
	k.t.Helper()
	select {
	case s := <-k.starts:
		return s
	case <-time.After(patience):
		require.Fail(k.t, "no start")
		return nil
	}
}

// begunInTime waits for the next start, and time goes by.
func (k *kit) begunInTime() *start {
	k.t.Helper()
	for range 10_000 {
		select {
		case s := <-k.starts:
			return s
		case <-time.After(time.Millisecond):
			k.advance(10 * time.Millisecond)
		}
	}
	require.Fail(k.t, "no start")
	return nil
}

func (s *start) succeed() *box {
	b := &box{fn: s.fn, done: make(chan struct{})}
	s.result <- result{box: b}
	return b
}

func (s *start) fail(err error) { s.result <- result{err: err} }

// function returns a function of 100 MB.
func function(name string) *picasso.Function {
	spec := picasso.DefaultFunctionSpec()
	spec.Name, spec.MemoryMB = name, 100
	return &picasso.Function{ID: name, FunctionSpec: spec, Revision: 1}
}

type acquired struct {
	lease Lease
	err   error
	box   *box
}

// call asks for a sandbox in the background.
func (k *kit) call(fn *picasso.Function) <-chan acquired {
	return k.callWith(context.Background(), fn)
}

// Acquire is for calls that nobody cancels.
func (k *kit) Acquire(ctx context.Context, fn *picasso.Function) (Lease, error) {
	return k.Host.Acquire(ctx, &Want{Function: fn})
}

func (k *kit) callWith(ctx context.Context, fn *picasso.Function) <-chan acquired {
	return k.callUnless(ctx, nil, fn)
}

// callUnless is a call that is cancelled when the channel is closed.
func (k *kit) callUnless(ctx context.Context, cancelled <-chan struct{}, fn *picasso.Function) <-chan acquired {
	return k.want(ctx, &Want{Function: fn, Cancelled: cancelled})
}

// want is a call that asks for whatever it likes.
func (k *kit) want(ctx context.Context, want *Want) <-chan acquired {
	before := k.Stats()
	c := make(chan acquired, 1)
	go func() {
		lease, err := k.Host.Acquire(ctx, want)
		a := acquired{lease: lease, err: err}
		if err == nil {
			a.box = lease.Sandbox.(*box)
		}
		k.mu.Lock()
		if a.err == nil {
			k.open[&a] = struct{}{}
		}
		k.mu.Unlock()
		c <- a
	}()
	k.eventually(func(s Stats) bool { // it has been seen to
		return len(c) > 0 || s.CallsWaiting > before.CallsWaiting || s.CallsRunning > before.CallsRunning
	})
	return c
}

// Release ends a call, once.
func (k *kit) Release(lease Lease, fate contract.Fate) {
	k.close(lease) // before: the next call gets a lease that looks the same
	k.Host.Release(lease, fate)
}

func (k *kit) close(lease Lease) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for a := range k.open {
		if a.lease == lease {
			delete(k.open, a)
			return
		}
	}
}

// endAll ends the calls that the test has left.
func (k *kit) endAll() {
	k.mu.Lock()
	left := k.open
	k.open = map[*acquired]struct{}{}
	k.mu.Unlock()
	for a := range left {
		k.Host.Release(a.lease, contract.Discard)
	}
}

func (k *kit) eventually(ok func(Stats) bool) {
	k.t.Helper()
	require.Eventually(k.t, func() bool { return ok(k.Stats()) }, patience, 100*time.Microsecond)
}

// got waits for what was asked for.
func (k *kit) got(c <-chan acquired) acquired {
	k.t.Helper()
	select {
	case a := <-c:
		return a
	case <-time.After(patience):
		require.Fail(k.t, fmt.Sprintf("no sandbox: %+v", k.Stats()))
		return acquired{}
	}
}

// lease starts a sandbox and returns a call in it.
func (k *kit) lease(fn *picasso.Function) acquired {
	k.t.Helper()
	c := k.call(fn)
	k.begun().succeed()
	a := k.got(c)
	require.NoError(k.t, a.err)
	return a
}

// idle starts a sandbox that waits for calls.
func (k *kit) idle(fn *picasso.Function) *box {
	k.t.Helper()
	a := k.lease(fn)
	k.Release(a.lease, contract.Keep)
	return a.box
}

const gone = math.MaxInt64
