package pool

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/contract"
)

func TestFullHostIsBusyAtOnce(t *testing.T) {
	k := newKit(t, 150)
	running := k.lease(function("a"))
	_, err := k.Acquire(context.Background(), function("b"))
	require.Equal(t, picasso.CodeBusy, picasso.CodeOf(err))
	assert.Equal(t, time.Second, picasso.AsError(err).RetryAfter)
	// A function that has a sandbox waits for it.
	waiting := k.call(function("a"))
	k.Release(running.lease, contract.Keep)
	assert.NoError(t, k.got(waiting).err)
}

func TestIdleLongestGivesWay(t *testing.T) {
	k := newKit(t, 350)
	var boxes []*box
	for _, name := range []string{"a", "b", "c"} {
		boxes = append(boxes, k.idle(function(name)))
		k.advance(time.Second)
	}
	again := k.got(k.call(function("a"))) // now b is the one idle longest
	k.Release(again.lease, contract.Keep)
	k.lease(function("d"))
	<-boxes[1].Done()
	assert.Equal(t, 300, k.Stats().MemoryUsedMB)
	big := function("e")
	big.MemoryMB = 200
	k.lease(big) // takes two
	<-boxes[0].Done()
	<-boxes[2].Done()
	assert.Equal(t, 300, k.Stats().MemoryUsedMB)
}

func TestVictimsAreGoneBeforeTheStart(t *testing.T) {
	k := newKit(t, 100)
	victim := k.idle(function("a"))
	victim.removing = make(chan struct{})
	c := k.call(function("b"))
	assert.Empty(t, k.starts)
	close(victim.removing)
	k.begun().succeed()
	assert.NoError(t, k.got(c).err)
	select {
	case <-victim.Done():
	default:
		t.Error("two sandboxes in the room of one")
	}
}

func TestPromisedAndBusyOnesStay(t *testing.T) {
	k := newKit(t, 300)
	warm := function("warm")
	warm.MinSandboxes = 1
	k.Warm(warm)
	promised := k.begun().succeed()
	k.eventually(func(s Stats) bool { return s.Idle == 1 })
	k.lease(function("busy"))
	idle := k.idle(function("idle"))
	big := function("big")
	big.MemoryMB = 200
	_, err := k.Acquire(context.Background(), big)
	require.Equal(t, picasso.CodeBusy, picasso.CodeOf(err))
	for _, b := range []*box{promised, idle} {
		select {
		case <-b.Done():
			t.Error("removed for nothing")
		default:
		}
	}
}

func TestRoomThatIsBeingMade(t *testing.T) {
	k := newKit(t, 100)
	fn := function("a")
	a := k.lease(fn)
	a.box.removing = make(chan struct{})
	k.Release(a.lease, contract.Discard)
	waiting := k.call(fn)
	assert.Empty(t, waiting, "not busy: the room is about to come")
	close(a.box.removing)
	k.begun().succeed()
	assert.NoError(t, k.got(waiting).err)
}

func TestIdleTimeout(t *testing.T) {
	k := newKit(t, 1000)
	fn := function("f")
	b := k.idle(fn)
	k.advance(fn.IdleTimeout() - 1)
	k.sweep()
	assert.Equal(t, 1, k.Stats().Idle)
	k.advance(1)
	k.sweep()
	<-b.Done()
	k.eventually(func(s Stats) bool { return s.Sandboxes == 0 })
	assert.Len(t, k.functions, 1, "what was learnt is kept for a while")
	k.advance(time.Hour)
	k.sweep()
	assert.Empty(t, k.functions)
}

func TestFreezing(t *testing.T) {
	k := newKit(t, 1000)
	fn := function("f")
	b := k.idle(fn)
	k.advance(9 * time.Second)
	k.sweep()
	assert.False(t, b.frozen.Load())
	k.advance(time.Second)
	k.sweep()
	k.sweep()
	assert.True(t, b.frozen.Load())
	assert.EqualValues(t, 1, b.freezes.Load())
	a := k.got(k.call(fn))
	assert.Same(t, b, a.box)
	assert.False(t, b.frozen.Load(), "thawed before use")
	k.advance(time.Minute)
	k.sweep()
	assert.False(t, b.frozen.Load(), "in use")
	k.Release(a.lease, contract.Keep)
}

func TestClose(t *testing.T) {
	k := newKit(t, 1000)
	fn := function("f")
	fn.MaxSandboxes = 1
	running := k.lease(fn)
	waiting := k.call(fn)
	other := k.call(function("starting"))
	k.begun()
	closed := make(chan error)
	go func() { closed <- k.Close(context.Background()) }()
	assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(k.got(waiting).err))
	assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(k.got(other).err))
	_, err := k.Acquire(context.Background(), fn)
	assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(err))
	assert.Empty(t, closed, "a call is still running")
	k.Release(running.lease, contract.Keep)
	assert.NoError(t, <-closed)
	<-running.box.Done()
	assert.Zero(t, k.Stats().Sandboxes)
}

func TestCloseCutsCallsOff(t *testing.T) {
	k := newKit(t, 1000)
	running := k.lease(function("f"))
	go func() {
		<-running.box.Done() // as a call in it would notice
		k.Release(running.lease, contract.Discard)
	}()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(k.Close(ctx)))
	assert.Zero(t, k.Stats().Sandboxes)
}

// TestMany lets many callers of many functions at a host that is too small for them.
func TestMany(t *testing.T) {
	k := newKit(t, 500)
	go func() {
		for {
			select {
			case s := <-k.starts:
				s.succeed()
			case <-t.Context().Done(): // a start may still come late
				return
			}
		}
	}()
	done := make(chan struct{})
	for caller := range 20 {
		go func() {
			defer func() { done <- struct{}{} }()
			for i := range 200 {
				fn := function(string(rune('a' + (caller+i)%8)))
				lease, err := k.Acquire(context.Background(), fn)
				if err != nil {
					assert.Equal(t, picasso.CodeBusy, picasso.CodeOf(err))
					continue
				}
				switch i % 17 {
				case 3:
					lease.Sandbox.(*box).die()
				case 5:
					k.Release(lease, contract.Discard)
					continue
				case 7:
					k.sweep()
				}
				k.Release(lease, contract.Keep)
				assert.LessOrEqual(t, k.Stats().MemoryUsedMB, 500)
			}
		}()
	}
	for range 20 {
		<-done
	}
	stats := k.Stats()
	assert.Zero(t, stats.CallsRunning)
	assert.Zero(t, stats.CallsWaiting)
}
