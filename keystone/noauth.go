package keystone

import (
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/picasso-faas/picasso"
)

// NoAuth believes whatever a request says (auth_strategy = noauth): the
// project is the X-Project-Id header ("demo" without it), the roles are the
// comma-separated X-Roles header (every role without it), the user is
// "noauth". For development on loopback only; the caller has to see to that.
// Loopback keeps other hosts out but not the browser of the developer, which
// sends here what any page tells it to: a request of a page from elsewhere is
// refused.
type NoAuth struct{}

// maxRoles bounds the X-Roles header.
const maxRoles = 32

// saneName is what a project id or a role may look like with NoAuth.
var saneName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// Authenticate implements picasso.Authenticator. Errors: invalid, naming the
// header; forbidden, for a page from elsewhere.
func (NoAuth) Authenticate(r *http.Request) (*picasso.Identity, error) {
	if origin := r.Header.Get("Origin"); origin != "" && !isLocal(origin) {
		return nil, picasso.Errorf(picasso.CodeForbidden, "Origin: without authentication only pages of this host may send requests")
	}
	id := &picasso.Identity{
		UserID: "noauth", UserName: "noauth",
		ProjectID: "demo",
		Roles:     []string{"admin", "manager", "member", "reader", "service"},
		ExpiresAt: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	if project := r.Header.Get("X-Project-Id"); project != "" {
		id.ProjectID = project
	}
	if !saneName.MatchString(id.ProjectID) {
		return nil, picasso.Errorf(picasso.CodeInvalid, "X-Project-Id: must be 1 to 64 letters, digits, '-', '_' and '.'")
	}
	id.ProjectName = id.ProjectID
	if list := r.Header.Get("X-Roles"); list != "" {
		roles, err := parseRoles(list)
		if err != nil {
			return nil, err
		}
		id.Roles = roles
	}
	return id, nil
}

// isLocal reports whether an Origin header (RFC 6454) names a page of this host.
func isLocal(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
}

func parseRoles(list string) ([]string, error) {
	roles := strings.Split(list, ",")
	if len(roles) > maxRoles {
		return nil, picasso.Errorf(picasso.CodeInvalid, "X-Roles: names more than %d roles", maxRoles)
	}
	for i, role := range roles {
		roles[i] = strings.TrimSpace(role)
		if !saneName.MatchString(roles[i]) {
			return nil, picasso.Errorf(picasso.CodeInvalid, "X-Roles: a role must be 1 to 64 letters, digits, '-', '_' and '.'")
		}
	}
	return roles, nil
}
