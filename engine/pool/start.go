package pool

import (
	"context"
	"time"

	"github.com/picasso-faas/picasso"
)

// tick is the pause between two looks after calls that wait.
const tick = 10 * time.Millisecond

// pressedAfter is how long calls may keep waiting for the sandboxes there are,
// however short each wait is, before one more is tried.
const pressedAfter = 300 * time.Millisecond

// tend starts what is wanted, fails the waiting calls when nothing will come
// for them, and looks again soon otherwise. It follows every change for the worse.
func (p *pool) tend() {
	if p.waiters.Len() == 0 {
		p.pressed = time.Time{}
	} else if p.pressed.IsZero() {
		p.pressed = p.host.cfg.Now()
	}
	p.scale()
	if p.waiters.Len() > 0 && len(p.members) == 0 && p.starting == 0 {
		if err := p.hopeless(); err != nil {
			p.failWaiters(err)
		}
	}
	p.host.track(p)
	if p.waiters.Len() == 0 || p.timed {
		return
	}
	p.timed = true
	time.AfterFunc(tick, func() {
		p.host.mu.Lock()
		defer p.host.mu.Unlock()
		p.timed = false
		p.tend()
	})
}

// hopeless returns why a pool without any sandbox will not get one; nil when
// it will.
func (p *pool) hopeless() error {
	if err := p.backoff.active(p.host.cfg.Now()); err != nil {
		return err
	}
	if p.host.roomSoon(p.fn.MemoryMB) {
		return nil
	}
	return errBusy()
}

func (p *pool) scale() {
	now := p.host.cfg.Now()
	if p.host.drained != nil || p.backoff.active(now) != nil {
		return
	}
	for range wanted(p.load(now)) {
		victims, ok := p.host.makeRoom(p)
		if !ok {
			return
		}
		p.starting++
		p.host.work.Go(func() { p.startOne(victims) })
	}
}

func (p *pool) load(now time.Time) load {
	return load{
		Waiting: p.waiters.Len(), Alive: len(p.members), Starting: p.starting,
		Concurrency: p.concurrency(), Max: p.most(), Min: p.min, Cores: p.host.cfg.Cores,
		OneCall: p.fn.Contract == picasso.ContractStdio,
		Pressed: !p.pressed.IsZero() && now.Sub(p.pressed) > pressedAfter,
		Run:     p.expectedRun(now), Start: time.Duration(p.cold),
	}
}

// expectedRun is how long a call runs: as those before it, but at least as
// long as those in the sandboxes have run by now.
func (p *pool) expectedRun(now time.Time) time.Duration {
	if p.running == 0 {
		return time.Duration(p.run)
	}
	elapsed := now.Sub(p.epoch) - p.beganSum/time.Duration(p.running)
	return max(time.Duration(p.run), elapsed)
}

// startOne starts a sandbox, in a goroutine of its own, once the victims that
// make room for it are gone.
func (p *pool) startOne(victims []*member) {
	h := p.host
	for _, m := range victims {
		m.sandbox.Remove()
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-h.stopStarts:
			cancel()
		case <-ctx.Done():
		}
	}()
	began := h.cfg.Now()
	sb, err := h.start(ctx, p.fn)
	took := h.cfg.Now().Sub(began)
	h.mu.Lock()
	defer h.mu.Unlock()
	p.starting--
	if err != nil {
		h.free(p.fn.MemoryMB)
		p.startFailed(err)
	} else {
		h.coldStarts++
		p.cold.add(took)
		p.backoff = backoff{}
		p.pressed = time.Time{}
		p.joined(sb, took)
	}
	p.tend()
}

// startFailed fails the waiting calls, unless there are other sandboxes for them.
func (p *pool) startFailed(err error) {
	now := p.host.cfg.Now()
	p.backoff.failed(err, now)
	if len(p.members) == 0 && p.starting == 0 {
		if p.waiters.Len() == 0 {
			// Not the error: the end of the function's log may be in it.
			p.host.cfg.Log.WithField("code", picasso.CodeOf(err)).WithField("function_id", p.fn.ID).Warn("sandbox could not be started")
		}
		p.failWaiters(err)
	}
}
