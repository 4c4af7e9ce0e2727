package placement

import "time"

// host is a compute host, as it is.
type host struct {
	w       *world
	index   int
	up      bool
	era     int // grows when it leaves: what was there before is no more
	usedMB  int
	idleMB  int
	running int
	pools   map[int]*pool // by function
	idle    []*sandbox    // idle longest first; what is used again is left behind as a gap
	images  map[string]bool
	onLeave []func() // of the calls that it took
}

// pool is the sandboxes of a function on a host.
type pool struct {
	fn       *function
	alive    int
	starting int
	idle     []*sandbox
	waiting  []*call
}

type sandbox struct {
	pool  *pool
	since time.Duration
	idle  bool
}

// call is one on its way. It is told of its end.
type call struct {
	fn   *function
	done func()
}

// ask gives a call to the host, which takes it or says that it is busy.
func (h *host) ask(c *call, spill bool) (taken bool) {
	p := h.pools[c.fn.index]
	if p == nil {
		p = &pool{fn: c.fn}
		h.pools[c.fn.index] = p
	}
	if s := p.takeIdle(); s != nil {
		h.idleMB -= c.fn.MemoryMB
		h.run(p, c)
		return true
	}
	queue := time.Duration(len(p.waiting)+1) * c.fn.run
	comes := p.alive+p.starting > 0
	if queue > start*time.Duration(p.alive+p.starting) && p.starting <= len(p.waiting) {
		switch {
		case h.makeRoom(c.fn.MemoryMB):
			h.start(p)
		case spill, !comes:
			return false
		}
	}
	p.waiting = append(p.waiting, c)
	return true
}

func (p *pool) takeIdle() *sandbox {
	if len(p.idle) == 0 {
		return nil
	}
	s := p.idle[len(p.idle)-1]
	p.idle = p.idle[:len(p.idle)-1]
	s.idle = false
	return s
}

// makeRoom books memory, if need be that of idle sandboxes.
func (h *host) makeRoom(memoryMB int) bool {
	if h.usedMB-h.idleMB+memoryMB > hostMemoryMB {
		return false
	}
	for h.usedMB+memoryMB > hostMemoryMB {
		h.evict()
	}
	h.usedMB += memoryMB
	return true
}

// evict removes the sandbox that has been idle longest.
func (h *host) evict() {
	s := h.idle[0]
	h.idle = h.idle[1:]
	if s.idle {
		h.remove(s)
	}
}

func (h *host) remove(s *sandbox) {
	p := s.pool
	for i, other := range p.idle {
		if other == s {
			p.idle = append(p.idle[:i], p.idle[i+1:]...)
			break
		}
	}
	s.idle = false
	p.alive--
	h.usedMB -= p.fn.MemoryMB
	h.idleMB -= p.fn.MemoryMB
}

func (h *host) start(p *pool) {
	took := start
	if !h.images[p.fn.ImageDigest] {
		took += pull
		h.w.result.Pulls++
	}
	p.starting++
	h.w.result.ColdStarts++
	h.later(took, func() {
		h.images[p.fn.ImageDigest] = true
		p.starting--
		p.alive++
		h.free(p)
	})
}

// run has a sandbox run the call.
func (h *host) run(p *pool, c *call) {
	h.running++
	took := time.Duration(float64(c.fn.run) * (0.5 + h.w.dice.Float64()))
	h.later(took, func() {
		h.running--
		c.done()
		h.free(p)
	})
}

// free gives a sandbox that has nothing to do to the next call.
func (h *host) free(p *pool) {
	if len(p.waiting) > 0 {
		c := p.waiting[0]
		p.waiting = p.waiting[1:]
		h.run(p, c)
		return
	}
	s := &sandbox{pool: p, since: h.w.now, idle: true}
	p.idle = append(p.idle, s)
	h.idle = append(h.idle, s)
	h.idleMB += p.fn.MemoryMB
	h.later(idleTimeout, func() {
		if s.idle {
			h.remove(s)
		}
	})
}

// later does something unless the host has left by then.
func (h *host) later(after time.Duration, do func()) {
	era := h.era
	h.w.at(h.w.now+after, func() {
		if h.era == era {
			do()
		}
	})
}

// leave takes the host away with all that is on it; come brings it back empty.
func (h *host) leave() {
	h.era++
	h.up = false
	h.usedMB, h.idleMB, h.running, h.idle = 0, 0, 0, nil
	h.pools = map[int]*pool{}
	for _, lost := range h.onLeave {
		lost()
	}
}

func (h *host) come() { h.up, h.images = true, map[string]bool{} }
