package picasso

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Identity is who is calling: the user and the project a validated token is
// scoped to. It carries no token and is safe to log by its ids.
type Identity struct {
	UserID          string
	UserName        string
	UserDomainID    string
	ProjectID       string // empty when the token has no project scope
	ProjectName     string
	ProjectDomainID string
	Roles           []string // role names as Keystone expands them (admin implies member implies reader)
	SystemScope     bool     // scoped to the system, not to a project
	ExpiresAt       time.Time
}

// HasRole reports whether the identity holds the role.
func (id *Identity) HasRole(name string) bool { return slices.Contains(id.Roles, name) }

// Authenticator tells who sent a request.
type Authenticator interface {
	// Authenticate reads the credentials in the headers of r and nothing else of
	// its body. The Identity may be shared between requests and must not be
	// changed. Errors: unauthenticated, forbidden (a valid token without a
	// project), invalid (a header), unavailable (the identity service does not answer).
	Authenticate(r *http.Request) (*Identity, error)
}

// Target is what a policy rule is checked against: the attributes of the
// object, such as "project_id" or "user_id".
type Target map[string]string

// Authorizer decides whether an identity may do something.
type Authorizer interface {
	// Authorize checks the named rule ("functions:<resource>:<verb>"). Errors:
	// forbidden, whose Detail names the rule.
	Authorize(rule string, id *Identity, target Target) error
}

// Trust is a Keystone trust by which a user lets this service act in a project,
// with some of the user's roles there and as that user (OS-TRUST, impersonation).
type Trust struct {
	ID     string
	UserID string // the trustor
}

// Credentials are what a function acts as its project with, for one call. They
// are never logged, stored or kept in the environment of a sandbox that serves
// more than one call.
type Credentials struct {
	Token     string            `json:"-"` // of Keystone, scoped to the project by a trust
	ExpiresAt time.Time         // of Token
	AuthURL   string            // of Keystone, as users reach it, with /v3
	ProjectID string            //
	UserID    string            // the trustor, who the token says it is
	Region    string            // the endpoints are in
	Endpoints map[string]string // public URLs by service type, as "object-store"; for the project
}

// Format implements fmt.Formatter: whatever prints credentials, or a call with
// them, prints whose they are and not the token.
func (c Credentials) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "credentials of user %s in project %s", c.UserID, c.ProjectID)
}

// Delegator lets functions act as their projects.
type Delegator interface {
	// Delegate makes a trust with roles of the user who sent r. Errors:
	// forbidden (the user lacks one of the roles, or their token may not delegate,
	// such as that of an application credential), invalid, unavailable.
	Delegate(r *http.Request, id *Identity, roles []string) (*Trust, error)
	// Credentials returns a token that lasts for so long at least. It may be
	// one that others got, too. Errors: conflict (the trust is gone, or its
	// user has lost a role or was disabled), unavailable.
	Credentials(ctx context.Context, trustID string, lasting time.Duration) (*Credentials, error)
	// Revoke ends a trust, and with it its tokens. One that is gone already is no
	// error, nor is one that nobody can use any more. Errors: unavailable.
	Revoke(ctx context.Context, trustID string) error
}

// TrustStore keeps trusts that nothing uses any more until they are revoked.
// Functions and triggers that are deleted or get another trust leave theirs
// here in the same transaction. Every method may return unavailable.
type TrustStore interface {
	// DropTrust leaves a trust that never came to be used, or that could not be revoked
	// and goes behind all others. One that is in use after all stays.
	DropTrust(ctx context.Context, trustID string) error
	// DroppedTrusts returns ids of up to limit trusts, those dropped longest first.
	DroppedTrusts(ctx context.Context, limit int) ([]string, error)
	// ForgetTrust removes a trust that was revoked.
	ForgetTrust(ctx context.Context, trustID string) error
}
