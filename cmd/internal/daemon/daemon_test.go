package daemon

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/cmd/internal/launch"
	"github.com/picasso-faas/picasso/cmd/internal/launch/launchtest"
)

// TestMain makes the test binary a daemon when a test runs it as one.
func TestMain(m *testing.M) {
	if role := os.Getenv("PICASSO_TEST_ROLE"); role != "" {
		os.Exit(Run(launch.Role(role), os.Args[1:], os.Environ(), os.Stderr))
	}
	os.Exit(m.Run())
}

type process struct {
	*exec.Cmd
	out  *launchtest.Output
	done chan error
}

// start runs a daemon in a process of its own.
func start(t *testing.T, role launch.Role, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(os.Args[0], args...), out: new(launchtest.Output), done: make(chan error, 1)}
	p.Env = append(os.Environ(), "PICASSO_TEST_ROLE="+string(role))
	p.Stderr = p.out
	require.NoError(t, p.Start())
	go func() { p.done <- p.Wait() }()
	t.Cleanup(func() { _ = p.Process.Kill() })
	return p
}

// says waits until the daemon has logged the text.
func (p *process) says(t *testing.T, text string) {
	t.Helper()
	require.Eventually(t, func() bool { return strings.Contains(p.out.String(), text) }, 30*time.Second, 10*time.Millisecond,
		"it never said %q", text)
}

// api is a configuration of picasso-api that needs nothing else, and its URL.
func apiConfig(t *testing.T, more string) (file, url string) {
	t.Helper()
	dir := t.TempDir()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	port := free.Addr().(*net.TCPAddr).Port
	require.NoError(t, free.Close())
	file = filepath.Join(dir, "picasso.conf")
	text := fmt.Sprintf("[DEFAULT]\nauth_strategy = noauth\n%s\n[api]\nbind_port = %d\nmetrics_bind_port = -1\n"+
		"[database]\nconnection = sqlite:///%s/p.sqlite\n", more, port, dir)
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file, fmt.Sprintf("http://127.0.0.1:%d", port)
}

func TestSignalsStopTheDaemon(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			file, url := apiConfig(t, "")
			p := start(t, launch.RoleAPI, "--config-file", file)
			p.says(t, "API is listening")
			answer, err := http.Get(url + "/healthcheck")
			require.NoError(t, err)
			text, err := io.ReadAll(answer.Body)
			require.NoError(t, err)
			answer.Body.Close()
			assert.Equal(t, "OK", string(text))
			require.NoError(t, p.Process.Signal(sig))
			require.NoError(t, <-p.done, p.out)
			assert.Contains(t, p.out.String(), "picasso-api has stopped")
		})
	}
}

func TestHangupTakesOverTheLogLevelAndReopensTheFile(t *testing.T) {
	logFile := filepath.Join(t.TempDir(), "picasso.log")
	file, url := apiConfig(t, "log_file = "+logFile)
	p := start(t, launch.RoleAPI, "--config-file", file)
	logged := func(text string) func() bool {
		return func() bool {
			content, _ := os.ReadFile(logFile)
			return strings.Contains(string(content), text)
		}
	}
	require.Eventually(t, logged("API is listening"), 30*time.Second, 10*time.Millisecond)
	conf, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, bytes.Replace(conf, []byte("[DEFAULT]\n"), []byte("[DEFAULT]\ndebug = true\n"), 1), 0o600))
	require.NoError(t, os.Rename(logFile, logFile+".1")) // as logrotate does
	require.NoError(t, p.Process.Signal(syscall.SIGHUP))
	require.Eventually(t, logged("level=debug"), 30*time.Second, 10*time.Millisecond)
	answer, err := http.Get(url + "/healthcheck")
	require.NoError(t, err)
	answer.Body.Close()
	require.Eventually(t, logged("route=/healthcheck"), 30*time.Second, 10*time.Millisecond)

	require.NoError(t, os.WriteFile(file, []byte("[DEFAULT]\nbug = 1\n"), 0o600))
	require.NoError(t, p.Process.Signal(syscall.SIGHUP))
	require.Eventually(t, logged("SIGHUP: nothing changes"), 30*time.Second, 10*time.Millisecond)
	require.NoError(t, p.Process.Signal(syscall.SIGTERM))
	require.NoError(t, <-p.done)
}

func TestWhatTheCommandLineRefuses(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing.conf")
	typo := filepath.Join(t.TempDir(), "typo.conf")
	require.NoError(t, os.WriteFile(typo, []byte("[api]\nbind_prt = 1\n"), 0o600))
	empty := filepath.Join(t.TempDir(), "empty.conf")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	badLog := filepath.Join(t.TempDir(), "log.conf")
	require.NoError(t, os.WriteFile(badLog, []byte("[DEFAULT]\nlog_file = /nowhere/p.log\n"), 0o600))
	tests := map[string]struct {
		args   []string
		status int
		want   string
	}{
		"help":         {[]string{"--help"}, exitOK, "-config-file"},
		"version":      {[]string{"--version"}, exitOK, "picasso-api dev"},
		"unknown flag": {[]string{"--port", "1"}, exitUsage, "not defined"},
		"arguments":    {[]string{"start"}, exitUsage, `takes no arguments: ["start"]`},
		"missing file": {[]string{"--config-file", missing}, exitFailure, missing},
		"missing dir":  {[]string{"--config-dir", missing}, exitFailure, missing},
		"typo":         {[]string{"--config-file", typo}, exitFailure, typo + ": line 2: [api] bind_prt: no such option"},
		"incomplete":   {[]string{"--config-file", empty}, exitFailure, "[keystone_authtoken] auth_url"},
		"log file":     {[]string{"--config-file", badLog}, exitFailure, "[DEFAULT] log_file"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			assert.Equal(t, test.status, Run(launch.RoleAPI, test.args, nil, &out))
			assert.Contains(t, out.String(), test.want)
		})
	}
}
