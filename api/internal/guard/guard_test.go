package guard_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/internal/guard"
	"github.com/picasso-faas/picasso/keystone"
	"github.com/picasso-faas/picasso/keystone/policy"
)

const someID = "00000000-0000-4000-8000-000000000000"

func enter(t *testing.T, authn picasso.Authenticator, roles, rule string) (guard.Access, error) {
	t.Helper()
	authz, err := policy.New(policy.Source{}, logrus.New())
	require.NoError(t, err)
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("X-Project-Id", "alpha")
	r.Header.Set("X-Roles", roles)
	return guard.New(authn, authz).Enter(r, rule)
}

func TestAMemberHasOneProject(t *testing.T) {
	a, err := enter(t, keystone.NoAuth{}, "member", "functions:function:list")
	require.NoError(t, err)
	assert.Equal(t, "alpha", a.Project())
	assert.True(t, a.Admits("alpha"))
	assert.False(t, a.Admits("beta"))
	assert.False(t, a.Admits(""))
	assert.Equal(t, "alpha", a.Scope("name"))
	assert.Equal(t, "alpha", a.Scope(someID))

	for _, own := range []string{"", "alpha"} {
		project, err := a.ListScope(own, own == "alpha")
		require.NoError(t, err)
		assert.Equal(t, "alpha", project)
	}
	for _, other := range []string{"", "beta"} {
		_, err := a.ListScope(other, true)
		assert.Equal(t, picasso.CodeForbidden, picasso.CodeOf(err))
	}
}

func TestAnAdminHasEveryProject(t *testing.T) {
	a, err := enter(t, keystone.NoAuth{}, "admin", "functions:function:list")
	require.NoError(t, err)
	assert.True(t, a.Admits("beta"))
	assert.Equal(t, "alpha", a.Scope("name"), "a name is of the own project")
	assert.Equal(t, "", a.Scope(someID))
	for _, other := range []string{"", "beta"} {
		project, err := a.ListScope(other, true)
		require.NoError(t, err)
		assert.Equal(t, other, project)
	}
}

func TestAnotherRule(t *testing.T) {
	a, err := enter(t, keystone.NoAuth{}, "reader", "functions:function:list")
	require.NoError(t, err)
	assert.NoError(t, a.Require("functions:trigger:list", "alpha"))
	for rule, project := range map[string]string{"functions:trigger:create": "alpha", "functions:trigger:list": "beta"} {
		assert.Equal(t, picasso.CodeForbidden, picasso.CodeOf(a.Require(rule, project)), rule)
	}
	assert.Equal(t, []string{"reader"}, a.Identity().Roles)
}

type scopeless struct{}

func (scopeless) Authenticate(*http.Request) (*picasso.Identity, error) {
	return &picasso.Identity{UserID: "u", Roles: []string{"admin"}, SystemScope: true}, nil
}

func TestWhoDoesNotEnter(t *testing.T) {
	_, err := enter(t, keystone.NoAuth{}, "reader", "functions:function:create")
	assert.Equal(t, picasso.CodeForbidden, picasso.CodeOf(err))
	_, err = enter(t, keystone.NoAuth{}, "admin", "functions:no:such:rule")
	assert.Equal(t, picasso.CodeInternal, picasso.CodeOf(err))
	_, err = enter(t, scopeless{}, "", "functions:function:list")
	assert.Equal(t, picasso.CodeForbidden, picasso.CodeOf(err), "to a store no project is every project")
}

func TestTheZeroAccessIsOfNoUse(t *testing.T) {
	assert.Panics(t, func() { _ = guard.Access{}.Project() })
	assert.Panics(t, func() { guard.Access{}.Scope("name") })
}
