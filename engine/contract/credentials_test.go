package contract

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

func TestReserved(t *testing.T) {
	for name, want := range map[string]bool{
		"Picasso-Token": true, "Picasso-Endpoint-Object-Store": true, "Picasso-Execution-Id": true, "Picasso_token": true,
		"Fn-Http-H-Picasso-Token": true, "Fn-Http-H-Picasso_token": true,
		"Picasso": false, "Picassos-Token": false, "X-Picasso-Token": false, "Fn-Http-H-X": false, "Fn-Http-H-": false,
	} {
		assert.Equal(t, want, reserved(name), name)
	}
}

func TestDelegatedEnv(t *testing.T) {
	call := &Call{Call: &picasso.Call{Function: &picasso.Function{}, Depth: 2}}
	require.Empty(t, delegatedEnv(call), "no credentials, no depth")
	call.Credentials = &picasso.Credentials{
		Token: "t", AuthURL: "http://keystone/v3", ProjectID: "p", Region: "R",
		Endpoints: map[string]string{"object-store": "http://swift/v1/AUTH_p", "key_manager": "http://barbican", "volumev3": "with\x00NUL"},
	}
	require.ElementsMatch(t, []string{
		"OS_TOKEN=t", "OS_AUTH_URL=http://keystone/v3", "OS_PROJECT_ID=p", "OS_REGION_NAME=R", "PICASSO_DEPTH=3",
		"OS_OBJECT_STORE_ENDPOINT_OVERRIDE=http://swift/v1/AUTH_p", "OS_KEY_MANAGER_ENDPOINT_OVERRIDE=http://barbican",
		"OS_STORAGE_URL=http://swift/v1/AUTH_p", "OS_AUTH_TOKEN=t",
	}, delegatedEnv(call))
}

// A caller cannot show up in the environment under the platform's name.
func TestForgedNamesInTheEnvironment(t *testing.T) {
	env := stdioEnv(&Call{Call: &picasso.Call{Function: &picasso.Function{FunctionSpec: picasso.FunctionSpec{Name: "f"}}, Header: http.Header{
		"Picasso-Token": {"forged"}, "Picasso_token": {"forged"}, "Os_token": {"forged"}, "X-Own": {"mine"},
	}}}, time.Now())
	require.Subset(t, env, []string{"HEADER_X_OWN=mine", "ROUTE=/f"})
	for _, pair := range env {
		name, value, _ := strings.Cut(pair, "=")
		require.NotContains(t, name, "PICASSO_TOKEN")
		require.True(t, value != "forged" || name == "HEADER_OS_TOKEN", pair)
	}
}
