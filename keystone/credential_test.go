package keystone_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/applicationcredentials"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/trusts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/keystone/keystonetest"
)

func TestTrust(t *testing.T) {
	alice, bob := keystonetest.Login(t, keystonetest.Account(t, "alpha")), keystonetest.Login(t, keystonetest.Account(t, "beta"))
	trustor, trustee := whoIs(t, alice), whoIs(t, bob)
	trust, err := trusts.Create(t.Context(), alice, trusts.CreateOpts{
		Impersonation: true, TrustorUserID: trustor.UserID, TrusteeUserID: trustee.UserID,
		ProjectID: trustor.ProjectID, Roles: []trusts.Role{{Name: "member"}},
	}).Extract()
	require.NoError(t, err)
	account := keystonetest.Account(t, "beta")
	account.Scope = &gophercloud.AuthScope{TrustID: trust.ID}
	token := keystonetest.Login(t, account).Token()

	a := newAuthenticator(t, keystonetest.Config(t))
	id, err := a.Authenticate(request(token))
	require.NoError(t, err)
	assert.Equal(t, trustor.UserID, id.UserID, "who is trusted acts as who trusts")
	assert.Equal(t, "alpha", id.ProjectName)
	assert.True(t, id.HasRole("member"))

	require.NoError(t, trusts.Delete(t.Context(), alice, trust.ID).ExtractErr())
	_, err = newAuthenticator(t, keystonetest.Config(t)).Authenticate(request(token))
	assert.Equal(t, picasso.CodeUnauthenticated, picasso.CodeOf(err), "the trust is gone")
}

func TestApplicationCredential(t *testing.T) {
	a := newAuthenticator(t, keystonetest.Config(t))
	id, err := a.Authenticate(request(credentialToken(t, applicationcredentials.CreateOpts{})))
	require.NoError(t, err)
	assert.Equal(t, "alice", id.UserName)
	assert.Equal(t, "alpha", id.ProjectName)
	assert.True(t, id.HasRole("member"))

	ruled := credentialToken(t, applicationcredentials.CreateOpts{AccessRules: []applicationcredentials.AccessRule{
		{Service: "functions", Method: "POST", Path: "/v2/functions/{function}/invoke"},
		{Service: "functions", Method: "GET", Path: "/v2/executions/**"},
		{Service: "object-store", Method: "GET", Path: "/**"},
	}})
	for request, want := range map[string]picasso.Code{
		"POST /v2/functions/app:f/invoke": "",
		"GET /v2/executions/x/log":        "",
		"GET /v2/functions/app:f":         picasso.CodeUnauthenticated,
		"GET /v2/functions/app:f/invoke":  picasso.CodeUnauthenticated,
		"POST /v2/functions/f/x/invoke":   picasso.CodeUnauthenticated,
		"DELETE /v2/executions/x":         picasso.CodeUnauthenticated,
	} {
		method, path, _ := strings.Cut(request, " ")
		r := httptest.NewRequest(method, path, nil)
		r.Header.Set("X-Auth-Token", ruled)
		_, err := a.Authenticate(r)
		assert.Equal(t, want, picasso.CodeOf(err), request)
		r.Header.Set("X-Service-Token", keystonetest.Token(t, "service-functions"))
		_, err = a.Authenticate(r)
		assert.NoError(t, err, "a service forwards what the rules allowed to be sent to it")
	}
}

// A token that has really ended: it ends with its application credential.
func TestServiceTokenRevivesEndedToken(t *testing.T) {
	ends := time.Now().Add(3 * time.Second).Truncate(time.Second).UTC()
	ended := credentialToken(t, applicationcredentials.CreateOpts{ExpiresAt: &ends})
	a := newAuthenticator(t, keystonetest.Config(t))
	require.Eventually(t, func() bool {
		_, err := a.Authenticate(request(ended))
		return picasso.CodeOf(err) == picasso.CodeUnauthenticated
	}, 30*time.Second, 50*time.Millisecond, "it is not taken beyond its end, cached or not")
	assert.False(t, time.Now().Before(ends))

	for name, c := range map[string]struct {
		serviceToken string
		code         picasso.Code
	}{
		"of a service": {keystonetest.Token(t, "service-functions"), ""},
		"of a user":    {keystonetest.Token(t, "beta"), picasso.CodeUnauthenticated},
		"wrong":        {"nonsense", picasso.CodeUnauthenticated},
	} {
		r := request(ended)
		r.Header.Set("X-Service-Token", c.serviceToken)
		for range 2 { // the second time from memory
			id, err := a.Authenticate(r)
			assert.Equal(t, c.code, picasso.CodeOf(err), name)
			assert.Equal(t, c.code == "", id != nil && id.UserName == "alice", name)
		}
	}
	_, err := a.Authenticate(request(ended))
	assert.Equal(t, picasso.CodeUnauthenticated, picasso.CodeOf(err), "without a service it stays ended")

	lenient := keystonetest.Config(t)
	lenient.ServiceTokenRolesRequired = false
	r := request(ended)
	r.Header.Set("X-Service-Token", keystonetest.Token(t, "beta"))
	_, err = newAuthenticator(t, lenient).Authenticate(r)
	assert.NoError(t, err)
}

// A restricted token beside itself is not a service's.
func TestRestrictedTokenCannotExemptItself(t *testing.T) {
	config := keystonetest.Config(t)
	config.ServiceTokenRolesRequired = false
	a := newAuthenticator(t, config)
	restricted := credentialToken(t, applicationcredentials.CreateOpts{AccessRules: []applicationcredentials.AccessRule{
		{Service: "functions", Method: "GET", Path: "/v2/functions"},
	}})
	for _, serviceToken := range []string{restricted, keystonetest.Token(t, "beta")} {
		r := request(restricted) // for the apps
		r.Header.Set("X-Service-Token", serviceToken)
		_, err := a.Authenticate(r)
		assert.Equal(t, picasso.CodeUnauthenticated, picasso.CodeOf(err))
	}
}

// whoIs returns who a client has logged in as.
func whoIs(t *testing.T, client *gophercloud.ServiceClient) *picasso.Identity {
	t.Helper()
	result := tokens.Get(t.Context(), client, client.Token())
	user, err := result.ExtractUser()
	require.NoError(t, err)
	project, err := result.ExtractProject()
	require.NoError(t, err)
	return &picasso.Identity{UserID: user.ID, ProjectID: project.ID}
}

// credentialToken makes an application credential of alice's, which is gone
// when the test ends, and returns a token of it.
func credentialToken(t *testing.T, options applicationcredentials.CreateOpts) string {
	t.Helper()
	options.Name = fmt.Sprintf("%s-%d", t.Name(), time.Now().UnixNano())
	alice, user, credential, err := makeCredential(t, options)
	for began := time.Now(); err != nil && time.Since(began) < 10*time.Second; {
		alice, user, credential, err = makeCredential(t, options)
	}
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = applicationcredentials.Delete(context.Background(), alice, user, credential.ID)
	})
	return keystonetest.Login(t, gophercloud.AuthOptions{
		IdentityEndpoint:            keystonetest.Config(t).AuthURL,
		ApplicationCredentialID:     credential.ID,
		ApplicationCredentialSecret: credential.Secret,
	}).Token()
}

// makeCredential fails when a test that runs beside has given alice a role, and takes it
// away between the two requests.
func makeCredential(t *testing.T, options applicationcredentials.CreateOpts) (*gophercloud.ServiceClient, string, *applicationcredentials.ApplicationCredential, error) {
	t.Helper()
	alice := keystonetest.Login(t, keystonetest.Account(t, "alpha"))
	user := whoIs(t, alice).UserID
	credential, err := applicationcredentials.Create(t.Context(), alice, user, options).Extract()
	return alice, user, credential, err
}
