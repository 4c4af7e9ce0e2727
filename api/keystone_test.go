package api_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/applicationcredentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api"
	"github.com/picasso-faas/picasso/api/apitest"
	"github.com/picasso-faas/picasso/keystone"
	"github.com/picasso-faas/picasso/keystone/keystonetest"
)

// setupWithKeystone starts a kit that asks the real Keystone who is calling, and delegates by it.
func setupWithKeystone(t *testing.T) (*kit, *keystone.Delegator) {
	t.Helper()
	config := keystonetest.Config(t)
	who, err := keystone.New(config)
	require.NoError(t, err)
	delegator, err := keystone.NewDelegator(config, keystone.DefaultDelegation())
	require.NoError(t, err)
	return setup(t, func(c *api.Config) { c.Authenticator, c.Delegator = who, delegator }), delegator
}

// TestDelegationByKeystone lets a function act as its project, and its trigger look at Swift,
// until both are gone.
func TestDelegationByKeystone(t *testing.T) {
	k, delegator := setupWithKeystone(t)
	m := keystonetest.NewMember(t, "member")
	do := func(status int, token, method, path, body string) apitest.Answer {
		t.Helper()
		a := k.Do(method, path, body, "X-Auth-Token", token)
		require.Equal(t, status, a.StatusCode, a.Text)
		return a
	}
	var lent *picasso.Credentials
	k.engine.OnInvoke = func(ctx context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
		lent = call.Credentials
		return apitest.Echo(ctx, call, w)
	}
	token := m.Token(t)
	do(201, token, "POST", "/v2/functions", acting)
	do(201, token, "POST", "/v2/triggers", `{"name":"look","function":"act","type":"swift","swift":{"container":"c"}}`)
	do(200, token, "POST", "/v2/functions/act/invoke", "x")
	require.NotNil(t, lent)
	assert.Equal(t, m.ProjectID, lent.ProjectID)
	assert.NotEqual(t, token, lent.Token)
	do(200, lent.Token, "GET", "/v2/functions/act", "")
	do(200, lent.Token, "PATCH", "/v2/functions/act", `{"config":{"A":"1"}}`)

	// A function may change functions, as its project does, but it cannot delegate.
	assert.Equal(t, 403, k.Do("POST", "/v2/triggers", `{"name":"more","function":"act","type":"swift","swift":{"container":"c"}}`, "X-Auth-Token", lent.Token).StatusCode)
	a := do(403, token, "PATCH", "/v2/functions/act", `{"delegate_roles":["admin"]}`)
	assert.Contains(t, errorDetail(t, a), `"admin"`)
	a = do(403, restricted(t, m), "PATCH", "/v2/functions/act", `{"delegate_roles":["member"]}`)
	assert.Contains(t, errorDetail(t, a), "application credential")

	do(204, token, "DELETE", "/v2/functions/act", "")
	dropped, err := k.store.DroppedTrusts(t.Context(), 10)
	require.NoError(t, err)
	require.Len(t, dropped, 2, "that of the function, and that of its trigger")
	for _, id := range dropped {
		require.NoError(t, delegator.Revoke(t.Context(), id))
		_, err := delegator.Credentials(t.Context(), id, 0)
		assert.Equal(t, picasso.CodeConflict, picasso.CodeOf(err))
	}
}

// TestAnAlarmActionByKeystone fires a trigger with the token of a trust, as Aodh has it.
func TestAnAlarmActionByKeystone(t *testing.T) {
	k, delegator := setupWithKeystone(t)
	m := keystonetest.NewMember(t, "member")
	token := m.Token(t)
	require.Equal(t, 201, k.Do("POST", "/v2/functions", `{"name":"f","image":"i"}`, "X-Auth-Token", token).StatusCode)
	made := k.Do("POST", "/v2/triggers", `{"name":"t","function":"f","type":"alarm","alarm":{"alarm_id":"a1"}}`, "X-Auth-Token", token)
	require.Equal(t, 201, made.StatusCode, made.Text)
	trust, err := delegator.Delegate(&http.Request{Header: http.Header{"X-Auth-Token": {token}}},
		&picasso.Identity{UserID: m.UserID, ProjectID: m.ProjectID, Roles: []string{"member"}}, []string{"member"})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, delegator.Revoke(context.Background(), trust.ID)) })
	aodh, err := delegator.Credentials(t.Context(), trust.ID, 0)
	require.NoError(t, err)

	path := "/hooks/" + made.JSON(t)["id"].(string)
	a := k.Do("POST", path, alarmBody, "X-Auth-Token", aodh.Token)
	assert.Equal(t, 202, a.StatusCode, a.Text)
	assert.Equal(t, "queued", a.JSON(t)["status"])
	assert.Equal(t, 404, k.Do("POST", path, alarmBody, "X-Auth-Token", keystonetest.Token(t, "beta")).StatusCode)
	assert.Equal(t, 401, k.Do("POST", path, alarmBody, "X-Auth-Token", "no token").StatusCode)
}

// restricted is a token of an application credential, which cannot delegate.
func restricted(t *testing.T, m *keystonetest.Member) string {
	t.Helper()
	made, err := applicationcredentials.Create(t.Context(), keystonetest.Login(t, m.Account()), m.UserID,
		applicationcredentials.CreateOpts{Name: "api-test"}).Extract()
	require.NoError(t, err)
	return keystonetest.Login(t, gophercloud.AuthOptions{
		IdentityEndpoint:            m.Account().IdentityEndpoint,
		ApplicationCredentialID:     made.ID,
		ApplicationCredentialSecret: made.Secret,
	}).Token()
}
