package placement

import (
	"github.com/picasso-faas/picasso/engine/dispatch"
)

// order is that of a function, of one version of the view.
type order struct {
	version int
	hosts   []int32
}

func (w *world) order(orders map[int]order, fn *function) []int32 {
	o := orders[fn.index]
	if o.version != w.version {
		o = order{w.version, w.view.Order(&fn.Function)}
		orders[fn.index] = o
	}
	return o.hosts
}

// placing is production: dispatch.Place with what a dispatcher knows.
type placing struct {
	p      *process
	orders map[int]order
}

func (pl *placing) next(t *trip) int {
	p, w := pl.p, pl.p.w
	choice := dispatch.Choice{View: w.view, Order: w.order(pl.orders, t.fn), InFlight: p.total, MemoryMB: t.fn.MemoryMB}
	stand := func(host int32) dispatch.Standing { return p.standing(t, w.members[host]) }
	place, found := 0, false
	if !t.waits && len(t.spilled) < maxSpills {
		place, found = dispatch.Place(&choice, stand)
	}
	if !found {
		t.waits = true
		place, found = dispatch.PlaceToWait(&choice, func(int) int { return 0 }, stand)
	}
	if !found {
		return -1
	}
	return int(choice.Order[place])
}

func (p *process) standing(t *trip, h *host) dispatch.Standing {
	k := &p.w.known[h.index]
	s := dispatch.Standing{
		InFlight: p.inFlight[h.index], FreeMB: k.freeMB, IdleMB: k.idleMB, Warm: k.warm[t.fn.index],
		Suspect: p.suspect[h.index] > p.w.now, Asked: t.wasAt(h.index),
	}
	if u := p.uses[h.index][t.fn.index]; u != nil {
		s.Mine, s.Busy = u.calls, u.busyUntil > p.w.now
		s.Warm = s.Warm || u.calls > 0 || u.warmUntil > p.w.now
	}
	s.Image = s.Warm || k.images[t.fn.ImageDigest]
	return s
}

// enough lets a call that was at many hosts wait for room, as in production.
func (t *trip) enough() { t.waits = t.waits || len(t.spilled) >= maxSpills }

// random takes any host.
type random struct{ p *process }

func (r *random) next(t *trip) int {
	t.enough()
	for range 100 {
		place := r.p.w.dice.IntN(len(r.p.w.members))
		if r.p.usable(t, r.p.w.members[place]) {
			return place
		}
	}
	return -1
}

// leastLoaded takes the host with the fewest calls of this process, from a place
// on that is a random one each time.
type leastLoaded struct{ p *process }

func (l *leastLoaded) next(t *trip) int {
	t.enough()
	members := l.p.w.members
	best, from := -1, l.p.w.dice.IntN(len(members))
	for i := range members {
		place := (from + i) % len(members)
		if !l.p.usable(t, members[place]) {
			continue
		}
		if best < 0 || l.p.inFlight[members[place].index] < l.p.inFlight[members[best].index] {
			best = place
		}
	}
	return best
}

// consistent takes the first host of the function that has room.
type consistent struct {
	p      *process
	orders map[int]order
}

func (c *consistent) next(t *trip) int {
	t.enough()
	for _, place := range c.p.w.order(c.orders, t.fn) {
		if c.p.usable(t, c.p.w.members[place]) {
			return int(place)
		}
	}
	return -1
}
