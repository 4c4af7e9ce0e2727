package keystone

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/picasso-faas/picasso"
)

const (
	// maxValidations bounds the requests to Keystone under way at once.
	maxValidations = 32
	// maxTokenHeaderBytes bounds what is worth asking about: Fernet tokens have
	// about 200 bytes, JWS tokens up to about 1000; common servers take headers of 8 KiB.
	maxTokenHeaderBytes = 4 << 10
	// refusalTime is how long a wrong token stays wrong without asking again.
	refusalTime = 10 * time.Second
)

// lookup returns what a token gives, from memory or from Keystone. Errors:
// unauthenticated, unavailable.
func (a *Authenticator) lookup(ctx context.Context, token string, allowExpired bool) (*grant, error) {
	k := newKey(token, allowExpired)
	g, err := a.cache.get(k, a.now())
	if g == nil && err == nil {
		g, err = a.find(ctx, k, token)
	}
	if errors.Is(err, errNoSuchToken) {
		return nil, refused()
	}
	return g, err
}

// find asks Keystone about a token that is not in memory. No caller waits
// longer than http_connect_timeout, their turn to ask included.
func (a *Authenticator) find(ctx context.Context, k key, token string) (*grant, error) {
	if !plausible(token) {
		return nil, errNoSuchToken
	}
	ctx, cancel := context.WithTimeout(ctx, a.config.HTTPConnectTimeout)
	defer cancel()
	for {
		f, first := a.cache.join(k)
		if first {
			a.start(ctx, f, k, token)
		}
		select {
		case <-f.done:
			if !errors.Is(f.err, errAbandoned) {
				return f.grant, f.err
			}
		case <-ctx.Done():
		}
		if err := ctx.Err(); err != nil {
			return nil, unavailable(fmt.Errorf("waiting for an answer of keystone: %w", err))
		}
		// who was to ask gave up: it is our turn, or one more's
	}
}

// start begins to ask, as soon as not too many do.
func (a *Authenticator) start(ctx context.Context, f *flight, k key, token string) {
	if g, err := a.cache.get(k, a.now()); g != nil || err != nil {
		a.cache.land(k, f, g, err) // answered since the caller looked
		return
	}
	select {
	case a.cache.asking <- struct{}{}:
		go a.fly(context.WithoutCancel(ctx), f, k, token)
	case <-ctx.Done():
		a.cache.land(k, f, nil, errAbandoned)
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
