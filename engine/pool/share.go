package pool

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/picasso-faas/picasso"
)

// A function that runs on several hosts has a share of its max_sandboxes on
// each. Calls bring it along, and the latest one counts.

// limit takes in the share that a call came with. Where it has become smaller,
// sandboxes beyond it take no more calls: idle ones go now, others when their
// calls have ended.
func (p *pool) limit(share int) {
	if share == p.share {
		return
	}
	p.share = share
	if !p.over() {
		return
	}
	byUse := slices.SortedFunc(maps.Keys(p.members), func(a, b *member) int {
		return cmp.Or(cmp.Compare(a.active, b.active), a.idleSince.Compare(b.idleSince))
	})
	for _, m := range byUse[:len(byUse)-p.most()] {
		p.doom(m)
	}
}

// most is how many sandboxes the pool may have; 0: any number.
func (p *pool) most() int {
	if p.share > 0 && (p.fn.MaxSandboxes == 0 || p.share < p.fn.MaxSandboxes) {
		return p.share
	}
	return p.fn.MaxSandboxes
}

// over reports whether the pool has more sandboxes than its share.
func (p *pool) over() bool { return p.share > 0 && len(p.members) > p.most() }

// full reports whether one more call could only wait for the end of another
// one: no sandbox has room, those on their way are spoken for, and there will
// be no others. A function that fails to start is not full: its calls have to be told.
func (p *pool) full() bool {
	if p.waiters.Len() < p.starting*p.concurrency() {
		return false
	}
	if most := p.most(); most > 0 && len(p.members)+p.starting >= most {
		return true
	}
	if p.backoff.active(p.host.cfg.Now()) != nil {
		return len(p.members)+p.starting > 0
	}
	return !p.host.hasRoom(p)
}

// hasRoom reports whether there is memory for one more sandbox of p, or soon will be.
func (h *Host) hasRoom(p *pool) bool {
	missing := h.usedMB + p.fn.MemoryMB - h.cfg.MemoryMB
	if missing <= 0 || h.roomSoon(p.fn.MemoryMB) {
		return true
	}
	_, ok := h.victims(p, missing)
	return ok
}

func errFull() error {
	return &picasso.Error{
		Code: picasso.CodeBusy, Title: picasso.CodeBusy.Title(),
		Detail: "all sandboxes that the function may have on the host have calls", RetryAfter: time.Second,
	}
}
