package keystone_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/applicationcredentials"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/trusts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/keystone"
	"github.com/picasso-faas/picasso/keystone/keystonetest"
	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
)

var _ picasso.Delegator = (*keystone.Delegator)(nil)

const callTime = 30 * time.Second // what a function has to run, by default

func newDelegator(t testing.TB, config keystone.Config) *keystone.Delegator {
	t.Helper()
	d, err := keystone.NewDelegator(config, keystone.DefaultDelegation())
	require.NoError(t, err)
	return d
}

// delegate makes a trust of the member's with the role member.
func delegate(t testing.TB, m *keystonetest.Member) string {
	t.Helper()
	config := keystonetest.Config(t)
	r := request(m.Token(t))
	id, err := newAuthenticator(t, config).Authenticate(r)
	require.NoError(t, err)
	trust, err := newDelegator(t, config).Delegate(r, id, []string{"member"})
	require.NoError(t, err)
	assert.Equal(t, m.UserID, trust.UserID)
	return trust.ID
}

// uploadStatus is what Swift answers to an upload with these credentials.
func uploadStatus(t *testing.T, c *picasso.Credentials) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPut, c.Endpoints["object-store"]+"/box", nil)
	require.NoError(t, err)
	r.Header.Set("X-Auth-Token", c.Token)
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	return resp.StatusCode
}

func TestDelegation(t *testing.T) {
	env := cloudtest.Need(t, "keystone", "swift")
	m := keystonetest.NewMember(t, "member", "admin")
	config := keystonetest.Config(t)
	d := newDelegator(t, config)
	trustID := delegate(t, m)

	c, err := d.Credentials(t.Context(), trustID, callTime)
	require.NoError(t, err)
	assert.Equal(t, m.ProjectID, c.ProjectID)
	assert.Equal(t, m.UserID, c.UserID)
	assert.Equal(t, "RegionOne", c.Region)
	assert.Equal(t, config.AuthURL, c.AuthURL)
	assert.True(t, strings.HasSuffix(c.AuthURL, "/v3"))
	assert.Equal(t, map[string]string{
		"object-store": "http://" + env.PublicHost + ":8080/v1/AUTH_" + m.ProjectID,
		"alarming":     "http://" + env.PublicHost + ":8042",
	}, c.Endpoints)
	assert.Greater(t, time.Until(c.ExpiresAt), callTime)

	id, err := newAuthenticator(t, config).Authenticate(request(c.Token))
	require.NoError(t, err)
	assert.Equal(t, m.UserID, id.UserID, "the service acts as the user")
	assert.True(t, id.HasRole("member"))
	assert.False(t, id.HasRole("admin"), "with the roles delegated, not with all of them")
	assert.Equal(t, http.StatusCreated, uploadStatus(t, c))

	again, err := d.Credentials(t.Context(), trustID, callTime)
	require.NoError(t, err)
	assert.Same(t, c, again)

	require.NoError(t, d.Revoke(t.Context(), trustID))
	require.NoError(t, d.Revoke(t.Context(), trustID), "again")
	_, err = d.Credentials(t.Context(), trustID, callTime)
	assert.Equal(t, picasso.CodeConflict, picasso.CodeOf(err))
	_, err = newAuthenticator(t, config).Authenticate(request(c.Token))
	assert.Equal(t, picasso.CodeUnauthenticated, picasso.CodeOf(err), "its tokens have ended with it")
}

// Everything that can become of a trust.
func TestTrustBreaks(t *testing.T) {
	for name, c := range map[string]struct {
		breaks func(t *testing.T, m *keystonetest.Member, trustID string)
		mends  func(t *testing.T, m *keystonetest.Member) // nil: nothing can
	}{
		"role lost": {
			func(t *testing.T, m *keystonetest.Member, _ string) { m.TakeRole(t, "member") },
			func(t *testing.T, m *keystonetest.Member) { m.GrantRole(t, "member") },
		},
		"user disabled": {
			func(t *testing.T, m *keystonetest.Member, _ string) { m.EnableUser(t, false) },
			func(t *testing.T, m *keystonetest.Member) { m.EnableUser(t, true) },
		},
		"project disabled": {
			func(t *testing.T, m *keystonetest.Member, _ string) { m.EnableProject(t, false) },
			func(t *testing.T, m *keystonetest.Member) { m.EnableProject(t, true) },
		},
		"user deleted":    {func(t *testing.T, m *keystonetest.Member, _ string) { m.DeleteUser(t) }, nil},
		"project deleted": {func(t *testing.T, m *keystonetest.Member, _ string) { m.DeleteProject(t) }, nil},
		"trust deleted": {func(t *testing.T, m *keystonetest.Member, trustID string) {
			require.NoError(t, trusts.Delete(t.Context(), keystonetest.Login(t, m.Account()), trustID).ExtractErr())
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			m := keystonetest.NewMember(t, "member", "reader")
			trustID := delegate(t, m)
			c.breaks(t, m, trustID)
			d := newDelegator(t, keystonetest.Config(t))
			_, err := d.Credentials(t.Context(), trustID, callTime)
			require.Equal(t, picasso.CodeConflict, picasso.CodeOf(err), "%v", err)
			assert.Contains(t, picasso.AsError(err).Detail, "delegate_roles")
			assert.NoError(t, d.Revoke(t.Context(), trustID), "what nobody can use needs no end")
			if c.mends == nil {
				return
			}
			c.mends(t, m)
			_, err = newDelegator(t, keystonetest.Config(t)).Credentials(t.Context(), trustID, callTime)
			assert.NoError(t, err)
		})
	}
}

func TestMayNotDelegate(t *testing.T) {
	m := keystonetest.NewMember(t, "member")
	config := keystonetest.Config(t)
	id, err := newAuthenticator(t, config).Authenticate(request(m.Token(t)))
	require.NoError(t, err)
	all := *id // as if the token had been validated before a role was lost
	all.Roles = append([]string{"admin", "nonsense", strings.Repeat("x", 300)}, id.Roles...)
	unscoped := *id
	unscoped.ProjectID = ""
	good := m.Token(t)
	revoked := m.Token(t)
	keystonetest.Revoke(t, revoked)

	for name, c := range map[string]struct {
		token string
		id    *picasso.Identity
		roles []string
		code  picasso.Code
		says  string
	}{
		"a role not held":           {good, id, []string{"reader", "admin"}, picasso.CodeForbidden, `lack the role "admin"`},
		"a trigger's role not held": {good, &picasso.Identity{ProjectID: "p"}, []string{"member"}, picasso.CodeForbidden, "look at its events"},
		"a role lost meanwhile":     {good, &all, []string{"admin"}, picasso.CodeForbidden, "lack one of the roles"},
		"a role gone meanwhile":     {good, &all, []string{"nonsense"}, picasso.CodeForbidden, "lack one of the roles"},
		"no role's name":            {good, &all, all.Roles[2:3], picasso.CodeInvalid, "does not take these roles"},
		"no role":                   {good, id, nil, picasso.CodeInvalid, "no role is named"},
		"no project":                {good, &unscoped, []string{"member"}, picasso.CodeForbidden, "not scoped to a project"},
		"application credential":    {memberCredential(t, m), id, []string{"member"}, picasso.CodeForbidden, "with a password"},
		"a trust's token":           {trustToken(t, m), id, []string{"member"}, picasso.CodeForbidden, "with a password"},
		"a revoked token":           {revoked, id, []string{"member"}, picasso.CodeUnauthenticated, ""},
		"somebody else's token":     {keystonetest.Token(t, "beta"), id, []string{"member"}, picasso.CodeForbidden, ""},
	} {
		trust, err := newDelegator(t, config).Delegate(request(c.token), c.id, c.roles)
		assert.Nil(t, trust, name)
		assert.Equal(t, c.code, picasso.CodeOf(err), name)
		assert.ErrorContains(t, err, c.says, name)
		assert.NotContains(t, err.Error(), c.token, name)
		if c.code != picasso.CodeUnauthenticated {
			assert.Contains(t, picasso.AsError(err).Detail, "delegate_roles", name)
		}
	}
}

// memberCredential returns a token of a restricted application credential, which Keystone
// makes unless asked otherwise. Its version 22.0.2 lets an unrestricted one delegate.
func memberCredential(t *testing.T, m *keystonetest.Member) string {
	t.Helper()
	credential, err := applicationcredentials.Create(t.Context(), keystonetest.Login(t, m.Account()), m.UserID,
		applicationcredentials.CreateOpts{Name: t.Name()}).Extract()
	require.NoError(t, err)
	return keystonetest.Login(t, gophercloud.AuthOptions{
		IdentityEndpoint:            keystonetest.Config(t).AuthURL,
		ApplicationCredentialID:     credential.ID,
		ApplicationCredentialSecret: credential.Secret,
	}).Token()
}

func trustToken(t *testing.T, m *keystonetest.Member) string {
	t.Helper()
	c, err := newDelegator(t, keystonetest.Config(t)).Credentials(t.Context(), delegate(t, m), 0)
	require.NoError(t, err)
	return c.Token
}

// One token serves many calls, for ten minutes at most and as long as it lasts.
func TestCredentialsAreShared(t *testing.T) {
	trustID := delegate(t, keystonetest.NewMember(t, "member"))
	p, config := newProxy(t)
	d := newDelegator(t, config)
	get := func(lasting time.Duration) string {
		c, err := d.Credentials(t.Context(), trustID, lasting)
		if !assert.NoError(t, err) {
			return ""
		}
		return c.Token
	}
	tokens := make([]string, 100)
	var all sync.WaitGroup
	for i := range tokens {
		all.Go(func() { tokens[i] = get(callTime) })
	}
	all.Wait()
	for _, token := range tokens {
		require.Equal(t, tokens[0], token)
	}
	require.EqualValues(t, 2, p.logins.Load(), "the service user's, and the trust's")

	now := time.Now()
	d.SetClock(func() time.Time { return now })
	now = now.Add(keystone.CredentialsTime - time.Minute)
	assert.Equal(t, tokens[0], get(callTime))
	assert.Equal(t, tokens[0], get(45*time.Minute))
	second := get(time.Hour - keystone.CredentialsTime) // it has not so long left
	assert.NotEqual(t, tokens[0], second)
	assert.NotEmpty(t, get(2*time.Hour), "a token that lasts as long as tokens do is the best there is")
	third := get(callTime)
	now = now.Add(keystone.CredentialsTime)
	assert.NotEqual(t, third, get(callTime))
	assert.EqualValues(t, 5, p.logins.Load())
}

// A trust that is broken is no flood of requests, and works soon after it has been mended.
func TestBrokenTrustIsRemembered(t *testing.T) {
	m := keystonetest.NewMember(t, "member", "reader")
	trustID := delegate(t, m)
	m.TakeRole(t, "member")
	p, config := newProxy(t)
	d := newDelegator(t, config)
	for range 50 {
		_, err := d.Credentials(t.Context(), trustID, callTime)
		require.Equal(t, picasso.CodeConflict, picasso.CodeOf(err))
	}
	assert.EqualValues(t, 2, p.logins.Load())
	m.GrantRole(t, "member")
	d.SetClock(func() time.Time { return time.Now().Add(keystone.BrokenTime) })
	_, err := d.Credentials(t.Context(), trustID, callTime)
	assert.NoError(t, err)
}

// Whatever is wrong with Keystone or with our own user is no fault of a trust.
func TestDelegatorWithoutKeystone(t *testing.T) {
	m := keystonetest.NewMember(t, "member")
	trustID, token := delegate(t, m), m.Token(t)
	id := &picasso.Identity{UserID: m.UserID, ProjectID: m.ProjectID, Roles: []string{"member"}}
	p, config := newProxy(t)
	config.HTTPConnectTimeout = time.Second
	config.HTTPRequestMaxRetries = 1
	wrong := config
	wrong.Password = "wrong"
	loggedIn := newDelegator(t, config)
	var c *picasso.Credentials
	require.Eventually(t, func() bool {
		var err error
		c, err = loggedIn.Credentials(t.Context(), trustID, callTime)
		return err == nil
	}, time.Minute, 10*time.Millisecond)

	unavailable := func(name string, d *keystone.Delegator) {
		_, err1 := d.Credentials(t.Context(), trustID, 2*time.Hour)
		_, err2 := d.Delegate(request(token), id, id.Roles)
		for _, err := range []error{err1, err2, d.Revoke(t.Context(), trustID)} {
			assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(err), "%s: %v", name, err)
			assert.NotContains(t, err.Error(), token, name)
			assert.NotContains(t, err.Error(), c.Token, name)
		}
	}
	unavailable("wrong password", newDelegator(t, wrong))
	for name, mode := range map[string]http.HandlerFunc{
		"hangs": hang, "cuts": cut, "500": answer(http.StatusInternalServerError), "something else": answer(http.StatusOK),
		"too many requests": answer(http.StatusTooManyRequests), "elsewhere": answer(http.StatusFound),
		"does not know us": answer(http.StatusUnauthorized),
	} {
		p.set(mode)
		unavailable(name+", not logged in", newDelegator(t, config))
		if name != "does not know us" { // which may be about the user's token as well
			unavailable(name, loggedIn)
		}
	}
	p.set(nil)
	patient := func(do func() error) (err error) { // the real one may take longer than a second
		for tries := 0; tries == 0 || tries < 30 && errors.Is(err, context.DeadlineExceeded); tries++ {
			err = do()
		}
		return err
	}
	assert.NoError(t, patient(func() error {
		_, err := loggedIn.Credentials(t.Context(), trustID, callTime)
		return err
	}), "nothing of that is remembered")
	assert.NoError(t, patient(func() error { return loggedIn.Revoke(t.Context(), trustID) }))
}

// Who gives up leaves the turn to the next one.
func TestWaitingForATurn(t *testing.T) {
	trustID := delegate(t, keystonetest.NewMember(t, "member"))
	p, config := newProxy(t)
	config.HTTPConnectTimeout = soon
	d := newDelegator(t, config)
	release := make(chan struct{})
	p.set(p.held(release))
	ctx, leave := context.WithCancel(t.Context())
	left, waited, stayed := make(chan error, 1), make(chan error, 1), make(chan error, 1)
	get := func(ctx context.Context, to chan error) {
		_, err := d.Credentials(ctx, trustID, callTime)
		to <- err
	}
	go get(ctx, left)
	require.Eventually(t, func() bool { return p.underWay.Load() == 1 }, soon, time.Millisecond)
	go get(ctx, waited)
	go get(t.Context(), stayed)
	leave()
	assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(<-left))
	assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(<-waited))
	close(release)
	assert.NoError(t, <-stayed)
}
