package cloudtest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Private is a service that one test has for itself, to stop, kill and start again
// as it likes. It is down and its data gone when the test ends.
type Private struct {
	Env     // where it is: DBDSN or DockerHost; the same after a restart
	service string
	daemon  string
	script  script
}

// PrivateMariaDB starts a MariaDB on a port of its own: see DBDSN. About 2 s.
func PrivateMariaDB(t testing.TB) *Private {
	t.Helper()
	return newPrivate(t, "mariadb", "mariadb", fmt.Sprintf("CLOUD_PORT_MARIADB=%d", FreePort(t)))
}

// PrivateDocker starts a Docker engine on a socket of its own: see DockerHost. About
// 1 s. It has no images, a bridge of its own, and sets no packet filter, so that
// nothing leads from its containers to the outside.
func PrivateDocker(t testing.TB) *Private {
	t.Helper()
	p := newPrivate(t, "docker", "dockerd")
	// the containers of a killed engine outlive it, and end at its next start
	t.Cleanup(func() { p.Start(t) })
	return p
}

func newPrivate(t testing.TB, service, daemon string, environ ...string) *Private {
	t.Helper()
	p := &Private{service: service, daemon: daemon}
	dir := p.script.home(t, environ...)
	p.Start(t)
	p.Env = readEnv(t, dir)
	return p
}

// home makes scripts work on a cloud of the test's own, in the folder that is
// returned. When the test ends it is down and gone.
func (s *script) home(t testing.TB, environ ...string) string {
	t.Helper()
	// not t.TempDir: its path may be too long for the sockets inside
	parent, err := os.MkdirTemp("", "picasso-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(parent) })
	if err := os.Chmod(parent, 0o755); err != nil { // the service may run as another user
		t.Fatal(err)
	}
	dir := filepath.Join(parent, "cloud")
	s.environ = slices.Concat(environ, []string{"CLOUD_DIR=" + dir, "CLOUD_DOCKER_SOCKET=" + filepath.Join(parent, "docker.sock")})
	t.Cleanup(func() { s.run(t, "down", "--wipe") })
	return dir
}

// Start starts it and waits until it answers; it does nothing when it runs.
func (p *Private) Start(t testing.TB) {
	t.Helper()
	p.script.run(t, "up", p.service)
}

// Stop ends it as its operator would.
func (p *Private) Stop(t testing.TB) {
	t.Helper()
	p.script.run(t, "down", p.service)
}

// Kill ends it as a crash would, and returns when the process is gone.
// A killed Docker engine leaves its containers running until the next Start.
func (p *Private) Kill(t testing.TB) {
	t.Helper()
	pid := daemonPID(t, p.Dir, p.daemon)
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatalf("kill %s, process %d: %v", p.daemon, pid, err)
	}
	require.Eventually(t, func() bool { return ended(pid) }, time.Minute, 5*time.Millisecond)
}

func daemonPID(t testing.TB, dir, daemon string) int {
	t.Helper()
	pid, err := readPID(filepath.Join(dir, "run", daemon+".pid"))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// readPID reads the first line of a pid file; the second is the process's start time.
func readPID(file string) (int, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	var pid int
	if _, err := fmt.Sscan(string(text), &pid); err != nil || pid <= 1 {
		return 0, fmt.Errorf("%s holds no pid: %q", file, text)
	}
	return pid, nil
}

// ended is true for a process that is gone, or a zombie that nobody has waited for.
func ended(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
		return true
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return strings.HasPrefix(state, "Z")
}

// FreePort returns a loopback port nobody listens on now, below those that the
// kernel gives to outgoing connections, of which one could take it meanwhile.
func FreePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		port := 15000 + rand.IntN(17000)
		if l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			_ = l.Close()
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}
