package keystone

import (
	"context"
	"errors"
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
