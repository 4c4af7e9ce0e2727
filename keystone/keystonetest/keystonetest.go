// Package keystonetest gives tests real tokens from the Keystone of the
// development cloud. The accounts are the clouds of its clouds.yaml: admin,
// admin-system, alpha (alice, member), alpha-reader (rhea, reader), beta (bob,
// member), service-functions (Picasso's own user) and more.
package keystonetest

import (
	"testing"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/config/clouds"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/keystone"
	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
)

// Account returns how the account logs in.
func Account(t testing.TB, cloud string) gophercloud.AuthOptions {
	t.Helper()
	env := cloudtest.Need(t, "keystone")
	options, _, _, err := clouds.Parse(clouds.WithCloudName(cloud), clouds.WithLocations(env.CloudsFile))
	require.NoError(t, err)
	return options
}

// Login logs in and returns a client of Keystone that holds the token.
func Login(t testing.TB, options gophercloud.AuthOptions) *gophercloud.ServiceClient {
	t.Helper()
	provider, err := openstack.AuthenticatedClient(t.Context(), options)
	require.NoError(t, err)
	client, err := openstack.NewIdentityV3(provider, gophercloud.EndpointOpts{})
	require.NoError(t, err)
	return client
}

// Token returns a fresh token of the account. It is good for an hour.
func Token(t testing.TB, cloud string) string {
	t.Helper()
	return Login(t, Account(t, cloud)).Token()
}

// Revoke makes a token worthless.
func Revoke(t testing.TB, token string) {
	t.Helper()
	require.NoError(t, tokens.Revoke(t.Context(), Login(t, Account(t, "admin")), token).Err)
}

// Config returns the configuration of an authenticator for the cloud, with
// Picasso's own user.
func Config(t testing.TB) keystone.Config {
	t.Helper()
	user := Account(t, "service-functions")
	config := keystone.DefaultConfig()
	config.AuthURL = user.IdentityEndpoint
	config.Username = user.Username
	config.Password = user.Password
	return config
}
