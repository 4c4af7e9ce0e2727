package functest_test

import (
	"context"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/tools/functions/functest"
)

// docker runs a docker command and returns what it prints.
func docker(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.Command("docker", args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "docker %v: %s", args, out)
	return strings.TrimSpace(string(out))
}

// start runs an image as strictly as the engine does, until the test ends.
func start(t *testing.T, args ...string) (id string) {
	t.Helper()
	strict := []string{
		"run", "--detach", "--rm", "--network=none", "--user=1000:1000", "--read-only", "--tmpfs=/tmp",
		"--memory=128m", "--pids-limit=256", "--cap-drop=ALL", "--security-opt=no-new-privileges",
	}
	id = docker(t, "", append(strict, args...)...)
	t.Cleanup(func() { _ = exec.Command("docker", "rm", "--force", id).Run() })
	return id
}

// startFn runs an image with a directory for the socket of the contract fn.
func startFn(t *testing.T, image string, command ...string) (dir, id string) {
	t.Helper()
	dir, err := os.MkdirTemp("/run", "functest")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o777)) // the function's user writes here
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	id = start(t, append([]string{
		"--env=FN_FORMAT=http-stream", "--env=FN_LISTENER=unix:/tmp/iofs/lsnr.sock", "--volume=" + dir + ":/tmp/iofs", image,
	}, command...)...)
	return dir, id
}

// serveFn runs an image that speaks the contract fn and returns a client of it.
func serveFn(t *testing.T, image string) *http.Client {
	t.Helper()
	dir, _ := startFn(t, image)
	socket := filepath.Join(dir, "lsnr.sock")
	require.Eventually(t, func() bool {
		_, err := os.Lstat(socket)
		return err == nil
	}, 20*time.Second, 10*time.Millisecond, "%s is not ready", image)
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}
}

func post(t *testing.T, client *http.Client, contentType, body string) (int, string) {
	t.Helper()
	answer, err := client.Post("http://localhost/call", contentType, strings.NewReader(body))
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	content, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(content)
}

func TestFnImages(t *testing.T) {
	for _, c := range []struct{ image, contentType, body, want string }{
		{"hello", "text/plain", "Picasso", "Hello, Picasso!\n"},
		{"hello", "text/plain", "", "Hello, World!\n"},
		{"echo", "application/octet-stream", "\x00\xff body", "\x00\xff body"},
		{"testfn", "text/plain", "id", "1000 1000 "},
		{"node", "application/json", `{"name":"Node"}`, `{"message":"Hello Node"`},
	} {
		client := serveFn(t, functest.Image(t, c.image))
		status, body := post(t, client, c.contentType, c.body)
		require.Equal(t, http.StatusOK, status, c.image)
		require.True(t, strings.HasPrefix(body, c.want), "%s: %q", c.image, body)
	}
}

func TestNodeFailure(t *testing.T) {
	status, _ := post(t, serveFn(t, functest.Image(t, "node")), "application/json", `{"fail":true}`)
	require.Equal(t, http.StatusBadGateway, status, "the FDK's own answer to an exception")
}

func TestWebImage(t *testing.T) {
	id := start(t, functest.Image(t, "busybox"))
	var page string
	require.Eventually(t, func() bool {
		out, err := exec.Command("docker", "exec", id, "/bin/busybox", "wget", "-qO-", "http://127.0.0.1:8080/").Output()
		page = string(out)
		return err == nil
	}, 20*time.Second, 10*time.Millisecond)
	require.Equal(t, "<h1>It works</h1>\n", page)
	require.Equal(t, "abc", docker(t, "", "exec", id, "/bin/busybox", "wget", "-qO-", "--post-data=abc", "http://127.0.0.1:8080/cgi-bin/echo"))
}

func TestCommandLineImages(t *testing.T) {
	run := func(stdin string, args ...string) string {
		return docker(t, stdin, append([]string{"run", "--rm", "--interactive", "--network=none", "--user=1000:1000"}, args...)...)
	}
	debian := functest.Image(t, "debian")
	require.Equal(t, "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4  -", run("hi", debian))
	require.Equal(t, "[1,2]", run(`{"a":[1,2]}`, debian, "jq", "-c", ".a"))
	require.Equal(t, "the input", run("echo\nthe input", functest.Image(t, "testfn")))
}

// TestStarts has the functions that never become ready: what is there in place
// of the socket, and that they run on.
func TestStarts(t *testing.T) {
	image := functest.Image(t, "testfn")
	for _, c := range []struct {
		command []string
		want    fs.FileMode
	}{
		{[]string{"socket-link", "/etc/passwd"}, fs.ModeSymlink},
		{[]string{"socket-file"}, 0},
		{[]string{"socket-dir"}, fs.ModeDir},
	} {
		dir, id := startFn(t, image, c.command...)
		var info fs.FileInfo
		require.Eventually(t, func() (is bool) {
			var err error
			info, err = os.Lstat(filepath.Join(dir, "lsnr.sock"))
			return err == nil
		}, 20*time.Second, 10*time.Millisecond, c.command)
		require.Equal(t, c.want, info.Mode().Type(), c.command)
		require.Equal(t, "true", docker(t, "", "inspect", "--format={{.State.Running}}", id), c.command)
	}
}

func TestNeverReady(t *testing.T) {
	dir, id := startFn(t, functest.Image(t, "testfn"), "never-ready")
	require.Eventually(t, func() bool {
		return strings.Contains(docker(t, "", "logs", id), "still starting")
	}, 20*time.Second, 50*time.Millisecond)
	require.NoFileExists(t, filepath.Join(dir, "lsnr.sock"))
	require.Equal(t, "true", docker(t, "", "inspect", "--format={{.State.Running}}", id))
}

func TestCrashStart(t *testing.T) {
	out, err := exec.Command("docker", "run", "--rm", "--network=none", functest.Image(t, "testfn"), "crash-start").CombinedOutput()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, 3, exit.ExitCode())
	require.Equal(t, "cannot start: the flux capacitor is missing\n", string(out))
}

// TestUnchanged proves that an image is built once.
func TestUnchanged(t *testing.T) {
	inspect := func() string {
		return docker(t, "", "image", "inspect", "--format={{.Id}}", functest.Image(t, "testfn"))
	}
	first := inspect()
	require.Equal(t, first, inspect())
}
