package pool

import (
	"container/list"
	"slices"
	"time"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/contract"
)

// pool is the sandboxes of one function revision. Everything in it is guarded
// by the host's lock; no method waits for anything.
//
// While calls are waiting no sandbox has a place to spare: what becomes free
// is lent to the oldest waiting call at once.
type pool struct {
	host    *Host
	fn      *picasso.Function
	family  *family
	members map[*member]struct{} // that take calls
	spare   []*member            // of these, with room for a call; used last is at the end
	waiters *list.List           // of *waiter, oldest first

	starting int
	min      int       // promised by Warm
	promised time.Time // latest; a promise that is not renewed lapses
	share    int       // of the function's max_sandboxes that are for this host; 0: all
	retired  bool      // no sandbox is kept without a call

	epoch    time.Time
	running  int
	beganSum time.Duration // of the running calls, since epoch
	run      average
	cold     average
	backoff  backoff

	timed   bool      // a timer will look after the waiting calls
	pressed time.Time // since when some call has been waiting whenever it was looked; zero when none
}

// waiter is a call that waits for a sandbox.
type waiter struct {
	fn      *picasso.Function // as the call has it
	place   *list.Element     // nil once something was granted
	granted chan grant        // takes one without blocking
}

type grant struct {
	lease Lease
	err   error
}

func (p *pool) concurrency() int { return max(1, p.fn.Concurrency) }

// takeSpare takes the sandbox used last out of those with room, unless it is dead.
func (p *pool) takeSpare() *member {
	for len(p.spare) > 0 {
		m := p.spare[len(p.spare)-1]
		if !m.dead() {
			return m
		}
		p.doom(m)
	}
	return nil
}

// lend puts one call into the sandbox.
func (p *pool) lend(m *member) Lease {
	now := p.host.cfg.Now().Sub(p.epoch)
	m.active++
	p.running++
	p.host.running++
	p.beganSum += now
	if m.active >= p.concurrency() {
		p.unspare(m)
	}
	return Lease{Sandbox: m.sandbox, member: m, began: now}
}

// returned books the end of a lease.
func (p *pool) returned(lease Lease, fate contract.Fate) {
	m := lease.member
	now := p.host.cfg.Now()
	m.active--
	m.idleSince = now
	p.running--
	p.host.running--
	p.beganSum -= lease.began
	if fate != contract.Missed {
		p.run.add(now.Sub(p.epoch) - lease.began)
	}
}

// offer gives the room in a sandbox to the waiting calls, and keeps what is left.
func (p *pool) offer(m *member) {
	for m.active < p.concurrency() && p.waiters.Len() > 0 {
		p.grant(grant{lease: p.lend(m)})
	}
	switch {
	case m.active == 0 && p.retired:
		p.doom(m)
	case m.active < p.concurrency() && !m.spare:
		m.spare = true
		p.spare = append(p.spare, m)
	}
}

// grant gives something to the oldest waiting call.
func (p *pool) grant(g grant) {
	w := p.waiters.Remove(p.waiters.Front()).(*waiter)
	w.place = nil
	w.granted <- g
}

func (p *pool) failWaiters(err error) {
	for p.waiters.Len() > 0 {
		p.grant(grant{err: err})
	}
}

func (p *pool) unspare(m *member) {
	if !m.spare {
		return
	}
	m.spare = false
	i := len(p.spare) - 1
	for p.spare[i] != m { // mostly it is the last
		i--
	}
	p.spare = slices.Delete(p.spare, i, i+1)
}

// doom lets a sandbox take no more calls, and removes it when it has none.
func (p *pool) doom(m *member) {
	if m.doomed {
		return
	}
	m.doomed = true
	delete(p.members, m)
	p.unspare(m)
	if m.active == 0 {
		p.remove(m)
	}
}

// remove removes a doomed sandbox that has no calls.
func (p *pool) remove(m *member) {
	h := p.host
	h.leavingMB += p.fn.MemoryMB
	h.work.Go(func() {
		m.sandbox.Remove()
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.members, m)
		h.leavingMB -= p.fn.MemoryMB
		h.free(p.fn.MemoryMB)
	})
}

func (p *pool) retire() {
	p.retired, p.min = true, 0
	for _, m := range slices.Clone(p.spare) {
		if m.active == 0 {
			p.doom(m)
		}
	}
}

// joined takes in a sandbox that has been started.
func (p *pool) joined(sb contract.Sandbox, took time.Duration) {
	m := &member{pool: p, sandbox: sb, idleSince: p.host.cfg.Now()}
	p.members[m] = struct{}{}
	p.host.members[m] = struct{}{}
	if sb.Done() != nil {
		go p.host.watch(m)
	}
	if p.host.drained != nil || p.over() {
		p.doom(m)
		return
	}
	if p.waiters.Len() > 0 {
		lease := p.lend(m)
		lease.First, lease.ColdStart = true, took
		p.grant(grant{lease: lease})
	}
	p.offer(m)
}
