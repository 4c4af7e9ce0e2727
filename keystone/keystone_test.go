package keystone_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/keystone"
	"github.com/picasso-faas/picasso/keystone/keystonetest"
)

func TestAccounts(t *testing.T) {
	a := newAuthenticator(t, keystonetest.Config(t))
	require.NoError(t, a.Check(t.Context()))
	for cloud, want := range map[string]struct {
		user, project string
		system        bool
		roles         []string
	}{
		"alpha":             {user: "alice", project: "alpha", roles: []string{"member", "reader"}},
		"alpha-reader":      {user: "rhea", project: "alpha", roles: []string{"reader"}},
		"beta":              {user: "bob", project: "beta", roles: []string{"member", "reader"}},
		"admin":             {user: "admin", project: "admin", roles: []string{"admin", "member", "reader"}},
		"admin-system":      {user: "admin", system: true, roles: []string{"admin", "member", "reader"}},
		"service-functions": {user: "functions", project: "service", roles: []string{"service"}},
	} {
		id, err := a.Authenticate(request(keystonetest.Token(t, cloud)))
		require.NoError(t, err, cloud)
		assert.Equal(t, want.user, id.UserName, cloud)
		assert.Equal(t, want.project, id.ProjectName, cloud)
		assert.Equal(t, want.project == "", id.ProjectID == "", cloud)
		assert.Equal(t, want.system, id.SystemScope, cloud)
		assert.Subset(t, id.Roles, want.roles, cloud)
		assert.Equal(t, want.user == "admin", id.HasRole("admin"), cloud)
		assert.NotEmpty(t, id.UserID, cloud)
		assert.Equal(t, "default", id.UserDomainID, cloud)
		assert.WithinRange(t, id.ExpiresAt, time.Now(), time.Now().Add(2*time.Hour), cloud)
	}
}

func TestWrongTokens(t *testing.T) {
	p, config := newProxy(t)
	a := newAuthenticator(t, config)
	unscoped := keystonetest.Account(t, "admin") // who has no default project
	unscoped.Scope = &gophercloud.AuthScope{}
	revoked := keystonetest.Token(t, "alpha")
	keystonetest.Revoke(t, revoked)
	for name, c := range map[string]struct {
		token string
		code  picasso.Code
		asked bool
	}{
		"none":        {"", picasso.CodeUnauthenticated, false},
		"nonsense":    {"nonsense", picasso.CodeUnauthenticated, true},
		"revoked":     {revoked, picasso.CodeUnauthenticated, true},
		"with spaces": {"a b", picasso.CodeUnauthenticated, false},
		"not ASCII":   {"caf\xe9", picasso.CodeUnauthenticated, false},
		"with a NUL":  {"a\x00b", picasso.CodeUnauthenticated, false},
		"long":        {strings.Repeat("x", keystone.MaxTokenHeaderBytes), picasso.CodeUnauthenticated, true},
		"too long":    {strings.Repeat("x", keystone.MaxTokenHeaderBytes+1), picasso.CodeUnauthenticated, false},
		"unscoped":    {keystonetest.Login(t, unscoped).Token(), picasso.CodeForbidden, true},
	} {
		before := p.validations.Load()
		_, err := a.Authenticate(request(c.token))
		assert.Equal(t, c.code, picasso.CodeOf(err), name)
		assert.Equal(t, c.asked, p.validations.Load() > before, name)
		if c.token != "" {
			assert.NotContains(t, fmt.Sprintf("%+v", picasso.AsError(err)), c.token, name)
		}
	}
}

func TestExpiresInMemory(t *testing.T) {
	p, config := newProxy(t)
	config.TokenCacheTime = 24 * time.Hour
	a, now := newAuthenticator(t, config), newClock()
	a.SetClock(now.get)
	token := keystonetest.Token(t, "alpha")
	id, err := a.Authenticate(request(token))
	require.NoError(t, err)
	asked := p.validations.Load()
	now.set(id.ExpiresAt.Add(-time.Millisecond))
	_, err = a.Authenticate(request(token))
	assert.NoError(t, err)
	assert.Equal(t, asked, p.validations.Load(), "from memory")
	now.set(id.ExpiresAt)
	_, err = a.Authenticate(request(token))
	assert.Equal(t, picasso.CodeUnauthenticated, picasso.CodeOf(err), "Keystone's clock may be behind, ours counts")
}

func TestRevokedStopsWithinCacheTime(t *testing.T) {
	p, config := newProxy(t)
	a, now := newAuthenticator(t, config), newClock()
	a.SetClock(now.get)
	token := keystonetest.Token(t, "alpha")
	_, err := a.Authenticate(request(token))
	require.NoError(t, err)
	keystonetest.Revoke(t, token)

	asked := p.validations.Load()
	now.add(config.TokenCacheTime - time.Second)
	_, err = a.Authenticate(request(token))
	assert.NoError(t, err, "within the cache time")
	assert.Equal(t, asked, p.validations.Load())
	now.add(time.Second)
	for range 3 {
		_, err = a.Authenticate(request(token))
		assert.Equal(t, picasso.CodeUnauthenticated, picasso.CodeOf(err))
	}
	assert.Equal(t, asked+1, p.validations.Load(), "a refusal is remembered too")
	now.add(keystone.RefusalTime)
	_, err = a.Authenticate(request(token))
	assert.Equal(t, picasso.CodeUnauthenticated, picasso.CodeOf(err))
	assert.Equal(t, asked+2, p.validations.Load(), "but not for long")
}

func TestWithoutCache(t *testing.T) {
	p, config := newProxy(t)
	config.TokenCacheTime = -time.Second
	a := newAuthenticator(t, config)
	token := keystonetest.Token(t, "alpha")
	for range 3 {
		_, err := a.Authenticate(request(token))
		require.NoError(t, err)
	}
	keystonetest.Revoke(t, token)
	_, err := a.Authenticate(request(token))
	assert.Equal(t, picasso.CodeUnauthenticated, picasso.CodeOf(err))
	assert.EqualValues(t, 4, p.validations.Load())
}

// The service user's own token is revoked: one login, and no caller notices.
func TestOwnTokenRevoked(t *testing.T) {
	p, config := newProxy(t)
	a := newAuthenticator(t, config)
	_, err := a.Authenticate(request(keystonetest.Token(t, "alpha")))
	require.NoError(t, err)
	require.EqualValues(t, 1, p.logins.Load())
	keystonetest.Revoke(t, a.OwnToken())

	fresh := []string{keystonetest.Token(t, "alpha"), keystonetest.Token(t, "beta"), keystonetest.Token(t, "admin")}
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			_, err := a.Authenticate(request(fresh[i%len(fresh)]))
			assert.NoError(t, err)
		})
	}
	all.Wait()
	assert.EqualValues(t, 2, p.logins.Load())
	_, err = a.Authenticate(request("nonsense"))
	assert.Equal(t, picasso.CodeUnauthenticated, picasso.CodeOf(err))
}

func TestEndpointFromCatalog(t *testing.T) {
	p, config := newProxy(t)
	config.Interface, config.RegionName = "internal", "RegionOne"
	_, err := newAuthenticator(t, config).Authenticate(request(keystonetest.Token(t, "alpha")))
	require.NoError(t, err)
	assert.EqualValues(t, 1, p.logins.Load())
	assert.Zero(t, p.validations.Load(), "the catalog leads past the proxy")

	config.RegionName = "Atlantis"
	err = newAuthenticator(t, config).Check(t.Context())
	assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(err))
	assert.ErrorContains(t, err, "Atlantis")
}

func newAuthenticator(t testing.TB, config keystone.Config) *keystone.Authenticator {
	t.Helper()
	a, err := keystone.New(config)
	require.NoError(t, err)
	return a
}

func request(token string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/v2/apps", nil)
	if token != "" {
		r.Header.Set("X-Auth-Token", token)
	}
	return r
}

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Now()} }

func (c *clock) get() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = now
}

func (c *clock) add(d time.Duration) { c.set(c.get().Add(d)) }
