package keystone

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/picasso-faas/picasso"
)

const (
	// cachedGrants bounds the valid tokens remembered, about 1 KiB each.
	cachedGrants = 10_000
	// cachedRefusals bounds the wrong ones, 40 bytes each. They have a room of
	// their own so that many of them push out no valid one.
	cachedRefusals = 10_000
	// refusalTime is how long a wrong token stays wrong without asking again.
	refusalTime = 10 * time.Second
	// maxValidations bounds the requests to Keystone under way at once.
	maxValidations = 32
	// maxTokenHeaderBytes bounds what is worth asking about: Fernet tokens have
	// about 200 bytes, JWS tokens up to about 1000; common servers take headers of 8 KiB.
	maxTokenHeaderBytes = 4 << 10
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

// lookup returns what a token gives, from memory or from Keystone. Errors:
// unauthenticated, unavailable.
func (a *Authenticator) lookup(ctx context.Context, token string, allowExpired bool) (*grant, error) {
	k := newKey(token, allowExpired)
	for {
		g, err := a.cache.get(k, a.now())
		if g == nil && err == nil {
			if !plausible(token) {
				return nil, refused()
			}
			g, err = a.ask(ctx, k, token)
		}
		switch {
		case errors.Is(err, errAbandoned):
			continue // it was another's turn: ours now, or one more's
		case errors.Is(err, errNoSuchToken):
			return nil, refused()
		}
		return g, err
	}
}

// ask asks Keystone about a token, or waits for who is already asking.
func (a *Authenticator) ask(ctx context.Context, k key, token string) (*grant, error) {
	f, first := a.cache.join(k)
	if first {
		select {
		case a.cache.asking <- struct{}{}:
			go a.fly(context.WithoutCancel(ctx), f, k, token)
		case <-ctx.Done():
			a.cache.land(k, f, nil, errAbandoned)
			return nil, unavailable(ctx.Err())
		}
	}
	select {
	case <-f.done:
		return f.grant, f.err
	case <-ctx.Done():
		return nil, unavailable(ctx.Err())
	}
}

// fly asks Keystone and remembers the answer. It does not end with the caller
// who happened to be first: others wait for it.
func (a *Authenticator) fly(ctx context.Context, f *flight, k key, token string) {
	defer func() { <-a.cache.asking }()
	ctx, cancel := context.WithTimeout(ctx, a.config.HTTPConnectTimeout)
	defer cancel()
	g, err := a.validate(ctx, token, k.allowExpired)
	a.remember(k, g, err)
	a.cache.land(k, f, g, err)
}

func (a *Authenticator) validate(ctx context.Context, token string, allowExpired bool) (*grant, error) {
	body, err := a.client.validate(ctx, token, allowExpired)
	if err != nil {
		return nil, err
	}
	g, err := parseGrant(body)
	if err != nil {
		return nil, unavailable(err)
	}
	if !allowExpired && !a.now().Before(g.identity.ExpiresAt) {
		return nil, errNoSuchToken
	}
	return g, nil
}

func (a *Authenticator) remember(k key, g *grant, err error) {
	until := a.now().Add(a.config.TokenCacheTime)
	switch {
	case errors.Is(err, errNoSuchToken):
		a.cache.refusals.Add(k, a.now().Add(min(refusalTime, a.config.TokenCacheTime)))
	case err == nil && !k.allowExpired && g.identity.ExpiresAt.Before(until):
		a.cache.grants.Add(k, remembered{grant: g, until: g.identity.ExpiresAt})
	case err == nil:
		a.cache.grants.Add(k, remembered{grant: g, until: until})
	}
}

// plausible refuses what Keystone need not be asked about, above all what
// cannot stand in a header of a request to it.
func plausible(token string) bool {
	if len(token) > maxTokenHeaderBytes {
		return false
	}
	for i := range len(token) {
		if token[i] <= ' ' || token[i] > '~' {
			return false
		}
	}
	return true
}

func refused() *picasso.Error {
	return picasso.Errorf(picasso.CodeUnauthenticated, "the token is unknown, has expired or was revoked")
}
