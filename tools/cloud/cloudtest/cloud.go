package cloudtest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Cloud is a cloud that one test has for itself, in a network namespace: its
// services have the addresses that the shared ones have outside.
type Cloud struct {
	Env
	script script
	name   string // of the namespace
}

// PrivateCloud starts services, as [Need] does, and what they need. About half a
// minute for Swift with Keystone, RabbitMQ and MariaDB; a packet from it gets nowhere
// else. environ is for the scripts. It is down and its data gone when the test ends.
func PrivateCloud(t testing.TB, environ []string, services ...string) *Cloud {
	t.Helper()
	c := &Cloud{name: fmt.Sprintf("picasso-%d", FreePort(t))}
	ip(t, "netns", "add", c.name)
	t.Cleanup(func() { ip(t, "netns", "delete", c.name) })
	ip(t, "-n", c.name, "link", "set", "lo", "up")
	c.script.prefix = c.command()
	dir := c.script.home(t, environ...)
	c.Start(t, services...)
	c.Env = readEnv(t, dir)
	return c
}

func ip(t testing.TB, args ...string) {
	t.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		t.Fatalf("ip %v: %v\n%s", args, err, out)
	}
}

// command is for nsenter: "ip netns exec" would give it a mount namespace, too, and
// Docker not see what an engine mounts there.
func (c *Cloud) command(words ...string) []string {
	return append([]string{"nsenter", "--net=/var/run/netns/" + c.name}, words...)
}

// Start starts services and waits until they answer; those that run are left alone.
func (c *Cloud) Start(t testing.TB, services ...string) {
	t.Helper()
	c.script.run(t, "up", services...)
}

// Stop ends services as their operator would.
func (c *Cloud) Stop(t testing.TB, services ...string) {
	t.Helper()
	c.script.run(t, "down", services...)
}

// Kill ends a daemon with all its processes as a crash would, and returns when
// they are gone.
func (c *Cloud) Kill(t testing.TB, daemon string) {
	t.Helper()
	group := daemonPID(t, c.Dir, daemon) // each daemon leads one
	if err := syscall.Kill(-group, syscall.SIGKILL); err != nil {
		t.Fatalf("kill %s, processes of group %d: %v", daemon, group, err)
	}
	require.Eventually(t, func() bool { return syscall.Kill(-group, 0) == syscall.ESRCH }, time.Minute, 5*time.Millisecond)
}

// Setenv changes the environment of the scripts from the next Start on.
func (c *Cloud) Setenv(pair string) { c.script.environ = append(c.script.environ, pair) }

// Command is a command that runs in the cloud's network and finds its clouds.yaml.
func (c *Cloud) Command(name string, args ...string) *exec.Cmd {
	words := c.command(append([]string{name}, args...)...)
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env = append(os.Environ(), "OS_CLIENT_CONFIG_FILE="+c.CloudsFile)
	return cmd
}

// DialContext connects to an address in the cloud's network.
func (c *Cloud) DialContext(ctx context.Context, network, address string) (conn net.Conn, err error) {
	err = c.inside(func() error {
		conn, err = (&net.Dialer{}).DialContext(ctx, network, address)
		return err
	})
	return conn, err
}

// inside runs a function on a thread that is in the cloud's network. A thread
// that cannot go back ends with its goroutine.
func (c *Cloud) inside(do func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		done <- c.visit(do)
	}()
	return <-done
}

func (c *Cloud) visit(do func() error) error {
	there, err := os.Open("/var/run/netns/" + c.name)
	if err != nil {
		return err
	}
	defer func() { _ = there.Close() }()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		return err
	}
	return do()
}
