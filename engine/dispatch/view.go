package dispatch

import (
	"hash/fnv"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/picasso-faas/picasso"
)

// Candidate is what the place of a function depends on for as long as the host
// is there. What changes from call to call is in Standing.
type Candidate struct {
	Name     string
	Cores    int
	MemoryMB int      // for sandboxes
	Tags     []string // what functions may ask for
	Projects []string // ids of those it is dedicated to; empty: none
}

// View is the hosts that take calls. It does not change.
type View struct {
	hosts     []Candidate // by name
	seeds     []uint64    // of the names
	cores     int         // of all together
	dedicated map[string]struct{}
}

// NewView makes a view of the hosts, which it sorts by name. dedicated lists the
// projects that have hosts of their own, also where those take no calls now:
// nobody else's serve them instead.
func NewView(hosts []Candidate, dedicated []string) *View {
	v := &View{hosts: hosts, seeds: make([]uint64, len(hosts)), dedicated: make(map[string]struct{}, len(dedicated))}
	slices.SortFunc(hosts, func(a, b Candidate) int { return strings.Compare(a.Name, b.Name) })
	for i := range hosts {
		v.seeds[i] = hash(hosts[i].Name)
		v.cores += hosts[i].Cores
	}
	for _, project := range dedicated {
		v.dedicated[project] = struct{}{}
	}
	return v
}

// same reports whether every function has the same order in both.
func (v *View) same(w *View) bool {
	return maps.Equal(v.dedicated, w.dedicated) && slices.EqualFunc(v.hosts, w.hosts, func(a, b Candidate) bool {
		return a.Name == b.Name && a.Cores == b.Cores && a.MemoryMB == b.MemoryMB &&
			slices.Equal(a.Tags, b.Tags) && slices.Equal(a.Projects, b.Projects)
	})
}

// Order returns the hosts that may have the function, as places in the view: by
// weighted rendezvous hashing on its id, with the memory of a host for its
// weight. Whoever knows the same hosts gets the same order, and a host that
// comes or goes changes nothing in the order of the others.
//
// Thaler and Ravishankar, "A name-based mapping scheme for rendezvous" (1996);
// the weights as of Schindelhauer and Schomaker, "Weighted distributed hash
// tables" (2005).
func (v *View) Order(fn *picasso.Function) []int32 {
	_, own := v.dedicated[fn.ProjectID]
	return v.order(fn.ID, func(host *Candidate) bool {
		switch {
		case own != slices.Contains(host.Projects, fn.ProjectID), !own && len(host.Projects) > 0:
			return false
		}
		return hasAll(host.Tags, fn.HostTags)
	})
}

func (v *View) order(key string, may func(host *Candidate) bool) []int32 {
	type scored struct {
		host  int32
		score float64
	}
	seed, all := hash(key), make([]scored, 0, len(v.hosts))
	for i := range v.hosts {
		if may(&v.hosts[i]) {
			all = append(all, scored{int32(i), score(seed, v.seeds[i], v.hosts[i].MemoryMB)})
		}
	}
	slices.SortFunc(all, func(a, b scored) int {
		switch {
		case a.score > b.score:
			return -1
		case a.score < b.score:
			return 1
		}
		return int(a.host - b.host)
	})
	order := make([]int32, len(all))
	for i := range all {
		order[i] = all[i].host
	}
	return order
}

// score is the larger the nearer the host is to the key: an exponentially
// distributed time until the host would take it, turned round.
func score(key, host uint64, weight int) float64 {
	uniform := (float64(mix(key^host)>>11) + 0.5) / (1 << 53) // of (0, 1)
	return float64(max(weight, 1)) / -math.Log(uniform)
}

// hash is the same in all processes.
func hash(s string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s)) // cannot fail
	return mix(h.Sum64())
}

// mix spreads every bit over all others: the finalizer of SplitMix64 (Steele,
// Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func hasAll(have, want []string) bool {
	for _, tag := range want {
		if !slices.Contains(have, tag) {
			return false
		}
	}
	return true
}

// Share is how many of at most limit sandboxes the host in that place of an
// order of n may have: as many as others, the first ones one more, in the first
// limit places. The shares of all places together are limit. A limit of 0 is
// none, and so is the share then.
func Share(limit, n, place int) int {
	sharing := min(limit, n)
	if place >= sharing {
		return 0
	}
	share := limit / sharing
	if place < limit%sharing {
		share++
	}
	return share
}
