package cloudtest

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPrivateMariaDBSurvivesKill(t *testing.T) {
	mariadb := PrivateMariaDB(t)
	db := openDB(t, mariadb.Env)
	for _, statement := range []string{
		"CREATE DATABASE kept", "CREATE TABLE kept.t (id INT PRIMARY KEY)", "INSERT INTO kept.t VALUES (1)",
	} {
		_, err := db.ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}

	mariadb.Kill(t)
	assert.Error(t, db.PingContext(t.Context()))
	mariadb.Start(t)
	var id int
	require.NoError(t, openDB(t, mariadb.Env).QueryRowContext(t.Context(), "SELECT id FROM kept.t").Scan(&id),
		"what was committed is there")

	mariadb.Stop(t)
	assert.Error(t, db.PingContext(t.Context()))
}

func TestPrivateLeavesNothing(t *testing.T) {
	var dir string
	t.Run("", func(t *testing.T) { dir = PrivateMariaDB(t).Dir })
	assert.NoDirExists(t, filepath.Dir(dir))
}

func TestPrivateDockerSurvivesKill(t *testing.T) {
	shared := Need(t, "docker")
	filter := packetFilter(t)
	engine := PrivateDocker(t)
	assert.NotEqual(t, shared.DockerHost, engine.DockerHost)

	importSleeper(t, engine.Env)
	id := docker(t, engine.Env, "run", "--detach", "--network", "none", "sleeper", "/sleeper")
	assert.Equal(t, "true", docker(t, engine.Env, "inspect", "--format", "{{.State.Running}}", id))
	engine.Kill(t)
	_, err := dockerCommand(t, engine.Env, "version").Output()
	assert.Error(t, err)
	engine.Start(t)
	assert.Equal(t, "false", docker(t, engine.Env, "inspect", "--format", "{{.State.Running}}", id))

	id = docker(t, engine.Env, "run", "--detach", "sleeper", "/sleeper")
	assert.Contains(t, docker(t, engine.Env, "inspect", "--format", "{{.NetworkSettings.IPAddress}}", id), "198.18.")
	engine.Kill(t) // and the cleanup removes engine and container
	assert.Equal(t, filter, packetFilter(t), "the shared engine's rules are untouched")
	_, err = net.InterfaceByName("docker0")
	assert.NoError(t, err, "the shared engine's bridge is there")
}

func importSleeper(t *testing.T, env Env) {
	t.Helper()
	dir := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-o", dir+"/sleeper", "./testdata/sleeper")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	out, err = exec.CommandContext(t.Context(), "tar", "-C", dir, "-cf", dir+".tar", "sleeper").CombinedOutput()
	require.NoError(t, err, "%s", out)
	docker(t, env, "import", dir+".tar", "sleeper")
}

func docker(t *testing.T, env Env, args ...string) string {
	t.Helper()
	out, err := dockerCommand(t, env, args...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return strings.TrimSpace(string(out))
}

func dockerCommand(t *testing.T, env Env, args ...string) *exec.Cmd {
	t.Helper()
	return exec.Command("docker", append([]string{"--host", env.DockerHost}, args...)...) // not t.Context(): cleanups use it too
}

// packetFilter is the machine's rules for the default bridge, which only the shared engine sets.
func packetFilter(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "iptables", "-t", "nat", "-S").Output()
	require.NoError(t, err)
	var rules []string
	for rule := range strings.Lines(string(out)) {
		if strings.Contains(rule, "docker0") {
			rules = append(rules, rule)
		}
	}
	require.NotEmpty(t, rules)
	return strings.Join(rules, "")
}
