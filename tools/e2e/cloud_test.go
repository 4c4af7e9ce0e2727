package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/keystone/keystonetest"
	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
	"github.com/picasso-faas/picasso/tools/functions/functest"
)

// cloudStack runs Picasso against the real Keystone and a database of its own
// in the real MariaDB.
func cloudStack(t *testing.T, opt options) *stack {
	t.Helper()
	env := cloudtest.Need(t, "docker", "mariadb", "keystone")
	if opt.cloud != nil {
		env = opt.cloud.Env
	}
	opt.connection = newDatabase(t, env, opt.cloud)
	user := openrc(t, env, "service-functions")
	opt.keystone = fmt.Sprintf("auth_url = %s\nwww_authenticate_uri = %s\nusername = %s\npassword = %s\nproject_name = service\n%s",
		env.AuthURL, strings.Replace(env.AuthURL, "127.0.0.1", env.PublicHost, 1), user["OS_USERNAME"], user["OS_PASSWORD"], opt.keystone)
	return newStack(t, opt)
}

// openrc reads what an openrc file sets.
func openrc(t *testing.T, env cloudtest.Env, account string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(env.Dir, "openrc."+account))
	require.NoError(t, err)
	values := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "export "), "=")
		values[name] = strings.Trim(value, `"'`)
	}
	return values
}

// newDatabase makes a database that goes with the test, and returns its
// connection as oslo.db writes it.
func newDatabase(t *testing.T, env cloudtest.Env, in *cloudtest.Cloud) string {
	t.Helper()
	name := fmt.Sprintf("e2e_%d", time.Now().UnixNano())
	mariadb(t, env, in, "mariadb", "-e", "CREATE DATABASE "+name)
	t.Cleanup(func() { mariadb(t, env, in, "mariadb", "-e", "DROP DATABASE "+name) })
	login, server, _ := strings.Cut(env.DBDSN, "@tcp(") // user:password@tcp(host:port)/
	return "mysql+pymysql://" + login + "@" + strings.TrimSuffix(server, ")/") + "/" + name + "?charset=utf8mb4"
}

func sql(t *testing.T, env cloudtest.Env, statement string) {
	t.Helper()
	mariadb(t, env, nil, "mariadb", "-e", statement)
}

// mariadb runs one of MariaDB's clients, in the network of a cloud or outside, and
// returns what it prints.
func mariadb(t *testing.T, env cloudtest.Env, in *cloudtest.Cloud, client string, args ...string) string {
	t.Helper()
	login, server, _ := strings.Cut(env.DBDSN, "@tcp(")
	user, password, _ := strings.Cut(login, ":")
	host, port, _ := strings.Cut(strings.TrimSuffix(server, ")/"), ":")
	args = append([]string{"--no-defaults", "-h", host, "-P", port, "-u", user}, args...)
	cmd := exec.Command(client, args...)
	if in != nil {
		cmd = in.Command(client, args...)
	}
	cmd.Env = append(cmd.Environ(), "MYSQL_PWD="+password)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s %v: %s", client, args, out)
	return string(out)
}

// dump is all that the stack's database holds.
func (s *stack) dump(t *testing.T) string {
	t.Helper()
	name, _, _ := strings.Cut(path.Base(s.connection), "?")
	return mariadb(t, s.env, s.cloud, "mariadb-dump", "--skip-lock-tables", name)
}

// TestMainJob is the story of a user: with the token that the real openstack
// client issues, a function is created, called cold and hot, listed, shown
// with its log, denied to another project, and deleted.
func TestMainJob(t *testing.T) {
	t.Parallel()
	s := cloudStack(t, options{split: true})
	env := cloudtest.Need(t, "keystone")
	alice := s.withToken(openstackToken(t, env, "alpha"))
	bob := s.withToken(keystonetest.Token(t, "beta"))
	rhea := s.withToken(keystonetest.Token(t, "alpha-reader"))

	spec := map[string]any{"name": "hello", "image": functest.Image(t, "testfn")}
	id := alice.create(spec)
	cold := alice.invoke("hello", "log 2\n")
	require.Equal(t, http.StatusOK, cold.Status, "%s", cold.Body)
	logged := cold.Header.Get("Picasso-Execution-Id")
	hot := alice.invoke("hello", "count\n")
	require.True(t, strings.HasSuffix(string(hot.Body), " 1"), "%s", hot.Body)
	require.Zero(t, alice.execution(hot)["cold_start_ms"])
	require.Len(t, alice.json(http.MethodGet, "/v2/functions", nil, http.StatusOK)["functions"], 1)
	require.NotEmpty(t, alice.log(logged))

	t.Run("another project", func(t *testing.T) {
		require.Empty(t, bob.json(http.MethodGet, "/v2/functions", nil, http.StatusOK)["functions"])
		require.Empty(t, bob.json(http.MethodGet, "/v2/executions", nil, http.StatusOK)["executions"])
		for _, what := range [][2]string{
			{"GET", "/v2/functions/" + id}, {"DELETE", "/v2/functions/" + id}, {"POST", "/v2/functions/" + id + "/invoke"},
			{"POST", "/f/" + id}, {"GET", "/v2/executions/" + logged}, {"GET", "/v2/executions/" + logged + "/log"},
		} {
			wantProblem(t, bob.do(what[0], what[1], nil), http.StatusNotFound, "not_found")
		}
		other := bob.create(spec) // the same names
		bobs := bob.invoke("hello", "count\n")
		require.True(t, strings.HasSuffix(string(bobs.Body), " 1"), "a sandbox of its own: %s", bobs.Body)
		wantProblem(t, alice.do(http.MethodGet, "/v2/functions/"+other, nil), http.StatusNotFound, "not_found")
	})
	t.Run("a reader", func(t *testing.T) {
		require.Equal(t, http.StatusOK, rhea.do(http.MethodGet, "/v2/functions/hello", nil).Status)
		wantProblem(t, rhea.invoke("hello", "count\n"), http.StatusForbidden, "forbidden")
		wantProblem(t, rhea.do(http.MethodPost, "/v2/functions", strings.NewReader(`{"name":"x","image":"x"}`)), http.StatusForbidden, "forbidden")
	})
	t.Run("an admin", func(t *testing.T) {
		admin := s.withToken(keystonetest.Token(t, "admin"))
		require.Equal(t, http.StatusOK, admin.do(http.MethodGet, "/v2/functions/"+id, nil).Status)
		require.Len(t, admin.json(http.MethodGet, "/v2/functions?all_projects=true", nil, http.StatusOK)["functions"], 2)
	})
	t.Run("nobody", func(t *testing.T) {
		for _, token := range []string{"", "gAAAAAgarbage"} {
			a := s.withToken(token).invoke("hello", "count\n")
			wantProblem(t, a, http.StatusUnauthorized, "unauthenticated")
			require.Contains(t, a.Header.Get("WWW-Authenticate"), "Keystone uri=")
		}
	})
	alice.json(http.MethodDelete, "/v2/functions/hello", nil, http.StatusNoContent)
	wantProblem(t, alice.do(http.MethodGet, "/v2/functions/hello", nil), http.StatusNotFound, "not_found")
	require.Equal(t, http.StatusOK, bob.invoke("hello", "count\n").Status)
}

func openstackToken(t *testing.T, env cloudtest.Env, cloud string) string {
	t.Helper()
	cmd := exec.Command("openstack", "--os-cloud", cloud, "token", "issue", "-f", "json")
	cmd.Env = append(os.Environ(), "OS_CLIENT_CONFIG_FILE="+env.CloudsFile)
	out, err := cmd.Output()
	require.NoError(t, err)
	var token struct{ ID string }
	require.NoError(t, json.Unmarshal(out, &token))
	return token.ID
}

func TestRevokedTokenStopsWithinTheCacheTime(t *testing.T) {
	t.Parallel()
	s := cloudStack(t, options{keystone: "token_cache_time = 2\n"})
	token := keystonetest.Token(t, "alpha")
	c := s.withToken(token)
	require.Equal(t, http.StatusOK, c.do(http.MethodGet, "/v2/functions", nil).Status)
	keystonetest.Revoke(t, token)
	require.Eventually(t, func() bool {
		return c.do(http.MethodGet, "/v2/functions", nil).Status == http.StatusUnauthorized
	}, waitLong, 100*time.Millisecond)
}

func TestKeystoneDown(t *testing.T) {
	s := newStack(t, options{keystone: fmt.Sprintf(
		"auth_url = http://127.0.0.1:%d/v3\nusername = functions\npassword = x\nproject_name = service\nhttp_request_max_retries = 0\n", cloudtest.FreePort(t))})
	a := s.withToken("gAAAAAsomething").do(http.MethodGet, "/v2/functions", nil)
	wantProblem(t, a, http.StatusServiceUnavailable, "unavailable")
	require.NotEmpty(t, a.Header.Get("Retry-After"))
}

func TestDatabaseDown(t *testing.T) {
	t.Parallel()
	private := cloudtest.PrivateMariaDB(t)
	env := private.Env
	sql(t, env, "CREATE DATABASE picasso")
	login, server, _ := strings.Cut(env.DBDSN, "@tcp(")
	s := newStack(t, options{connection: "mysql://" + login + "@" + strings.TrimSuffix(server, ")/") + "/picasso"})
	c := s.project("alpha")
	c.create(testfn(t, "known", nil))
	require.Equal(t, http.StatusOK, c.invoke("known", "count\n").Status)

	private.Kill(t)
	a := c.do(http.MethodGet, "/v2/functions", nil)
	wantProblem(t, a, http.StatusServiceUnavailable, "unavailable")
	require.NotEmpty(t, a.Header.Get("Retry-After"))
	wantProblem(t, c.invoke("unknown", "count\n"), http.StatusServiceUnavailable, "unavailable")
	require.Equal(t, http.StatusOK, c.invoke("known", "count\n").Status, "what is known still runs")

	private.Start(t)
	require.Eventually(t, func() bool {
		return c.do(http.MethodGet, "/v2/functions", nil).Status == http.StatusOK
	}, waitLong, 100*time.Millisecond)
}
