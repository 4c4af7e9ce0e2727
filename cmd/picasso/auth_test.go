package main

import (
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/api/apitest"
	"github.com/picasso-faas/picasso/api/client"
	"github.com/picasso-faas/picasso/cmd/internal/launch"
	"github.com/picasso-faas/picasso/cmd/internal/launch/launchtest"
	"github.com/picasso-faas/picasso/keystone/keystonetest"
	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
)

func resolve(t *testing.T, env map[string]string, args ...string) (client.Auth, error) {
	t.Helper()
	var o authOptions
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	o.addFlags(flags)
	require.NoError(t, flags.Parse(args))
	return o.resolve(func(name string) string { return env[name] })
}

func TestWhereTheLoginComesFrom(t *testing.T) {
	tests := map[string]struct {
		env  map[string]string
		args []string
		want client.Auth
	}{
		"nothing": {nil, nil, client.Auth{}},
		"environment": {
			map[string]string{"OS_AUTH_URL": "http://k", "OS_USERNAME": "alice", "OS_PROJECT_DOMAIN_NAME": "D", "OS_INSECURE": "true"}, nil,
			client.Auth{URL: "http://k", Username: "alice", ProjectDomainName: "D", Insecure: true},
		},
		"options win": {
			map[string]string{"OS_USERNAME": "alice", "OS_REGION_NAME": "one"}, []string{"--os-username", "bob"},
			client.Auth{Username: "bob", Region: "one"},
		},
		"a cloud leaves other logins out": {
			map[string]string{"OS_USERNAME": "alice", "OS_PASSWORD": "x", "OS_AUTH_TYPE": "none"}, []string{"--os-cloud", "c", "--os-project-name", "p"},
			client.Auth{Cloud: "c", ProjectName: "p"},
		},
		"cloud of the environment": {map[string]string{"OS_CLOUD": "c", "OS_USERNAME": "u"}, nil, client.Auth{Cloud: "c"}},
		"token beside a cloud":     {map[string]string{"OS_CLOUD": "c", "OS_TOKEN": "t"}, nil, client.Auth{Cloud: "c", Token: "t"}},
		"token beside an rc file": {
			map[string]string{"OS_AUTH_TYPE": "password", "OS_PASSWORD": "x"}, []string{"--os-token", "t"},
			client.Auth{Type: "token", Password: "x", Token: "t"},
		},
		"old names": {
			map[string]string{"OS_TENANT_NAME": "p", "OS_ENDPOINT_TYPE": "internalURL"}, nil,
			client.Auth{ProjectName: "p", Interface: "internalURL"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := resolve(t, test.env, test.args...)
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
	_, err := resolve(t, nil, "--os-cacert", "/nowhere/ca.pem")
	assert.ErrorContains(t, err, "/nowhere/ca.pem")
}

func TestNothingListens(t *testing.T) {
	_, stderr, status := picassoRun(t, "", nil, "function", "list", "--os-endpoint", "http://127.0.0.1:1")
	assert.Equal(t, exitFailure, status)
	assert.Contains(t, stderr, "Cannot reach http://127.0.0.1:1/v2/functions: ")
}

// TestLoginWithARealKeystone uses clouds.yaml and variables of tools/cloud
// against an API that asks the same Keystone.
func TestLoginWithARealKeystone(t *testing.T) {
	cfg := launchtest.Config(t, &apitest.Engine{})
	cfg.General.AuthStrategy = launch.AuthKeystone
	cfg.Keystone = keystonetest.Config(t)
	api := launchtest.Start(t, cfg)
	cloud := cloudtest.Need(t, "keystone")
	t.Setenv("OS_CLIENT_CONFIG_FILE", cloud.CloudsFile) // gophercloud looks for it there
	endpoint := []string{"--os-endpoint", api.URL()}
	cli := func(env map[string]string, args ...string) (string, string, int) {
		return picassoRun(t, "in", env, append(args, endpoint...)...)
	}

	out, stderr, status := cli(nil, "--os-cloud", "alpha", "function", "create", "f", "--image", "i", "-f", "value", "-c", "name")
	require.Equal(t, exitOK, status, stderr)
	assert.Equal(t, "f\n", out)

	alice := keystonetest.Account(t, "alpha")
	byName := map[string]string{
		"OS_AUTH_URL": alice.IdentityEndpoint, "OS_USERNAME": alice.Username, "OS_PASSWORD": alice.Password,
		"OS_PROJECT_NAME": "alpha", "OS_USER_DOMAIN_NAME": "Default", "OS_PROJECT_DOMAIN_NAME": "Default",
	}
	out, stderr, status = cli(byName, "function", "invoke", "f", "-d", "ping")
	require.Equal(t, exitOK, status, stderr)
	assert.Equal(t, "ping", out)

	token := keystonetest.Token(t, "alpha-reader")
	out, stderr, status = cli(map[string]string{"OS_TOKEN": token, "OS_AUTH_URL": alice.IdentityEndpoint}, "function", "list", "-f", "value", "-c", "Name")
	require.Equal(t, exitOK, status, stderr)
	assert.Equal(t, "f\n", out)
	_, stderr, status = cli(map[string]string{"OS_TOKEN": token, "OS_AUTH_TYPE": "admin_token"}, "function", "delete", "f")
	assert.Equal(t, exitFailure, status)
	assert.Contains(t, stderr, "(HTTP 403)")

	_, stderr, status = cli(nil, "--os-cloud", "beta", "function", "show", "f")
	assert.Equal(t, exitFailure, status)
	assert.Contains(t, stderr, "(HTTP 404)")

	byName["OS_PASSWORD"] = "wrong"
	_, stderr, status = cli(byName, "function", "list")
	assert.Equal(t, exitFailure, status)
	assert.Contains(t, stderr, "(HTTP 401)")
	assert.NotContains(t, stderr, "wrong")

	_, stderr, status = cli(map[string]string{"OS_ENDPOINT": api.URL()}, "function", "list")
	assert.Equal(t, exitFailure, status)
	assert.Contains(t, stderr, "(HTTP 401)")
}

// TestATokenWinsOverAPassword: a wrong one must not log in with what lies beside it.
func TestATokenWinsOverAPassword(t *testing.T) {
	cloud := cloudtest.Need(t, "keystone")
	t.Setenv("OS_CLIENT_CONFIG_FILE", cloud.CloudsFile)
	alice := keystonetest.Account(t, "alpha")
	rc := map[string]string{
		"OS_AUTH_TYPE": "password", "OS_AUTH_URL": alice.IdentityEndpoint, "OS_USERNAME": alice.Username,
		"OS_PASSWORD": alice.Password, "OS_PROJECT_NAME": "alpha",
	}
	api := launchtest.Start(t, launchtest.Config(t, &apitest.Engine{}))
	for name, test := range map[string]struct {
		env  map[string]string
		args []string
	}{
		"cloud and type":   {nil, []string{"--os-cloud", "alpha", "--os-auth-type", "token"}},
		"cloud and v3":     {nil, []string{"--os-cloud", "alpha", "--os-auth-type", "v3token"}},
		"cloud, no type":   {nil, []string{"--os-cloud", "alpha"}},
		"rc file, no type": {rc, nil},
	} {
		t.Run(name, func(t *testing.T) {
			list := slices.Concat(test.args, []string{"--os-endpoint", api.URL(), "function", "list", "--os-token"})
			_, stderr, status := picassoRun(t, "", test.env, slices.Concat(list, []string{"mistaken"})...)
			assert.Equal(t, exitFailure, status)
			assert.Contains(t, stderr, "the token is not valid (HTTP 401)")
			_, stderr, status = picassoRun(t, "", test.env, slices.Concat(list, []string{keystonetest.Token(t, "alpha-reader")})...)
			assert.Equal(t, exitOK, status, stderr)
		})
	}
	_, stderr, status := picassoRun(t, "", nil, "--os-cloud", "alpha", "--os-auth-type", "token", "function", "list")
	assert.Equal(t, exitFailure, status)
	assert.Contains(t, stderr, "needs a token")
}

func TestTheEndpointComesFromTheCatalog(t *testing.T) {
	cloud := cloudtest.Need(t, "keystone")
	t.Setenv("OS_CLIENT_CONFIG_FILE", cloud.CloudsFile)
	_, stderr, status := picassoRun(t, "", nil, "--os-cloud", "alpha", "--os-region-name", "Nowhere", "function", "list")
	assert.Equal(t, exitFailure, status)
	assert.Contains(t, stderr, "No suitable endpoint")
}

func TestDebugShowsNoSecret(t *testing.T) {
	api := launchtest.Start(t, launchtest.Config(t, &apitest.Engine{}))
	env := map[string]string{"OS_TOKEN": "very-hidden-token", "OS_ENDPOINT": api.URL()}
	_, stderr, status := picassoRun(t, "", env, "--debug", "function", "create", "f", "--image", "i", "--config", "PASSWORD=very-hidden-word")
	require.Equal(t, exitOK, status, stderr)
	assert.Contains(t, stderr, "REQ: POST "+api.URL()+"/v2/functions")
	assert.Contains(t, stderr, "RESP: [201]")
	assert.Contains(t, stderr, "X-Auth-Token: {SHA256}")
	assert.NotContains(t, stderr, "very-hidden")
}

func TestInputFromATerminalIsNotWaitedFor(t *testing.T) {
	terminalDevice, err := os.Open("/dev/null") // a character device, as terminals are
	require.NoError(t, err)
	defer terminalDevice.Close()
	c := &cli{terminal: terminal{in: terminalDevice}}
	body, err := c.input("-d", false, "")
	require.NoError(t, err)
	assert.Nil(t, body)
	_, err = c.input("-d", true, "@"+filepath.Join(t.TempDir(), "missing"))
	assert.Error(t, err)
}

func TestHelpNamesEveryCommand(t *testing.T) {
	out, _, status := picassoRun(t, "", nil, "--help")
	assert.Equal(t, exitOK, status)
	for _, word := range []string{"app ", "function ", "execution ", "--os-cloud", client.DevelopmentEndpoint} {
		assert.Contains(t, out, word)
	}
}

func TestMistakesAreNamed(t *testing.T) {
	for line, want := range map[string]string{
		"function creat x --image y":                 `did you mean create?`,
		"function create x --image y --memory 256MB": "--memory: must be a whole number of MiB",
		"function create x":                          "required: --image",
		"function set x":                             "nothing to change",
	} {
		_, stderr, status := picassoRun(t, "", nil, strings.Fields(line)...)
		assert.Equal(t, exitUsage, status, line)
		assert.Contains(t, stderr, want, line)
	}
	c := new(cli)
	_, err := c.input("-d", true, "@/nofile")
	assert.ErrorContains(t, err, "argument -d: ")
	out, _, _ := picassoRun(t, "", nil, "function", "create", "--help")
	assert.Contains(t, out, "memory in MiB (default 128)")
	assert.Contains(t, out, "picasso --help")
	assert.NotContains(t, out, "--os-cloud")
}

func TestHintsAreForThoseWhoSaidNothing(t *testing.T) {
	unreachable := &url.Error{Op: "Get", URL: client.DevelopmentEndpoint, Err: errors.New("refused")}
	unauthorized := &client.Error{Status: 401}
	c := new(cli)
	assert.Contains(t, c.explain(unreachable), "make run")
	assert.Contains(t, c.explain(unauthorized), "--os-cloud")
	c.auth.Cloud = "alpha"
	assert.NotContains(t, c.explain(unreachable), "make run")
	assert.NotContains(t, c.explain(unauthorized), "--os-cloud")
}
