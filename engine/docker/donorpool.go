package docker

import (
	"math"
	"slices"
	"sync"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/sandbox"
)

// donorPool knows every donor: ready (never used), parked (waiting for the next
// sandbox of their owner), in use or being made.
type donorPool struct {
	mu     sync.Mutex
	all    map[string]*donor // by name of the container
	ready  []*donor          // oldest first
	parked []*donor          // oldest first
}

// add makes a donor known before Docker knows it.
func (p *donorPool) add(n *donor) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all[n.name] = n
}

func (p *donorPool) setID(n *donor, id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n.id = id
}

// take returns a donor for a sandbox of the owner, preferably one that had a
// sandbox of it before; nil when there is none.
func (p *donorPool) take(owner sandbox.Owner, network picasso.Network) *donor {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := pick(&p.parked, func(n *donor) bool { return n.network == network && n.owner == owner })
	if n == nil {
		n = pick(&p.ready, func(n *donor) bool { return n.network == network })
	}
	return n
}

// pick takes the newest donor that matches out of the list. The newest, since
// its namespace is the likeliest to be in the caches.
func pick(list *[]*donor, match func(*donor) bool) *donor {
	for i, n := range slices.Backward(*list) {
		if match(n) {
			*list = slices.Delete(*list, i, i+1)
			return n
		}
	}
	return nil
}

// put keeps a donor that was never used; like park.
func (p *donorPool) put(n *donor) []*donor { return p.keep(&p.ready, n, math.MaxInt) }

// park keeps a used donor for its owner. It returns the donors that are now
// too many, or of no use, to be discarded.
func (p *donorPool) park(n *donor, most int) []*donor { return p.keep(&p.parked, n, most) }

func (p *donorPool) keep(list *[]*donor, n *donor, most int) (surplus []*donor) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n.lost {
		return []*donor{n}
	}
	*list = append(*list, n)
	for len(*list) > most {
		surplus = append(surplus, (*list)[0])
		*list = slices.Delete(*list, 0, 1)
	}
	return surplus
}

// ended notes that the container of a donor has ended. It returns the donor
// when that is not in use and has to be discarded.
func (p *donorPool) ended(name string) *donor {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := p.all[name]
	if n == nil {
		return nil
	}
	n.lost = true
	same := func(other *donor) bool { return other == n }
	if pick(&p.ready, same) != nil || pick(&p.parked, same) != nil {
		return n
	}
	return nil
}

// readyCount is how many donors of a network were never used.
func (p *donorPool) readyCount(network picasso.Network) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	count := 0
	for _, n := range p.ready {
		if n.network == network {
			count++
		}
	}
	return count
}

// drain takes all donors out that are not in use.
func (p *donorPool) drain() []*donor {
	p.mu.Lock()
	defer p.mu.Unlock()
	unused := slices.Concat(p.ready, p.parked)
	p.ready, p.parked = nil, nil
	return unused
}

func (p *donorPool) forget(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.all, name)
}

func (p *donorPool) known(name string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all[name] != nil
}

// names lists the donors that Docker should have.
func (p *donorPool) names() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var names []string
	for name, n := range p.all {
		if n.id != "" {
			names = append(names, name)
		}
	}
	return names
}
