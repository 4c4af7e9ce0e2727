package pool

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/contract"
)

// spill asks as a call does that others would take.
func (k *kit) spill(fn *picasso.Function, share int) error {
	k.t.Helper()
	lease, err := k.Host.Acquire(context.Background(), &Want{Function: fn, Share: share, Spill: true})
	if err == nil {
		k.Host.Release(lease, contract.Keep)
	}
	return err
}

func (k *kit) busy(fn *picasso.Function, share int, why string) {
	k.t.Helper()
	err := k.spill(fn, share)
	require.Equal(k.t, picasso.CodeBusy, picasso.CodeOf(err), "%s: %v", why, err)
	require.Positive(k.t, picasso.AsError(err).RetryAfter)
}

func TestSpillWhenTheShareIsReached(t *testing.T) {
	k := newKit(t, 1000)
	fn := function("a")
	fn.MaxSandboxes = 10
	first := k.lease(fn)
	k.busy(fn, 1, "the only sandbox has a call")
	waits := make(chan struct{}, 1)
	second := k.want(context.Background(), &Want{Function: fn, Share: 1, Waits: func() { waits <- struct{}{} }})
	<-waits
	require.Empty(t, second, "without spill it waits")
	k.Release(first.lease, contract.Keep)
	k.Release(k.got(second).lease, contract.Keep)
	require.NoError(t, k.spill(fn, 1), "a sandbox has room")
	require.Empty(t, k.starts)
}

func TestSpillWhenThereIsNoMemory(t *testing.T) {
	k := newKit(t, 250)
	fn := function("a")
	k.lease(fn)
	big := function("b")
	big.MemoryMB = 200
	k.busy(big, 0, "a sandbox with a call does not give way")
	small := k.want(context.Background(), &Want{Function: function("c"), Spill: true})
	k.begun().succeed()
	require.NoError(t, k.got(small).err, "there is room for it")
	k.busy(fn, 0, "neither sandbox has room, and no other has any")
}

func TestSpillMakesRoom(t *testing.T) {
	k := newKit(t, 100)
	k.idle(function("a"))
	b := k.want(context.Background(), &Want{Function: function("b"), Spill: true})
	k.begun().succeed()
	require.NoError(t, k.got(b).err, "what is idle gives way")
}

func TestSpillWaitsForASandboxOnItsWay(t *testing.T) {
	k := newKit(t, 1000)
	fn := function("a")
	fn.Concurrency = 2
	first := k.want(context.Background(), &Want{Function: fn, Share: 1, Spill: true})
	start := k.begun()
	second := k.want(context.Background(), &Want{Function: fn, Share: 1, Spill: true})
	k.busy(fn, 1, "it is spoken for")
	start.succeed()
	require.NoError(t, k.got(first).err)
	require.NoError(t, k.got(second).err)
}

func TestSpillOfAFunctionThatDoesNotStart(t *testing.T) {
	k := newKit(t, 1000)
	fn := function("a")
	failure := picasso.Errorf(picasso.CodeSandboxFailed, "no such command")
	first := k.call(fn)
	k.begun().fail(failure)
	require.Equal(t, failure, k.got(first).err)
	require.Equal(t, failure, k.spill(fn, 0), "it is the function's fault on other hosts, too")
}

func TestShareThatBecomesSmaller(t *testing.T) {
	k := newKit(t, 1000)
	fn := function("a")
	fn.MaxSandboxes = 3
	var running []acquired
	for range 3 {
		c := k.want(context.Background(), &Want{Function: fn, Share: 3})
		k.advance(time.Second)
		k.begunInTime().succeed()
		running = append(running, k.got(c))
	}
	k.Release(running[0].lease, contract.Keep)
	k.busyOrLent(fn, 1)
	k.eventually(func(s Stats) bool { return s.Sandboxes == 2 })
	k.Release(running[1].lease, contract.Keep)
	k.Release(running[2].lease, contract.Keep)
	k.eventually(func(s Stats) bool { return s.Sandboxes == 1 && s.Idle == 1 })

	fn2 := *fn
	fn2.MaxSandboxes = 2
	c1, c2 := k.want(context.Background(), &Want{Function: &fn2}), k.want(context.Background(), &Want{Function: &fn2})
	require.NoError(t, k.got(c1).err)
	k.begunInTime().succeed()
	require.NoError(t, k.got(c2).err, "without a share there may be more again")
}

// busyOrLent is a call whose only purpose is the share it brings along.
func (k *kit) busyOrLent(fn *picasso.Function, share int) {
	if err := k.spill(fn, share); err != nil {
		require.Equal(k.t, picasso.CodeBusy, picasso.CodeOf(err))
	}
}

func TestDrain(t *testing.T) {
	k := newKit(t, 1000)
	fn := function("a")
	fn.MaxSandboxes = 1
	running := k.lease(fn)
	waiting := k.call(fn)
	require.Equal(t, []string{"a"}, k.Functions())
	ended := k.Drain()
	require.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(k.got(waiting).err))
	_, err := k.Acquire(context.Background(), fn)
	require.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(err))
	require.ErrorContains(t, err, "being stopped")
	stats := k.Stats()
	require.True(t, stats.Draining)
	require.Equal(t, 1, stats.CallsRunning, "it goes on")
	select {
	case <-ended:
		require.Fail(t, "it has not ended")
	default:
	}
	k.Release(running.lease, contract.Keep)
	<-ended
}
