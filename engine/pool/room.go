package pool

import (
	"slices"
	"time"

	"github.com/picasso-faas/picasso"
)

// makeRoom books the memory of one more sandbox of p. Where there is not
// enough, idle sandboxes of others give way, those idle longest first, but
// none that is promised: they are booked out and have to be removed before the
// new one is started. It reports false, and changes nothing, when even that is
// not enough.
func (h *Host) makeRoom(p *pool) (victims []*member, ok bool) {
	missing := h.usedMB + p.fn.MemoryMB - h.cfg.MemoryMB
	if missing > 0 {
		if victims, ok = h.victims(p, missing); !ok {
			return nil, false
		}
	}
	for _, m := range victims {
		m.doomed = true
		delete(m.pool.members, m)
		delete(h.members, m)
		m.pool.unspare(m)
		h.free(m.pool.fn.MemoryMB)
	}
	h.usedMB += p.fn.MemoryMB
	h.sandboxes++
	return victims, true
}

// victims picks idle sandboxes that hold at least the missing memory.
func (h *Host) victims(p *pool, missing int) ([]*member, bool) {
	var idle []*member
	for other := range h.live {
		if other != p {
			idle = append(idle, other.evictable()...)
		}
	}
	slices.SortFunc(idle, func(a, b *member) int { return a.idleSince.Compare(b.idleSince) })
	for i, m := range idle {
		missing -= m.pool.fn.MemoryMB
		if missing <= 0 {
			return idle[:i+1], true
		}
	}
	return nil, false
}

// evictable returns the idle sandboxes beyond those promised, longest idle first.
func (p *pool) evictable() []*member {
	idle := make([]*member, 0, len(p.spare))
	for _, m := range p.spare {
		if m.active == 0 {
			idle = append(idle, m)
		}
	}
	return idle[:min(len(idle), max(0, len(p.members)-p.min))]
}

// free books out one sandbox.
func (h *Host) free(memoryMB int) {
	h.usedMB -= memoryMB
	h.sandboxes--
}

// roomSoon reports whether there will be room for so much when the removals
// under way are done.
func (h *Host) roomSoon(memoryMB int) bool {
	return h.leavingMB > 0 && h.usedMB-h.leavingMB+memoryMB <= h.cfg.MemoryMB
}

func errBusy() error {
	return &picasso.Error{
		Code: picasso.CodeBusy, Title: picasso.CodeBusy.Title(),
		Detail: "the memory of the host is taken by other sandboxes", RetryAfter: time.Second,
	}
}
