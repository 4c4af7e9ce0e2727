package keystone

import (
	"crypto/sha256"
	"errors"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

const (
	// cachedGrants bounds the valid tokens remembered, about 1 KiB each.
	cachedGrants = 10_000
	// cachedRefusals bounds the wrong ones, which Keystone finds about 150 of a
	// second and which are remembered for refusalTime. They have a room of
	// their own so that many of them push out no valid one.
	cachedRefusals = 2_000
)

// key stands for a token. What holds for one that may have ended is another
// answer than what holds for one that may not.
type key struct {
	sum          [sha256.Size]byte
	allowExpired bool
}

func newKey(token string, allowExpired bool) key {
	var onStack [512]byte // spares every call an allocation
	return key{sum: sha256.Sum256(append(onStack[:0], token...)), allowExpired: allowExpired}
}

type remembered struct {
	grant *grant
	until time.Time
}

// cache remembers answers, and knows which questions are being asked.
type cache struct {
	grants   *lru.Cache[key, remembered]
	refusals *lru.Cache[key, time.Time] // until when
	asking   chan struct{}              // one element for each request to Keystone

	mu      sync.Mutex
	flights map[key]*flight
}

// flight is one question under way, which everybody with the same one awaits.
type flight struct {
	done  chan struct{} // closed when the rest is set
	grant *grant
	err   error
}

// errAbandoned ends the flight of a caller who went away before its turn came.
var errAbandoned = errors.New("keystone: caller gave up")

func newCache() *cache {
	grants, _ := lru.New[key, remembered](cachedGrants) // fails only for a size below 1
	refusals, _ := lru.New[key, time.Time](cachedRefusals)
	return &cache{
		grants: grants, refusals: refusals,
		asking:  make(chan struct{}, maxValidations),
		flights: make(map[key]*flight),
	}
}

// get returns what is remembered: a grant, errNoSuchToken, or neither.
func (c *cache) get(k key, now time.Time) (*grant, error) {
	if r, ok := c.grants.Get(k); ok && now.Before(r.until) {
		return r.grant, nil
	}
	if until, ok := c.refusals.Get(k); ok && now.Before(until) {
		return nil, errNoSuchToken
	}
	return nil, nil
}

// join returns the flight for k; first is true for who has to make it.
func (c *cache) join(k key) (f *flight, first bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f = c.flights[k]; f != nil {
		return f, false
	}
	f = &flight{done: make(chan struct{})}
	c.flights[k] = f
	return f, true
}

// land ends a flight.
func (c *cache) land(k key, f *flight, g *grant, err error) {
	f.grant, f.err = g, err
	c.mu.Lock()
	delete(c.flights, k)
	c.mu.Unlock()
	close(f.done)
}
