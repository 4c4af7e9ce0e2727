// Package keystone tells who sent a request, with [Authenticator], and lets
// functions act as their projects, with [Delegator].
//
// The first asks Keystone whether the token in a request is valid, as
// keystonemiddleware's auth_token does for services written in Python, and
// remembers the answer for a while. It promises: a token is never stored, logged or shown, only its SHA-256
// is kept; an answer is never used beyond the end of the token or
// token_cache_time; that Keystone does not answer is unavailable, never
// unauthenticated; one token is asked for once at a time, and no more than 32
// are asked for at once; a flood of wrong tokens does not push out good ones.
//
// The second makes trusts with the tokens of users, and gets tokens with these
// trusts. It keeps those in memory alone, for ten minutes at most. A trust that
// does not work is a conflict; that Keystone does not answer, or does not know
// our own user, is unavailable, so that nobody takes a trust for lost then.
package keystone

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/picasso-faas/picasso"
)

// Authenticator implements picasso.Authenticator with Keystone. It is safe for
// concurrent use.
type Authenticator struct {
	config Config
	client *client
	cache  *cache
	now    func() time.Time
}

// New returns an Authenticator. It does not talk to Keystone yet: that may
// come up later than this service. Errors: invalid, naming the option.
func New(config Config) (*Authenticator, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	client, err := newClient(&config)
	if err != nil {
		return nil, err
	}
	return &Authenticator{config: config, client: client, cache: newCache(), now: time.Now}, nil
}

// WWWAuthenticate is the value of the WWW-Authenticate header that belongs to
// every 401.
func (a *Authenticator) WWWAuthenticate() string {
	uri := a.config.WWWAuthenticateURI
	if uri == "" {
		uri = a.config.AuthURL
	}
	return fmt.Sprintf("Keystone uri=%q", uri)
}

// Check reports whether Keystone answers and the service user can log in. A
// failure is worth a line in the log, not the end of the program. Errors:
// unavailable.
func (a *Authenticator) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, a.config.HTTPConnectTimeout)
	defer cancel()
	return a.client.check(ctx)
}

// Authenticate implements picasso.Authenticator: it validates X-Auth-Token,
// and X-Service-Token where there is one. The Identity is shared between
// requests and must not be changed. Besides the errors of the interface:
// forbidden for a valid token that is not scoped to a project or the system.
func (a *Authenticator) Authenticate(r *http.Request) (*picasso.Identity, error) {
	token := header(r, "X-Auth-Token")
	if token == "" {
		return nil, picasso.Errorf(picasso.CodeUnauthenticated, "the request has no X-Auth-Token")
	}
	chain, err := a.chain(r)
	if err != nil {
		return nil, err
	}
	grant, err := a.lookup(r.Context(), token, chain.mayEnd)
	if err != nil {
		return nil, err
	}
	if !chain.exempt && !grant.allows(a.config.ServiceType, r) {
		return nil, picasso.Errorf(picasso.CodeUnauthenticated, "the access rules of the application credential do not allow this request")
	}
	if grant.unscoped {
		return nil, picasso.Errorf(picasso.CodeForbidden, "the token is not scoped to a project")
	}
	return &grant.identity, nil
}

// chain is what it means for a request that another service sent it for the
// user, which its X-Service-Token shows.
type chain struct {
	mayEnd bool // the user's token may have ended since the work began
	exempt bool // from the user's access rules, which are about what the user sends
}

// chain reads X-Service-Token. Nobody becomes exempt without the role of a
// service, even where service_token_roles_required is off: a restricted token
// would lift its own restrictions.
func (a *Authenticator) chain(r *http.Request) (chain, error) {
	token := header(r, "X-Service-Token")
	if token == "" {
		return chain{}, nil
	}
	grant, err := a.lookup(r.Context(), token, false)
	if picasso.CodeOf(err) == picasso.CodeUnauthenticated || err == nil && !grant.allows(a.config.ServiceType, r) {
		return chain{}, picasso.Errorf(picasso.CodeUnauthenticated, "the X-Service-Token is not valid")
	}
	if err != nil {
		return chain{}, err
	}
	isService := slices.ContainsFunc(a.config.ServiceTokenRoles, grant.identity.HasRole)
	if a.config.ServiceTokenRolesRequired && !isService {
		return chain{}, picasso.Errorf(picasso.CodeUnauthenticated, "the X-Service-Token lacks the role of a service")
	}
	return chain{mayEnd: true, exempt: isService}, nil
}

// header is r.Header.Get for a name that is in canonical form already, in a
// tenth of the time: every request comes by here.
func header(r *http.Request, name string) string {
	if values := r.Header[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}
