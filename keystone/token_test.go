package keystone

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// The files of testdata are what a Keystone 22 answered.
func TestParseGrant(t *testing.T) {
	at := func(s string) time.Time {
		parsed, err := time.Parse(time.RFC3339, s)
		require.NoError(t, err)
		return parsed
	}
	for file, want := range map[string]grant{
		"project-member": {identity: picasso.Identity{
			UserID: "5485b743339c489591c1a6ae84e49642", UserName: "alice", UserDomainID: "default",
			ProjectID: "831c19eab1cb46c9b4bac4568430f510", ProjectName: "alpha", ProjectDomainID: "default",
			Roles: []string{"reader", "member"}, ExpiresAt: at("2026-11-22T11:30:24Z"),
		}},
		"project-reader": {identity: picasso.Identity{
			UserID: "17fb78ab193e4b63bc09aca67633a4d7", UserName: "rhea", UserDomainID: "default",
			ProjectID: "831c19eab1cb46c9b4bac4568430f510", ProjectName: "alpha", ProjectDomainID: "default",
			Roles: []string{"reader"}, ExpiresAt: at("2026-11-22T11:30:25Z"),
		}},
		"project-admin": {identity: picasso.Identity{
			UserID: "e9cd8d091b1947cd8dc41655a50ee2d4", UserName: "admin", UserDomainID: "default",
			ProjectID: "dbf6c922cb7f4c98a2af7f0acd690251", ProjectName: "admin", ProjectDomainID: "default",
			Roles: []string{"reader", "member", "admin"}, ExpiresAt: at("2026-11-22T11:30:24Z"),
		}},
		"trust-scoped": {identity: picasso.Identity{
			UserID: "5485b743339c489591c1a6ae84e49642", UserName: "alice", UserDomainID: "default",
			ProjectID: "831c19eab1cb46c9b4bac4568430f510", ProjectName: "alpha", ProjectDomainID: "default",
			Roles: []string{"reader", "member"}, ExpiresAt: at("2026-11-22T11:30:25Z"),
		}},
		"system-admin": {identity: picasso.Identity{
			UserID: "e9cd8d091b1947cd8dc41655a50ee2d4", UserName: "admin", UserDomainID: "default", SystemScope: true,
			Roles: []string{"admin", "member", "reader"}, ExpiresAt: at("2026-11-22T11:30:25Z"),
		}},
		"unscoped": {unscoped: true, identity: picasso.Identity{
			UserID: "e9cd8d091b1947cd8dc41655a50ee2d4", UserName: "admin", UserDomainID: "default",
			ExpiresAt: at("2026-11-22T11:30:25Z"),
		}},
	} {
		got, err := parseGrant(sample(t, file))
		require.NoError(t, err, file)
		assert.Equal(t, &want, got, file)
	}
	restricted, err := parseGrant(sample(t, "application-credential"))
	require.NoError(t, err)
	assert.True(t, restricted.restricted)
	assert.Len(t, restricted.rules, 2)
	assert.Equal(t, []string{"member"}, restricted.identity.Roles)
}

func TestParseGrantOfOtherScopes(t *testing.T) {
	const rest = `"user":{"id":"u","name":"n","domain":{"id":"d"}},"expires_at":"2026-11-22T16:43:24"`
	for name, c := range map[string]struct {
		body                 string
		unscoped, restricted bool
	}{
		"domain":                 {`{"token":{` + rest + `,"domain":{"id":"d"},"roles":[{"name":"admin"}]}}`, true, false},
		"project that is domain": {`{"token":{` + rest + `,"project":{"id":"d"},"is_domain":true}}`, true, false},
		"project":                {`{"token":{` + rest + `,"project":{"id":"p"}}}`, false, false},
		"no rule at all":         {`{"token":{` + rest + `,"project":{"id":"p"},"application_credential":{"access_rules":[]}}}`, false, true},
		"rules are null":         {`{"token":{` + rest + `,"project":{"id":"p"},"application_credential":{"access_rules":null}}}`, false, false},
	} {
		g, err := parseGrant([]byte(c.body))
		require.NoError(t, err, name)
		assert.Equal(t, c.unscoped, g.unscoped, name)
		assert.Equal(t, c.restricted, g.restricted, name)
		assert.Equal(t, c.unscoped, g.identity.ProjectID == "", name)
		assert.Equal(t, !c.restricted, g.allows("functions", httptest.NewRequest("GET", "/v2/apps", nil)), name)
		assert.Equal(t, time.Date(2026, 11, 22, 16, 43, 24, 0, time.UTC), g.identity.ExpiresAt, name)
	}
}

func TestParseGrantRefuses(t *testing.T) {
	for body, reason := range map[string]string{
		``:                              "unexpected end",
		`[]`:                            "cannot unmarshal",
		`{}`:                            "lacks the user",
		`{"token":{}}`:                  "lacks the user",
		`{"token":{"user":{"id":"u"}}}`: "expires_at",
		`{"token":{"user":{"id":"u"},"expires_at":"tomorrow"}}`: "expires_at",
	} {
		_, err := parseGrant([]byte(body))
		assert.ErrorContains(t, err, reason, body)
	}
}

func TestAccessRule(t *testing.T) {
	for _, c := range []struct {
		rule string // service method path
		req  string // method path
		want bool
	}{
		{"functions GET /v2/apps", "GET /v2/apps", true},
		{"functions GET /v2/apps", "GET /v2/apps?limit=1", true},
		{"functions GET /v2/apps", "POST /v2/apps", false},
		{"functions GET /v2/apps", "GET /v2/apps/x", false},
		{"functions GET /v2/apps", "GET /x/v2/apps", false},
		{"compute GET /v2/apps", "GET /v2/apps", false},
		{"functions GET /v2/apps/*", "GET /v2/apps/x", true},
		{"functions GET /v2/apps/*", "GET /v2/apps/", false},
		{"functions GET /v2/apps/*", "GET /v2/apps/x/y", false},
		{"functions GET /v2/apps/*", "GET /v2/apps/x%2Fy", false},
		{"functions GET /v2/apps/{app}", "GET /v2/apps/x", true},
		{"functions GET /v2/apps/{app}", "GET /v2/apps/x/y", false},
		{"functions GET /v2/apps/**", "GET /v2/apps/x/y", true},
		{"functions GET /v2/apps/**", "GET /v2/apps", false},
		{"functions GET /v2/**/log", "GET /v2/executions/x/log", true},
		{"functions GET /v2/**/log", "GET /v2/executions/x/result", false},
		{"functions POST /v2/functions/{f}/invoke", "POST /v2/functions/app:f/invoke", true},
		{"functions GET /v2/a.ps", "GET /v2/apps", false},
		{"functions GET /v2/a.ps", "GET /v2/a.ps", true},
		{"functions GET **", "GET /anything/at/all", true},
		{"functions GET ***", "GET /anything/at/all", true},
		{"functions GET /v2/{open", "GET /v2/x", false},
	} {
		method, path, _ := strings.Cut(c.req, " ")
		parts := strings.Split(c.rule, " ")
		rule, err := accessRuleBody{Service: parts[0], Method: parts[1], Path: parts[2]}.compile()
		require.NoError(t, err)
		assert.Equal(t, c.want, rule.matches("functions", httptest.NewRequest(method, path, nil)), "%s: %s", c.rule, c.req)
	}
}

func FuzzParseGrant(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	require.NoError(f, err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(data)
	}
	r := httptest.NewRequest("GET", "/v2/apps", nil)
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := parseGrant(data)
		if err != nil {
			assert.Nil(t, g)
			return
		}
		g.allows("functions", r)
		assert.NotEmpty(t, g.identity.UserID)
		assert.False(t, g.identity.ExpiresAt.IsZero() && g.identity.SystemScope && g.unscoped)
		assert.Equal(t, g.unscoped || g.identity.SystemScope, g.identity.ProjectID == "")
	})
}

func sample(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	require.NoError(t, err)
	return data
}
