package keystone

import (
	"context"
	"net/http"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/trusts"

	"github.com/picasso-faas/picasso"
)

// as returns a client that uses a token, or none, and does not log in.
func (c *client) as(token string) (*gophercloud.ServiceClient, error) {
	provider, err := c.newProvider()
	if err != nil {
		return nil, err
	}
	provider.SetToken(token)
	return &gophercloud.ServiceClient{ProviderClient: provider, Endpoint: *c.endpoint.Load(), Type: "identity"}, nil
}

// userID is the service user's, from its own token.
func (c *client) userID(ctx context.Context) (string, error) {
	if err := c.check(ctx); err != nil {
		return "", err
	}
	login, ok := c.provider.GetAuthResult().(tokens.CreateResult)
	if !ok {
		return "", unavailable(nil)
	}
	user, err := login.ExtractUser()
	if err != nil {
		return "", unavailable(err)
	}
	return user.ID, nil
}

// createTrust makes a trust of the token's user, who is id, for the service
// user, and returns its id. Errors: unauthenticated, forbidden, invalid, unavailable.
func (c *client) createTrust(ctx context.Context, token string, id *picasso.Identity, roles []string) (string, error) {
	trustee, err := c.userID(ctx)
	if err != nil {
		return "", err
	}
	user, err := c.as(token)
	if err != nil {
		return "", unavailable(err)
	}
	options := trusts.CreateOpts{
		Impersonation: true, TrustorUserID: id.UserID, TrusteeUserID: trustee, ProjectID: id.ProjectID,
	}
	for _, role := range roles {
		options.Roles = append(options.Roles, trusts.Role{Name: role})
	}
	trust, err := trusts.Create(ctx, user, options).Extract()
	if err != nil {
		return "", whyNoTrust(err)
	}
	return trust.ID, nil
}

// whyNoTrust tells a user why Keystone makes no trust.
func whyNoTrust(err error) error {
	cause := explain(err)
	switch {
	case gophercloud.ResponseCodeIs(err, http.StatusUnauthorized):
		return refused().WithCause(cause)
	case gophercloud.ResponseCodeIs(err, http.StatusForbidden):
		return picasso.Errorf(picasso.CodeForbidden, "delegate_roles: this token may not delegate roles, as one of an "+
			"application credential or a trust may not; use a token that you got with a password").WithCause(cause)
	case gophercloud.ResponseCodeIs(err, http.StatusNotFound): // lost since the token was validated
		return picasso.Errorf(picasso.CodeForbidden, "delegate_roles: you lack one of the roles in this project").WithCause(cause)
	case gophercloud.ResponseCodeIs(err, http.StatusBadRequest), gophercloud.ResponseCodeIs(err, http.StatusConflict):
		return picasso.Errorf(picasso.CodeInvalid, "delegate_roles: the identity service does not take these roles").WithCause(cause)
	}
	return unavailable(cause)
}

// useTrust gets a token of a trust. Errors: conflict (it gives none, now or
// for ever), unavailable.
func (c *client) useTrust(ctx context.Context, trustID string) (r tokens.CreateResult, err error) {
	if err := c.check(ctx); err != nil {
		return r, err
	}
	anonymous, err := c.as("")
	if err != nil {
		return r, unavailable(err)
	}
	options := c.config.serviceUser()
	options.Scope = &gophercloud.AuthScope{TrustID: trustID}
	r = tokens.Create(ctx, anonymous, options)
	if r.Err == nil {
		return r, nil
	}
	cause := explain(r.Err)
	switch {
	case gophercloud.ResponseCodeIs(r.Err, http.StatusForbidden):
		return r, broken(cause)
	case gophercloud.ResponseCodeIs(r.Err, http.StatusUnauthorized):
		// Keystone's answer for a trust or a project that is gone, and for a wrong password too
		if err := c.provider.Reauthenticate(ctx, c.provider.Token()); err != nil {
			return r, unavailable(explain(err))
		}
		return r, broken(cause)
	}
	return r, unavailable(cause)
}

// deleteTrust deletes a trust with the trustor's token. Errors: unavailable.
func (c *client) deleteTrust(ctx context.Context, token, trustID string) error {
	trustor, err := c.as(token)
	if err != nil {
		return unavailable(err)
	}
	err = trusts.Delete(ctx, trustor, trustID).ExtractErr()
	if err == nil || gophercloud.ResponseCodeIs(err, http.StatusNotFound) {
		return nil
	}
	return unavailable(explain(err))
}

// broken is what users are told of a trust that gives no token.
func broken(cause error) *picasso.Error {
	return picasso.Errorf(picasso.CodeConflict, "the delegation does not work any more: its Keystone trust was deleted, "+
		"or the user who delegated was disabled or lost a role, or the project is disabled; "+
		"set delegate_roles again to delegate anew").WithCause(cause)
}
