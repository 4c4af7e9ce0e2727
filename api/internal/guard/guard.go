// Package guard is the only way from a request to a project: an Access can be
// had only from Gate.Enter, which authenticates and then authorizes, and a
// handler cannot name a project to a store without one.
package guard

import (
	"net/http"

	"github.com/picasso-faas/picasso"
)

// anyProject stands for a project that is nobody's own: a rule that passes for it
// passes in every project. No project of Keystone has this id.
const anyProject = "*"

// Gate authenticates and authorizes requests. Its methods may be used at once
// from many goroutines.
type Gate struct {
	authn picasso.Authenticator
	authz picasso.Authorizer
}

// New returns a gate that asks authn who is calling and authz what they may do.
func New(authn picasso.Authenticator, authz picasso.Authorizer) *Gate {
	return &Gate{authn: authn, authz: authz}
}

// Access is the right to do what one rule allows, in one project at first. The
// zero value is of no use.
type Access struct {
	authz picasso.Authorizer
	id    *picasso.Identity
	rule  string
}

// Enter finds out who sent r and checks the rule for the project of the caller.
// Errors: unauthenticated, unavailable (the identity service does not answer),
// forbidden (by policy, or a token without a project).
func (g *Gate) Enter(r *http.Request, rule string) (Access, error) {
	id, err := g.authn.Authenticate(r)
	if err != nil {
		return Access{}, err
	}
	if id.ProjectID == "" { // to the stores an empty project means every project
		return Access{}, picasso.Errorf(picasso.CodeForbidden, "the token is not scoped to a project")
	}
	a := Access{authz: g.authz, id: id, rule: rule}
	if err := a.check(rule, id.ProjectID); err != nil {
		return Access{}, err
	}
	return a, nil
}

// Project is the id of the caller's own project.
func (a Access) Project() string { return a.id.ProjectID }

// Identity is who the caller is. It must not be changed.
func (a Access) Identity() *picasso.Identity { return a.id }

// Require checks another rule for the objects of a project. Errors: forbidden.
func (a Access) Require(rule, projectID string) error { return a.check(rule, projectID) }

// Admits reports whether the rule allows the caller the objects of a project.
func (a Access) Admits(projectID string) bool {
	return projectID == a.id.ProjectID || a.check(a.rule, projectID) == nil
}

// Scope is the project to look ref up in: the caller's own, or any ("") when
// ref is an id and the rule passes in every project.
func (a Access) Scope(ref string) string {
	if picasso.IsID(ref) && a.check(a.rule, anyProject) == nil {
		return ""
	}
	return a.id.ProjectID
}

// ListScope is the project to list: the caller's own, the one named in
// projectID, or every one ("") with all. What is not the caller's own needs the rule
// "<rule>:all_projects". Errors: forbidden.
func (a Access) ListScope(projectID string, all bool) (string, error) {
	switch {
	case projectID == "" && !all, projectID == a.id.ProjectID:
		return a.id.ProjectID, nil
	case projectID == "":
		return "", a.check(a.rule+":all_projects", anyProject)
	default:
		return projectID, a.check(a.rule+":all_projects", projectID)
	}
}

func (a Access) check(rule, projectID string) error {
	return a.authz.Authorize(rule, a.id, picasso.Target{"project_id": projectID})
}
