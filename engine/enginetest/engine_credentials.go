package enginetest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// delegated are credentials as large as they come: Fernet tokens have some 250
// bytes, other kinds up to 4 KiB.
func delegated() *picasso.Credentials {
	return &picasso.Credentials{
		Token: strings.Repeat("gAAAA-_", 585), AuthURL: "https://keystone.example/v3", ProjectID: "831c19eab1cb46c9b4bac4568430f510",
		UserID: "5485b743339c489591c1a6ae84e49642", Region: "RegionOne",
		Endpoints: map[string]string{
			"object-store": "https://swift.example/v1/AUTH_831c19eab1cb46c9b4bac4568430f510",
			"alarming":     "https://aodh.example/" + strings.Repeat("a", 2<<10),
			"volumev3":     "https://cinder.example/\r\nX-Smuggled: 1",
		},
	}
}

// wanted is what a function has of them in the header. The smuggler's is left out.
func wanted(c *picasso.Credentials) http.Header {
	return http.Header{
		"Picasso-Token": {c.Token}, "Picasso-Auth-Url": {c.AuthURL}, "Picasso-Project-Id": {c.ProjectID}, "Picasso-Region": {c.Region},
		"Picasso-Endpoint-Object-Store": {c.Endpoints["object-store"]}, "Picasso-Endpoint-Alarming": {c.Endpoints["alarming"]},
		"Picasso-Depth": {"3"},
	}
}

// forged is what a caller sends who knows the names.
func forged() http.Header {
	return http.Header{
		"Content-Type": {"text/plain"}, "X-Own": {"mine"},
		"Picasso-Token": {"forged"}, "Picasso-Depth": {"forged"}, "Picasso_token": {"forged"}, "Picasso-Endpoint-Volumev3": {"forged"},
		"Picasso-Attempt": {"forged"}, "Picasso-Rpc-Credentials": {"forged"}, "Fn-Http-H-Picasso-Token": {"forged"},
	}
}

// platformNames is what of a header the platform has said, but for what every call has.
func platformNames(h http.Header) http.Header {
	names := http.Header{}
	for name, values := range h {
		switch name {
		case "Picasso-Execution-Id", "Picasso-Attempt", "Picasso-Deadline":
		default:
			if strings.Contains(strings.ToLower(name), "picasso") {
				names[name] = values
			}
		}
	}
	return names
}

// credentials reach the call that they are for and no other one, whatever its
// sandbox has served before, and whatever its caller claims.
func (s *engineSuite) credentials(t *testing.T) {
	for _, contract := range []picasso.Contract{picasso.ContractFn, picasso.ContractWeb} {
		fn := s.function(t, contract)
		fn.MaxSandboxes = 1
		for _, isGateway := range []bool{false, true} {
			for _, c := range []*picasso.Credentials{delegated(), nil, delegated(), nil} {
				got := s.seenWith(t, fn, isGateway, c)
				want := http.Header{}
				if c != nil {
					want = wanted(c)
				}
				assert.Equal(t, want, platformNames(got.Headers), "%s, gateway %v", contract, isGateway)
				assert.NotContains(t, got.Headers, "X-Smuggled")
				assert.Equal(t, []string{"1"}, got.Headers["Picasso-Attempt"])
				assert.Equal(t, "mine", got.Headers.Get("X-Own"))
			}
		}
		c := invokeOf(fn, "env")
		c.Credentials = delegated()
		w, out := s.invoke(t, c)
		require.Nil(t, out.Err, "%v", out.Err)
		assert.NotContains(t, w.Body.String(), c.Credentials.Token[:20], contract)
	}
}

// seenWith is what a function sees of a call with such credentials.
func (s *engineSuite) seenWith(t *testing.T, fn *picasso.Function, isGateway bool, credentials *picasso.Credentials) seen {
	t.Helper()
	c := invokeOf(fn, "request")
	if isGateway {
		c = gatewayCall(fn, http.MethodGet, "/?do=request", "")
	}
	c.Header, c.Credentials, c.Depth = forged(), credentials, 2
	w, out := s.invoke(t, c)
	require.Nil(t, out.Err, "%v", out.Err)
	assert.NotContains(t, string(out.Log), "gAAAA")
	return parseSeen(t, w)
}

// credentialsOfStdio are in the environment of the one call.
func (s *engineSuite) credentialsOfStdio(t *testing.T) {
	fn := s.function(t, picasso.ContractStdio, "env")
	fn.Config = map[string]string{"OS_TOKEN": "mine", "OS_AUTH_URL": "mine"}
	own := strings.Split(s.answer(t, fn, ""), "\n")
	assert.Subset(t, own, []string{"OS_TOKEN=mine", "OS_AUTH_URL=mine"}, "without credentials, the names are the function's")

	c := invokeOf(fn, "")
	c.Header, c.Credentials, c.Depth = forged(), delegated(), 2
	w, out := s.invoke(t, c)
	require.Nil(t, out.Err, "%v", out.Err)
	assert.Subset(t, strings.Split(w.Body.String(), "\n"), []string{
		"OS_TOKEN=" + c.Credentials.Token, "OS_AUTH_TOKEN=" + c.Credentials.Token, "OS_AUTH_URL=https://keystone.example/v3",
		"OS_PROJECT_ID=831c19eab1cb46c9b4bac4568430f510", "OS_REGION_NAME=RegionOne", "PICASSO_DEPTH=3",
		"OS_OBJECT_STORE_ENDPOINT_OVERRIDE=" + c.Credentials.Endpoints["object-store"],
		"OS_STORAGE_URL=" + c.Credentials.Endpoints["object-store"],
		"OS_ALARMING_ENDPOINT_OVERRIDE=" + c.Credentials.Endpoints["alarming"],
	})
	assert.NotContains(t, w.Body.String(), "forged")
}
