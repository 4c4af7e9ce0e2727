package keystone

import (
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/picasso-faas/picasso"
)

// NoAuth believes whatever a request says (auth_strategy = noauth): the
// project is the X-Project-Id header ("demo" without it), the roles are the
// comma-separated X-Roles header (every role without it), the user is
// "noauth". For development on loopback only; the caller has to see to that.
type NoAuth struct{}

// maxRoles bounds the X-Roles header.
const maxRoles = 32

// saneName is what a project id or a role may look like with NoAuth.
var saneName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// Authenticate implements picasso.Authenticator. Errors: invalid, naming the
// header.
func (NoAuth) Authenticate(r *http.Request) (*picasso.Identity, error) {
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
