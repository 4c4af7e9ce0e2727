package placement

import (
	"slices"
	"time"
)

const (
	maxSpills = 16 // as of engine/dispatch
	maxWaits  = 3
	busyFor   = 100 * time.Millisecond
	warmFor   = 5 * time.Second
)

// process dispatches calls. It knows its own, and what hosts say.
type process struct {
	w        *world
	policy   policy
	total    int
	inFlight []int           // by host
	uses     []map[int]*use  // by host and function
	suspect  []time.Duration // by host, until when
}

// use is what a process knows of a function on a host.
type use struct {
	calls     int
	warmUntil time.Duration
	busyUntil time.Duration
}

// policy says where a call goes next: a host of the world's members, or -1.
type policy interface {
	next(t *trip) int
}

// trip is a call on its way to a host.
type trip struct {
	fn      *function
	spilled []int
	asked   []int
	waits   bool
	waited  int
}

func newProcess(w *world) process {
	p := process{w: w, inFlight: make([]int, len(w.hosts)), uses: make([]map[int]*use, len(w.hosts)), suspect: make([]time.Duration, len(w.hosts))}
	for i := range p.uses {
		p.uses[i] = map[int]*use{}
	}
	return p
}

func (p *process) use(h *host, fn *function) *use {
	u := p.uses[h.index][fn.index]
	if u == nil {
		u = &use{}
		p.uses[h.index][fn.index] = u
	}
	return u
}

// send sends a call to host after host until one takes it.
func (p *process) send(t *trip) {
	w := p.w
	place := p.policy.next(t)
	if place < 0 {
		w.result.Rejected++
		return
	}
	w.asked++
	h := w.members[place]
	u := p.use(h, t.fn)
	p.count(h, u, 1)
	era := h.era
	c := &call{fn: t.fn, done: func() {
		p.count(h, u, -1)
		u.warmUntil = w.now + warmFor
	}}
	w.at(w.now+hop, func() {
		switch {
		case !h.up || h.era != era:
			p.count(h, u, -1)
			p.suspect[h.index] = w.now + poll
			t.asked = append(t.asked, h.index)
			p.send(t)
		case !h.ask(c, !t.waits):
			p.count(h, u, -1)
			u.busyUntil = w.now + busyFor
			p.refused(t, h)
		default:
			p.lost(h, u, c)
		}
	})
}

// lost counts a call out that goes down with its host.
func (p *process) lost(h *host, u *use, c *call) {
	over, done := false, c.done
	c.done = func() {
		over = true
		done()
	}
	h.onLeave = append(h.onLeave, func() {
		if !over {
			p.count(h, u, -1)
		}
	})
}

func (p *process) count(h *host, u *use, n int) {
	p.total += n
	p.inFlight[h.index] += n
	u.calls += n
}

func (p *process) refused(t *trip, h *host) {
	if !t.waits {
		t.spilled = append(t.spilled, h.index)
		p.send(t)
		return
	}
	t.asked = append(t.asked, h.index)
	if t.waited++; t.waited >= maxWaits {
		p.w.result.Rejected++
		return
	}
	p.send(t)
}

// wasAt tells whether a host has to be left out.
func (t *trip) wasAt(host int) bool {
	return slices.Contains(t.asked, host) || !t.waits && slices.Contains(t.spilled, host)
}

// usable tells whether a host may be asked, for policies that know no more.
func (p *process) usable(t *trip, h *host) bool {
	return !t.wasAt(h.index) && p.suspect[h.index] <= p.w.now
}
