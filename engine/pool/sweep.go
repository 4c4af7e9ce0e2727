package pool

import (
	"context"
	"time"

	"github.com/picasso-faas/picasso"
)

const (
	sweepEvery = time.Second
	// forgetAfter is how long what is known of a function without sandboxes is kept.
	forgetAfter = 10 * time.Minute
	// promiseFor is how long a promise of Warm holds. Whoever wants more renews
	// it; that a function is gone or paused may never be heard of here.
	promiseFor = 5 * time.Minute
)

func (h *Host) sweepAlways() {
	ticker := time.NewTicker(sweepEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			h.sweep()
		case <-h.stopStarts:
			return
		}
	}
}

// sweep removes what has been idle too long, starts what is promised and
// missing, freezes what will probably not be used soon, and forgets functions
// that are gone.
func (h *Host) sweep() {
	h.mu.Lock()
	now := h.cfg.Now()
	var cold []*member
	for p := range h.live {
		if now.Sub(p.promised) > promiseFor {
			p.min = 0
		}
		p.expire(now)
		p.tend()
		cold = append(cold, p.toFreeze(now)...)
		p.family.touched = now
	}
	for id, f := range h.functions {
		if now.Sub(f.touched) > forgetAfter {
			delete(h.functions, id)
		}
	}
	h.mu.Unlock()
	for _, m := range cold { // their freezing lock is held
		m.sandbox.Freeze()
		m.freezing.Unlock()
	}
}

// track keeps the pool among those that are looked after, as long as there is
// anything to look after.
func (h *Host) track(p *pool) {
	if len(p.members) > 0 || p.starting > 0 || p.waiters.Len() > 0 || p.min > 0 {
		h.live[p] = struct{}{}
		return
	}
	delete(h.live, p)
	p.family.touched = h.cfg.Now()
	if p.retired { // a late call of the revision makes a new pool, retired as well
		delete(p.family.pools, p.fn.Revision)
	}
}

// expire removes sandboxes that have been idle for the function's idle timeout.
func (p *pool) expire(now time.Time) {
	for _, m := range p.evictable() {
		if now.Sub(m.idleSince) >= p.fn.IdleTimeout() {
			p.doom(m)
		}
	}
}

// toFreeze returns the sandboxes to freeze, with their freezing lock held: a
// call that takes one meanwhile waits for it and thaws it again.
func (p *pool) toFreeze(now time.Time) []*member {
	if p.host.cfg.FreezeAfter <= 0 {
		return nil
	}
	var cold []*member
	for _, m := range p.spare {
		idle := m.active == 0 && now.Sub(m.idleSince) >= p.host.cfg.FreezeAfter
		if idle && !m.frozen && m.freezing.TryLock() {
			m.frozen = true
			cold = append(cold, m)
		}
	}
	return cold
}

// Close takes no more calls, waits until those in the sandboxes have ended or
// ctx has, and removes every sandbox. It returns when they are gone.
func (h *Host) Close(ctx context.Context) error {
	drained := h.Drain()
	var err error
	select {
	case <-drained:
	case <-ctx.Done():
		err = picasso.Errorf(picasso.CodeUnavailable, "calls were cut off").WithCause(context.Cause(ctx))
	}
	h.stopOnce.Do(func() { close(h.stopStarts) })
	h.removeAll()
	select { // calls end with their sandboxes, but callers may be slow to take the news
	case <-drained:
	case <-time.After(closeGrace):
	}
	h.work.Wait()
	return err
}

const closeGrace = 5 * time.Second

// Drain takes no more calls from now on and fails those that wait, as
// unavailable; those in the sandboxes go on. What it returns is closed when they
// have ended.
func (h *Host) Drain() <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.drained != nil {
		return h.drained
	}
	h.drained = make(chan struct{})
	for p := range h.live {
		p.min = 0
		p.failWaiters(errClosing())
	}
	if h.running == 0 {
		h.endDrain()
	}
	return h.drained
}

func (h *Host) endDrain() {
	select {
	case <-h.drained:
	default:
		close(h.drained)
	}
}

// removeAll removes every sandbox, also from under its calls.
func (h *Host) removeAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for m := range h.members {
		if m.active > 0 {
			h.work.Go(m.sandbox.Remove)
		}
		m.pool.doom(m)
	}
}
