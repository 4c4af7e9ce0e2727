package keystone

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/picasso-faas/picasso"
)

const (
	// knownTrusts bounds the trusts with a token in memory, about 2 KiB each.
	knownTrusts = 10_000
	// credentialsTime is how long a token is handed out at most. A trust that
	// lost a role gives tokens without it after that.
	credentialsTime = 10 * time.Minute
	// brokenTime is how long a trust stays broken without asking again.
	brokenTime = 10 * time.Second
	// clockMargin is how much longer than asked for a token lasts, so that
	// clocks may differ and work may be a little late.
	clockMargin = time.Minute
)

// Delegator implements picasso.Delegator with Keystone's trusts. The trustee is
// the service user, who needs no role for it. It is safe for concurrent use.
type Delegator struct {
	config     Config
	delegation Delegation
	client     *client
	trusts     *lru.Cache[string, *knownTrust]
	asking     chan struct{} // one element for each request for a token
	now        func() time.Time
}

// NewDelegator returns a Delegator. It does not talk to Keystone yet. Errors:
// invalid, naming the option.
func NewDelegator(config Config, delegation Delegation) (*Delegator, error) {
	if err := errors.Join(config.Validate(), delegation.Validate()); err != nil {
		return nil, err
	}
	client, err := newClient(&config)
	if err != nil {
		return nil, err
	}
	trusts, _ := lru.New[string, *knownTrust](knownTrusts) // fails only for a size below 1
	return &Delegator{
		config: config, delegation: delegation, client: client, trusts: trusts,
		asking: make(chan struct{}, maxValidations), now: time.Now,
	}, nil
}

// Delegate implements picasso.Delegator: it makes a trust without an end, with
// the X-Auth-Token of r, in the project of id, who sent it. Besides the errors
// of the interface: unauthenticated, when Keystone no longer takes the token.
func (d *Delegator) Delegate(r *http.Request, id *picasso.Identity, roles []string) (*picasso.Trust, error) {
	if err := d.mayDelegate(id, roles); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), d.config.HTTPConnectTimeout)
	defer cancel()
	trustID, err := d.client.createTrust(ctx, header(r, "X-Auth-Token"), id, roles)
	if err != nil {
		return nil, err
	}
	return &picasso.Trust{ID: trustID, UserID: id.UserID}, nil
}

// mayDelegate checks what Keystone would refuse without saying why.
func (d *Delegator) mayDelegate(id *picasso.Identity, roles []string) error {
	if id.ProjectID == "" {
		return picasso.Errorf(picasso.CodeForbidden, "delegate_roles: the token is not scoped to a project")
	}
	if len(roles) == 0 {
		return picasso.Errorf(picasso.CodeInvalid, "delegate_roles: no role is named")
	}
	for _, role := range roles {
		switch {
		case id.HasRole(role):
		case slices.Equal(roles, d.delegation.TriggerRoles):
			return picasso.Errorf(picasso.CodeForbidden, "delegate_roles: you lack the role %q in this project, "+
				"which a trigger also needs to look at its events when it has no delegate_roles", role)
		default:
			return picasso.Errorf(picasso.CodeForbidden, "delegate_roles: you lack the role %q in this project", role)
		}
	}
	return nil
}

// knownTrust is what is remembered of one trust. Only who has the turn looks
// at the rest.
type knownTrust struct {
	turn        chan struct{} // holds one element, of who looks
	credentials *picasso.Credentials
	err         error // conflict, in place of credentials
	until       time.Time
}

// Credentials implements picasso.Delegator. They are shared and must not be
// changed. A token is handed out for ten minutes, as long as it lasts; where
// Keystone's tokens are too short-lived, a fresh one is the best there is.
func (d *Delegator) Credentials(ctx context.Context, trustID string, lasting time.Duration) (*picasso.Credentials, error) {
	ctx, cancel := context.WithTimeout(ctx, d.config.HTTPConnectTimeout)
	defer cancel()
	t := d.known(trustID)
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return nil, unavailable(fmt.Errorf("waiting for the token of a trust: %w", ctx.Err()))
	}
	now := d.now()
	if now.Before(t.until) && (t.err != nil || now.Add(lasting+clockMargin).Before(t.credentials.ExpiresAt)) {
		return t.credentials, t.err
	}
	c, err := d.fetch(ctx, trustID)
	switch {
	case err == nil:
		t.credentials, t.err, t.until = c, nil, d.now().Add(credentialsTime)
	case picasso.CodeOf(err) == picasso.CodeConflict:
		t.credentials, t.err, t.until = nil, err, d.now().Add(brokenTime)
	}
	return c, err
}

func (d *Delegator) known(trustID string) *knownTrust {
	if t, ok := d.trusts.Get(trustID); ok {
		return t
	}
	t := &knownTrust{turn: make(chan struct{}, 1)}
	if other, ok, _ := d.trusts.PeekOrAdd(trustID, t); ok {
		return other
	}
	return t
}

// fetch gets a token of the trust, when not too many others do. Errors:
// conflict, unavailable.
func (d *Delegator) fetch(ctx context.Context, trustID string) (*picasso.Credentials, error) {
	select {
	case d.asking <- struct{}{}:
		defer func() { <-d.asking }()
	case <-ctx.Done():
		return nil, unavailable(fmt.Errorf("waiting for a turn to ask keystone: %w", ctx.Err()))
	}
	result, err := d.client.useTrust(ctx, trustID)
	if err != nil {
		return nil, err
	}
	c, err := d.read(result)
	if err != nil {
		return nil, unavailable(fmt.Errorf("keystone's answer about a trust: %w", err))
	}
	return c, nil
}

// Revoke implements picasso.Delegator. The service user may not delete a trust,
// but with a token of the trust it does so as the trustor. A trust that gives
// no token, because its user or project is disabled or a role was lost, stays
// in Keystone; those of a deleted user or project Keystone deletes itself.
func (d *Delegator) Revoke(ctx context.Context, trustID string) error {
	ctx, cancel := context.WithTimeout(ctx, d.config.HTTPConnectTimeout)
	defer cancel()
	d.trusts.Remove(trustID)
	c, err := d.fetch(ctx, trustID)
	if picasso.CodeOf(err) == picasso.CodeConflict {
		return nil
	}
	if err != nil {
		return err
	}
	return d.client.deleteTrust(ctx, c.Token, trustID)
}
