package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/picasso-faas/picasso"
)

// check is a compiled rule. It must not allocate.
type check func(id *picasso.Identity, target picasso.Target) bool

func always(*picasso.Identity, picasso.Target) bool { return true }

func never(*picasso.Identity, picasso.Target) bool { return false }

func negate(c check) check {
	return func(id *picasso.Identity, target picasso.Target) bool { return !c(id, target) }
}

func anyOf(checks []check) check {
	return func(id *picasso.Identity, target picasso.Target) bool {
		for _, c := range checks {
			if c(id, target) {
				return true
			}
		}
		return false
	}
}

func allOf(checks []check) check {
	return func(id *picasso.Identity, target picasso.Target) bool {
		for _, c := range checks {
			if !c(id, target) {
				return false
			}
		}
		return true
	}
}

// hasRole compiles role:name. Role names are compared without case, as
// oslo.policy and Keystone do.
func hasRole(name string) (check, error) {
	if strings.Contains(name, "%") {
		return nil, fmt.Errorf("role:%s: a role must be written out", name)
	}
	return func(id *picasso.Identity, _ picasso.Target) bool {
		return slices.ContainsFunc(id.Roles, func(role string) bool { return strings.EqualFold(role, name) })
	}, nil
}

// compare compiles the checks that compare two values: on the left an
// attribute of the identity or a literal, on the right text with attributes of
// the target in it. What is missing on either side is equal to nothing: a
// token without a project never matches an object without one.
func compare(kind, match string) (check, error) {
	right, err := parseTemplate(match)
	if err != nil {
		return nil, err
	}
	if value, ok := literal(kind); ok {
		return func(_ *picasso.Identity, target picasso.Target) bool { return right.equals(value, target) }, nil
	}
	left := attribute(kind)
	if left == nil {
		return nil, fmt.Errorf("%q is not a kind of check: expected rule, role, %s or a quoted text", kind, attributes)
	}
	return func(id *picasso.Identity, target picasso.Target) bool {
		value := left(id)
		return value != "" && right.equals(value, target)
	}, nil
}

// attributes names what attribute knows.
const attributes = "user_id, user_domain_id, project_id, project_domain_id, system_scope, is_admin"

// attribute returns the reader of a named attribute of the identity, nil when
// there is none of that name.
func attribute(name string) func(*picasso.Identity) string {
	switch name {
	case "user_id":
		return func(id *picasso.Identity) string { return id.UserID }
	case "user_domain_id":
		return func(id *picasso.Identity) string { return id.UserDomainID }
	case "project_id":
		return func(id *picasso.Identity) string { return id.ProjectID }
	case "project_domain_id":
		return func(id *picasso.Identity) string { return id.ProjectDomainID }
	case "system_scope":
		return func(id *picasso.Identity) string { return choose(id.SystemScope, "all", "") }
	case "is_admin":
		return func(id *picasso.Identity) string { return choose(id.HasRole("admin"), "True", "False") }
	}
	return nil
}

func choose(condition bool, yes, no string) string {
	if condition {
		return yes
	}
	return no
}

// literalShape is what Python would read as a number or a constant; it is
// compared by its text.
var literalShape = regexp.MustCompile(`^(-?[0-9]+(\.[0-9]+)?|True|False|None)$`)

// literal returns the value of a kind that is written out: 'quoted' or
// "quoted", a number, True, False or None.
func literal(kind string) (value string, ok bool) {
	if n := len(kind); n >= 2 && (kind[0] == '\'' || kind[0] == '"') && kind[n-1] == kind[0] {
		return kind[1 : n-1], true
	}
	return kind, literalShape.MatchString(kind)
}
