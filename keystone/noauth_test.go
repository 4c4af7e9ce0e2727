package keystone_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/keystone"
)

func TestNoAuth(t *testing.T) {
	all := []string{"admin", "manager", "member", "reader", "service"}
	for name, c := range map[string]struct {
		project, roles string // headers
		wantProject    string // empty: invalid
		wantRoles      []string
		wantError      string
	}{
		"nothing said":         {wantProject: "demo", wantRoles: all},
		"a project":            {project: "alpha", wantProject: "alpha", wantRoles: all},
		"an id":                {project: "831c19eab1cb46c9b4bac4568430f510", wantProject: "831c19eab1cb46c9b4bac4568430f510", wantRoles: all},
		"roles":                {roles: "member, reader", wantProject: "demo", wantRoles: []string{"member", "reader"}},
		"project with a space": {project: "a b", wantError: "X-Project-Id"},
		"project with a slash": {project: "../x", wantError: "X-Project-Id"},
		"project not ASCII":    {project: "größe", wantError: "X-Project-Id"},
		"project too long":     {project: strings.Repeat("x", 65), wantError: "X-Project-Id"},
		"an empty role":        {roles: "member,", wantError: "X-Roles"},
		"a strange role":       {roles: "member;reader", wantError: "X-Roles"},
		"too many roles":       {roles: strings.Repeat("r,", 40) + "r", wantError: "X-Roles"},
	} {
		r := httptest.NewRequest("GET", "/v2/apps", nil)
		if c.project != "" {
			r.Header.Set("X-Project-Id", c.project)
		}
		if c.roles != "" {
			r.Header.Set("X-Roles", c.roles)
		}
		id, err := keystone.NoAuth{}.Authenticate(r)
		if c.wantError != "" {
			assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err), name)
			assert.ErrorContains(t, err, c.wantError, name)
			continue
		}
		assert.NoError(t, err, name)
		assert.Equal(t, c.wantProject, id.ProjectID, name)
		assert.Equal(t, c.wantRoles, id.Roles, name)
		assert.Equal(t, "noauth", id.UserID, name)
		assert.False(t, id.SystemScope, name)
	}
}

func TestNoAuthRefusesForeignPages(t *testing.T) {
	for origin, allowed := range map[string]bool{
		"http://localhost:3000": true, "http://127.0.0.1": true, "http://[::1]:8080": true,
		"https://evil.example": false, "http://127.0.0.1.evil.example": false, "null": false, "http://192.0.2.1": false, "%": false,
	} {
		r := httptest.NewRequest("POST", "/v2/functions", nil)
		r.Header.Set("Origin", origin)
		_, err := keystone.NoAuth{}.Authenticate(r)
		if allowed {
			assert.NoError(t, err, origin)
			continue
		}
		assert.Equal(t, picasso.CodeForbidden, picasso.CodeOf(err), origin)
	}
}
