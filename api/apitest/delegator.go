package apitest

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/picasso-faas/picasso"
)

// Delegator is a picasso.Delegator that makes trusts as Keystone would, in
// memory. The zero value is ready.
type Delegator struct {
	// OnRevoke, where set, may fail instead of ending a trust. Set it before the server starts.
	OnRevoke func(trustID string) error

	mu     sync.Mutex
	made   int
	trusts map[string]Delegated
	asked  []time.Duration
}

// Delegated is a trust that has not ended.
type Delegated struct {
	UserID    string // the trustor
	ProjectID string
	Roles     []string
}

// Delegate implements picasso.Delegator.
func (d *Delegator) Delegate(_ *http.Request, id *picasso.Identity, roles []string) (*picasso.Trust, error) {
	for _, role := range roles {
		if !id.HasRole(role) {
			return nil, picasso.Errorf(picasso.CodeForbidden, "delegate_roles: you lack the role %q in this project", role)
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.made++
	trust := &picasso.Trust{ID: fmt.Sprintf("trust-%d", d.made), UserID: id.UserID}
	if d.trusts == nil {
		d.trusts = map[string]Delegated{}
	}
	d.trusts[trust.ID] = Delegated{UserID: id.UserID, ProjectID: id.ProjectID, Roles: slices.Clone(roles)}
	return trust, nil
}

// Credentials implements picasso.Delegator. The token is "token of" and the id of the trust.
func (d *Delegator) Credentials(_ context.Context, trustID string, lasting time.Duration) (*picasso.Credentials, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, lasting)
	trust, ok := d.trusts[trustID]
	if !ok {
		return nil, picasso.Errorf(picasso.CodeConflict, "delegate_roles: the trust is gone")
	}
	return &picasso.Credentials{
		Token: "token of " + trustID, ExpiresAt: time.Now().Add(time.Hour), AuthURL: "http://keystone.example.org/v3",
		ProjectID: trust.ProjectID, UserID: trust.UserID, Region: "RegionOne",
		Endpoints: map[string]string{"object-store": "http://swift.example.org/v1/AUTH_" + trust.ProjectID},
	}, nil
}

// Revoke implements picasso.Delegator.
func (d *Delegator) Revoke(_ context.Context, trustID string) error {
	if d.OnRevoke != nil {
		if err := d.OnRevoke(trustID); err != nil {
			return err
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.trusts, trustID)
	return nil
}

// Trusts returns the trusts that have not ended, by id.
func (d *Delegator) Trusts() map[string]Delegated {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.trusts)
}

// Made returns how many trusts were made so far.
func (d *Delegator) Made() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.made
}

// Asked returns for how long each credentials were to last.
func (d *Delegator) Asked() []time.Duration {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.asked)
}
