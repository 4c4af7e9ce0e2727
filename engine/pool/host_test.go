package pool

import (
	"context"
	"fmt"
	"testing"
	"time"

	logtest "github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/contract"
)

func TestColdThenHot(t *testing.T) {
	k := newKit(t, 1000)
	fn := function("f")
	c := k.call(fn)
	s := k.begun()
	k.advance(70 * time.Millisecond)
	b := s.succeed()
	cold := k.got(c)
	require.NoError(t, cold.err)
	assert.Same(t, b, cold.box)
	assert.True(t, cold.lease.First)
	assert.Equal(t, 70*time.Millisecond, cold.lease.ColdStart)
	assert.Equal(t, Stats{MemoryMB: 1000, MemoryUsedMB: 100, Sandboxes: 1, CallsRunning: 1, ColdStarts: 1}, k.Stats())
	k.Release(cold.lease, contract.Keep)
	assert.Equal(t, 1, k.Stats().Idle)
	hot := k.got(k.call(fn))
	assert.Same(t, b, hot.box)
	assert.False(t, hot.lease.First)
	assert.Zero(t, hot.lease.ColdStart)
}

func TestOldestWaitsShortest(t *testing.T) {
	k := newKit(t, 1000)
	fn := function("f")
	fn.MaxSandboxes = 1
	running := k.lease(fn)
	var waiting []<-chan acquired
	for range 5 {
		waiting = append(waiting, k.call(fn))
	}
	for i, c := range waiting {
		for _, later := range waiting[i:] {
			assert.Empty(t, later)
		}
		k.Release(running.lease, contract.Keep)
		running = k.got(c)
		assert.False(t, running.lease.First)
	}
	assert.Equal(t, int64(1), k.Stats().ColdStarts)
}

func TestUsedLastIsUsedFirst(t *testing.T) {
	k := newKit(t, 1000)
	fn := function("f")
	fn.MinSandboxes = 3
	k.Warm(fn)
	for range 3 {
		k.begun().succeed()
	}
	k.eventually(func(s Stats) bool { return s.Idle == 3 })
	first, second := k.got(k.call(fn)), k.got(k.call(fn))
	k.Release(second.lease, contract.Keep)
	k.Release(first.lease, contract.Keep)
	for range 3 {
		again := k.got(k.call(fn))
		assert.Same(t, first.box, again.box)
		k.Release(again.lease, contract.Keep)
	}
}

func TestSeveralCallsInOneSandbox(t *testing.T) {
	k := newKit(t, 1000)
	fn := function("f")
	fn.Contract, fn.Concurrency, fn.MaxSandboxes = picasso.ContractWeb, 3, 1
	calls := []<-chan acquired{k.call(fn), k.call(fn), k.call(fn), k.call(fn)}
	b := k.begun().succeed()
	var leases []Lease
	for i, c := range calls[:3] {
		a := k.got(c)
		assert.Same(t, b, a.box)
		assert.Equal(t, i == 0, a.lease.First)
		leases = append(leases, a.lease)
	}
	assert.Empty(t, calls[3], "three is the limit")
	k.Release(leases[0], contract.Keep)
	fourth := k.got(calls[3])
	require.NoError(t, fourth.err)

	// One of them breaks it: the others end in peace, then it is removed.
	k.Release(leases[1], contract.Discard)
	select {
	case <-b.Done():
		t.Error("removed under its calls")
	default:
	}
	k.Release(leases[2], contract.Keep)
	k.Release(fourth.lease, contract.Keep)
	<-b.Done()
	k.eventually(func(s Stats) bool { return s.Sandboxes == 0 && s.MemoryUsedMB == 0 })
}

func TestBurstOfShortCalls(t *testing.T) {
	k := newKit(t, 100_000)
	fn := function("f")
	var calls []<-chan acquired
	for range 50 {
		calls = append(calls, k.call(fn))
	}
	one, two := k.begun(), k.begun()
	k.advance(100 * time.Millisecond)
	one.succeed()
	two.succeed()
	for _, c := range calls {
		a := k.got(c)
		require.NoError(t, a.err)
		k.advance(2 * time.Millisecond)
		k.Release(a.lease, contract.Keep)
	}
	assert.EqualValues(t, 2, k.Stats().ColdStarts)
	assert.Empty(t, k.starts)
}

func TestShortCallsWithoutAPause(t *testing.T) {
	k := newKit(t, 100_000)
	fn := function("f")
	calls := []<-chan acquired{k.call(fn)}
	first := k.begun()
	k.advance(100 * time.Millisecond)
	first.succeed()
	k.eventually(func(s Stats) bool { return s.CallsRunning == 1 })
	calls = append(calls, k.call(fn), k.call(fn))
	require.Eventually(t, func() bool { // a call ends, another one comes: two are waiting whenever one looks
		a := k.got(calls[0])
		k.advance(5 * time.Millisecond)
		calls = append(calls[1:], k.call(fn))
		k.Release(a.lease, contract.Keep)
		return len(k.starts) == 1
	}, patience, time.Millisecond)
	assert.EqualValues(t, 1, k.Stats().ColdStarts)
}

func TestBurstOfLongCalls(t *testing.T) {
	k := newKit(t, 1500) // room for 15
	fn := function("f")
	for range 50 {
		k.call(fn)
	}
	for range 15 {
		k.begunInTime().succeed()
	}
	k.eventually(func(s Stats) bool { return s.CallsRunning == 15 && s.CallsWaiting == 35 })
	assert.Equal(t, 1500, k.Stats().MemoryUsedMB)
	assert.Empty(t, k.starts)
}

func TestWaitTimesOut(t *testing.T) {
	k := newKit(t, 1000)
	fn := function("f")
	fn.MaxSandboxes = 1
	running := k.lease(fn)
	impatient := *fn
	impatient.QueueTimeoutS = 0
	_, err := k.Acquire(context.Background(), &impatient)
	assert.Equal(t, picasso.CodeWaitTimedOut, picasso.CodeOf(err))

	ctx, cancel := context.WithCancel(context.Background())
	c := k.callWith(ctx, fn)
	cancel()
	assert.Equal(t, picasso.CodeWaitTimedOut, picasso.CodeOf(k.got(c).err))
	assert.Zero(t, k.Stats().CallsWaiting)
	k.Release(running.lease, contract.Keep)
	assert.Equal(t, 1, k.Stats().Idle, "nobody waits any more")

	// One that is granted a sandbox in the same moment leaves it.
	for range 50 {
		running := k.got(k.call(fn))
		k.close(running.lease)
		w := &waiter{fn: fn, granted: make(chan grant, 1)}
		w.granted <- grant{lease: running.lease}
		_, err := k.wait(ctx, nil, w, nil)
		require.Equal(t, picasso.CodeWaitTimedOut, picasso.CodeOf(err))
		require.Equal(t, 1, k.Stats().Idle)
	}
}

func TestCancelledWait(t *testing.T) {
	k := newKit(t, 1000)
	fn := function("f")
	fn.MaxSandboxes = 1
	running := k.lease(fn)
	cancel := make(chan struct{})
	c := k.callUnless(context.Background(), cancel, fn)
	close(cancel)
	assert.Equal(t, picasso.CodeCancelled, picasso.CodeOf(k.got(c).err))
	assert.Zero(t, k.Stats().CallsWaiting)
	k.Release(running.lease, contract.Keep)
	assert.Equal(t, 1, k.Stats().Idle)

	// One that is granted a sandbox in the same moment has it, or is cancelled and leaves it.
	for range 200 {
		running := k.got(k.call(fn))
		cancel := make(chan struct{})
		c := k.callUnless(context.Background(), cancel, fn)
		go close(cancel)
		k.Release(running.lease, contract.Keep)
		if a := k.got(c); a.err == nil {
			k.Release(a.lease, contract.Keep)
		}
		require.Equal(t, Stats{MemoryMB: 1000, MemoryUsedMB: 100, Sandboxes: 1, Idle: 1, ColdStarts: 1}, k.Stats())
	}
}

func TestFailedStart(t *testing.T) {
	k := newKit(t, 1000)
	fn := function("f")
	failure := picasso.Errorf(picasso.CodeSandboxFailed, "exit code 3")
	one, two, three := k.call(fn), k.call(fn), k.call(fn)
	s1, s2 := k.begun(), k.begun()
	s1.fail(failure)
	s2.fail(failure)
	for _, c := range []<-chan acquired{one, two, three} {
		assert.Same(t, failure, k.got(c).err)
	}
	assert.Zero(t, k.Stats().MemoryUsedMB)
	_, err := k.Acquire(context.Background(), fn)
	assert.Same(t, failure, err, "in the pause after a failure nothing is started")
	assert.Empty(t, k.starts)
	k.advance(10 * time.Second)
	k.lease(fn)
}

func TestFailedStartLeavesOthersAlone(t *testing.T) {
	k := newKit(t, 1000)
	fn := function("f")
	running := k.call(fn)
	waiting := k.call(fn)
	s1, s2 := k.begun(), k.begun()
	s1.succeed()
	a := k.got(running)
	s2.fail(picasso.Errorf(picasso.CodeSandboxFailed, "no"))
	k.eventually(func(s Stats) bool { return s.Sandboxes == 1 })
	assert.Empty(t, waiting)
	k.Release(a.lease, contract.Keep)
	require.NoError(t, k.got(waiting).err)
}

func TestDeadSandboxes(t *testing.T) {
	k := newKit(t, 1000)
	fn := function("f")
	b := k.idle(fn)
	b.die()
	a := k.lease(fn) // dead or being noticed: never lent
	assert.NotSame(t, b, a.box)

	// One that dies with a call in it is not lent again.
	a.box.die()
	k.Release(a.lease, contract.Keep)
	k.eventually(func(s Stats) bool { return s.Sandboxes == 0 })
	last := k.lease(fn)
	k.Release(last.lease, contract.Missed)
	<-last.box.Done()
}

func TestRevisions(t *testing.T) {
	k := newKit(t, 1000)
	old := function("f")
	idle := k.idle(old)
	busy := k.got(k.call(old))
	assert.Same(t, idle, busy.box)
	next := *old
	next.Revision = 2
	a := k.lease(&next)
	assert.NotSame(t, idle, a.box)
	assert.Equal(t, 2, k.Stats().Sandboxes, "a call in flight ends on the old one")
	k.Release(busy.lease, contract.Keep)
	<-idle.Done()

	late := k.lease(old) // from a cache that has not heard yet
	k.Release(late.lease, contract.Keep)
	<-late.box.Done()

	k.Retire("f", gone)
	k.Release(a.lease, contract.Keep)
	<-a.box.Done()
	k.eventually(func(s Stats) bool { return s.Sandboxes == 0 })
}

// TestRevisionsAreForgotten: a function that is updated again and again and
// called all the while leaves nothing behind.
func TestRevisionsAreForgotten(t *testing.T) {
	k := newKit(t, 1000)
	for revision := range int64(20) {
		fn := function("f")
		fn.Revision = 1 + revision
		k.Release(k.lease(fn).lease, contract.Keep)
	}
	k.eventually(func(s Stats) bool { return s.Sandboxes == 1 })
	k.sweep()
	k.Host.mu.Lock()
	defer k.Host.mu.Unlock()
	assert.Len(t, k.functions["f"].pools, 1)
}

func TestWarm(t *testing.T) {
	k := newKit(t, 1000)
	fn := function("f")
	fn.MinSandboxes = 2
	k.Warm(fn)
	k.Warm(fn)
	one := k.begun().succeed()
	k.begun().succeed()
	k.eventually(func(s Stats) bool { return s.Idle == 2 })
	assert.Empty(t, k.starts)
	one.die()
	k.begun().fail(picasso.Errorf(picasso.CodeSandboxFailed, "no")) // replaced,
	k.eventually(func(s Stats) bool { return s.Sandboxes == 1 })
	k.advance(time.Minute)
	k.sweep()
	k.begun().succeed() // and tried again
	k.eventually(func(s Stats) bool { return s.Idle == 2 })
	for range 60 {
		k.advance(time.Minute)
		k.Warm(fn)
		k.sweep()
	}
	assert.Equal(t, 2, k.Stats().Idle, "promised ones do not expire")
	k.Retire("f", 2)
	k.eventually(func(s Stats) bool { return s.Sandboxes == 0 })
	k.Warm(fn)
	k.sweep()
	assert.Empty(t, k.starts, "a retired revision is not kept warm")
}

// TestWarmLapses: nobody has told that the function is gone.
func TestWarmLapses(t *testing.T) {
	k := newKit(t, 1000)
	fn := function("f")
	fn.MinSandboxes = 1
	k.Warm(fn)
	k.begun().succeed()
	k.eventually(func(s Stats) bool { return s.Idle == 1 })
	k.advance(4 * time.Minute)
	k.sweep()
	assert.Equal(t, 1, k.Stats().Idle)
	k.advance(2 * time.Minute)
	k.sweep()
	k.eventually(func(s Stats) bool { return s.Sandboxes == 0 })
	assert.Empty(t, k.starts)
}

// TestFailedStartIsLoggedWithoutTheLogOfTheFunction: what a project's function
// writes is no business of the operator's.
func TestFailedStartIsLoggedWithoutTheLogOfTheFunction(t *testing.T) {
	k := newKit(t, 1000)
	log, logged := logtest.NewNullLogger()
	k.Host.cfg.Log = log
	fn := function("f")
	fn.MinSandboxes = 1
	k.Warm(fn)
	k.begun().fail(picasso.Errorf(picasso.CodeSandboxFailed, "exit code 3; its log ends: password is 1234"))
	require.Eventually(t, func() bool { return logged.LastEntry() != nil }, patience, time.Millisecond)
	line, err := logged.LastEntry().String()
	require.NoError(t, err)
	assert.Contains(t, line, "sandbox_failed")
	assert.NotContains(t, line, "1234")
}

// TestManyFunctions: the list of very many is the same each time.
func TestManyFunctions(t *testing.T) {
	h := &Host{live: map[*pool]struct{}{}}
	var ids []string
	for i := range 2 * maxListed {
		ids = append(ids, fmt.Sprintf("%06d", i))
		h.live[&pool{fn: function(ids[i]), members: map[*member]struct{}{{}: {}}}] = struct{}{}
	}
	assert.Equal(t, ids[:maxListed], h.Functions())
}
