package cloudtest

import (
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	_ "github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNeedMariaDB(t *testing.T) {
	db := openDB(t, Need(t, "mariadb"))
	name := fmt.Sprintf("cloudtest_%d", os.Getpid())
	_, err := db.ExecContext(t.Context(), "CREATE DATABASE "+name)
	require.NoError(t, err, "the user may create databases")
	_, err = db.ExecContext(t.Context(), "DROP DATABASE "+name)
	require.NoError(t, err)

	var charset, mode string
	require.NoError(t, db.QueryRowContext(t.Context(),
		"SELECT @@character_set_server, @@sql_mode").Scan(&charset, &mode))
	assert.Equal(t, "utf8mb4", charset)
	assert.Contains(t, mode, "STRICT_TRANS_TABLES")
}

func TestNeedAgainLeavesAlone(t *testing.T) {
	file := filepath.Join(Need(t, "mariadb").Dir, "run", "mariadb.pid")
	before, err := os.ReadFile(file)
	require.NoError(t, err)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { Need(t, "mariadb", "memcached") })
	}
	all.Wait()
	after, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(before), string(after))
}

func TestNeedKeystone(t *testing.T) {
	env := Need(t, "keystone")
	assert.Len(t, openstack(t, env, "alpha", "token", "issue", "-f", "value", "-c", "project_id"), 32)

	// one process for all clouds: each openstack command costs seconds on a busy machine
	const who = `
import openstack
for name in ('alpha', 'alpha-reader', 'beta', 'service-functions'):
    session = openstack.connect(cloud=name).session
    access = session.auth.get_access(session)
    print(name, access.project_name, access.username, *sorted(access.role_names))
print(*access.service_catalog.get_urls(service_type='functions', region_name='RegionOne'))
`
	cmd := exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", who)
	cmd.Env = append(os.Environ(), "OS_CLIENT_CONFIG_FILE="+env.CloudsFile)
	out, err := cmd.Output()
	require.NoError(t, err)
	assert.Equal(t, `alpha alpha alice member reader
alpha-reader alpha rhea reader
beta beta bob member reader
service-functions service functions service
http://127.0.0.1:10001
`, string(out))
}

func TestUpRefusesUnknownService(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), filepath.Join(scripts(), "up"), "mariadb", "nonsense").CombinedOutput()
	assert.Error(t, err)
	assert.Contains(t, string(out), "no service nonsense; there are: docker mariadb")
}

// A pid that the kernel has given to somebody else since is not ours to stop.
func TestDownSparesForeignProcess(t *testing.T) {
	stranger := exec.CommandContext(t.Context(), "sleep", "3600")
	require.NoError(t, stranger.Start())
	dir := filepath.Join(t.TempDir(), "cloud")
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "run"), 0o755))
	pidFile := filepath.Join(dir, "run", "memcached.pid")
	require.NoError(t, os.WriteFile(pidFile, fmt.Appendf(nil, "%d\n1\n", stranger.Process.Pid), 0o644))

	(&script{environ: []string{"CLOUD_DIR=" + dir}}).run(t, "down")
	assert.False(t, ended(stranger.Process.Pid))
	assert.NoFileExists(t, pidFile)

	out, err := exec.CommandContext(t.Context(), "env", "CLOUD_DIR="+dir, filepath.Join(scripts(), "down"), "--wipe").CombinedOutput()
	assert.Error(t, err, "a folder without our secrets is not wiped")
	assert.Contains(t, string(out), "does not look like ours")
	assert.DirExists(t, dir)
}

func TestParseEnv(t *testing.T) {
	complete := "CLOUD_DIR=/d\nCLOUD_AUTH_URL=http://a/v3\nCLOUD_PUBLIC_HOST=a\nCLOUD_DB_DSN=u:p=q@tcp(h:1)/\nCLOUD_AMQP_URL=amqp://m\n" +
		"CLOUD_TRANSPORT_URL=rabbit://m\nOS_CLIENT_CONFIG_FILE=/d/clouds.yaml\nCLOUD_DOCKER_HOST=unix:///s\n"
	for name, c := range map[string]struct {
		text, lacks string
	}{
		"complete":        {text: complete},
		"more than known": {text: "# comment\n\nSOMETHING=else\n" + complete},
		"a field missing": {text: strings.Replace(complete, "CLOUD_DB_DSN", "OTHER", 1), lacks: "CLOUD_DB_DSN is missing"},
		"a field empty":   {text: strings.Replace(complete, "=/d\n", "=\n", 1), lacks: "CLOUD_DIR is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			env, err := parseEnv(c.text)
			if c.lacks != "" {
				require.EqualError(t, err, c.lacks)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, Env{
				Dir: "/d", AuthURL: "http://a/v3", PublicHost: "a", DBDSN: "u:p=q@tcp(h:1)/", AMQPURL: "amqp://m",
				TransportURL: "rabbit://m", CloudsFile: "/d/clouds.yaml", DockerHost: "unix:///s",
			}, env)
		})
	}
}

func openDB(t *testing.T, env Env) *sql.DB {
	t.Helper()
	db, err := sql.Open("mysql", env.DBDSN)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	require.NoError(t, db.PingContext(t.Context()))
	return db
}

// openstack runs the command as one of the clouds of clouds.yaml and returns what it printed.
func openstack(t *testing.T, env Env, cloud string, args ...string) string {
	t.Helper()
	cmd := exec.Command("openstack", append([]string{"--os-cloud", cloud}, args...)...) // not t.Context(): cleanups use it too
	cmd.Env = append(os.Environ(), "OS_CLIENT_CONFIG_FILE="+env.CloudsFile)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return strings.TrimSpace(string(out))
}
