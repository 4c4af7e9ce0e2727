package picasso

import (
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
