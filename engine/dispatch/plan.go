package dispatch

import (
	"slices"
	"sync"
	"time"

	"github.com/picasso-faas/picasso"
)

const (
	busyFor = 100 * time.Millisecond // for which a host that said busy is not asked again for the function
	// warmFor is how long a sandbox is known to be there from the call that it took;
	// by then the host's inventory has it.
	warmFor = 5 * time.Second
)

// plan is what is kept of a function between its calls.
type plan struct {
	mu       sync.Mutex
	view     *view // that order is of
	revision int64
	order    []int32
	uses     map[*member]*use
}

// use is what the function has on a host.
type use struct {
	calls     int // in flight
	warmUntil time.Time
	busyUntil time.Time
}

func (d *Dispatcher) plan(fn *picasso.Function) *plan {
	if p, ok := d.plans.Get(fn.ID); ok {
		return p
	}
	p := &plan{uses: map[*member]*use{}}
	if before, ok, _ := d.plans.PeekOrAdd(fn.ID, p); ok {
		return before
	}
	return p
}

// follow takes over another view or revision.
func (p *plan) follow(v *view, fn *picasso.Function) {
	if p.view == v && p.revision == fn.Revision {
		return
	}
	p.view, p.revision, p.order = v, fn.Revision, v.Order(fn)
	if fn.MaxSandboxes > 0 { // the others have no share
		p.order = p.order[:min(len(p.order), fn.MaxSandboxes)]
	}
	for m, u := range p.uses {
		if u.calls == 0 && !slices.Contains(v.members, m) {
			delete(p.uses, m)
		}
	}
}

func (p *plan) use(m *member) *use {
	u := p.uses[m]
	if u == nil {
		u = &use{}
		p.uses[m] = u
	}
	return u
}

// next picks the host that the trip goes to, and counts it there. It returns nil
// when there is none left to ask.
func (p *plan) next(t *trip) *member {
	d, fn, now := t.d, t.given.Function, t.d.cfg.Now()
	v := d.view.Load()
	if v == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.follow(v, fn)
	choice := Choice{View: v.View, Order: p.order, InFlight: int(d.inFlight.Load()), MemoryMB: fn.MemoryMB}
	stand := func(host int32) Standing { return p.standing(v.members[host], t, now) }
	place, found := 0, false
	if !t.waits && len(t.spilled) < maxSpills && len(p.order) > 1 {
		place, found = Place(&choice, stand)
	}
	if !found {
		t.waits = true
		place, found = PlaceToWait(&choice, func(place int) int { return Share(fn.MaxSandboxes, len(p.order), place) }, stand)
	}
	if !found {
		return nil
	}
	m := v.members[p.order[place]]
	t.share = Share(fn.MaxSandboxes, len(p.order), place)
	p.use(m).calls++
	m.inFlight.Add(1)
	d.inFlight.Add(1)
	return m
}

func (p *plan) standing(m *member, t *trip, now time.Time) Standing {
	fn, f := t.given.Function, m.facts.Load()
	s := Standing{
		InFlight: int(m.inFlight.Load()), FreeMB: f.freeMB, IdleMB: f.idleMB,
		Suspect: m.suspect.Load(), Asked: t.wasAt(m),
	}
	if u := p.uses[m]; u != nil {
		s.Mine, s.Busy = u.calls, now.Before(u.busyUntil)
		s.Warm = u.calls > 0 && keeps(fn) || now.Before(u.warmUntil)
	}
	s.Warm = s.Warm || f.has(fn.ID)
	s.Image = s.Warm || f.hasImage(fn.ImageDigest)
	return s
}

// ended counts the trip out of m again.
func (p *plan) ended(t *trip, m *member, err *picasso.Error) {
	now, fn := t.d.cfg.Now(), t.given.Function
	t.d.inFlight.Add(-1)
	m.inFlight.Add(-1)
	p.mu.Lock()
	defer p.mu.Unlock()
	u := p.use(m)
	u.calls--
	switch {
	case err == nil && keeps(fn):
		u.warmUntil = now.Add(min(warmFor, fn.IdleTimeout()))
	case err != nil && err.Code == picasso.CodeBusy:
		u.busyUntil = now.Add(busyFor)
	}
}

// keeps tells whether a sandbox of the function is kept for another call.
func keeps(fn *picasso.Function) bool { return fn.Contract != picasso.ContractStdio }
