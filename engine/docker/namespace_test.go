package docker

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func ownNamespace(t *testing.T) *namespace {
	t.Helper()
	n, err := openNamespace(os.Getpid())
	require.NoError(t, err)
	t.Cleanup(func() { _ = n.close() })
	return n
}

func TestNamespaceDial(t *testing.T) {
	n := ownNamespace(t)
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	port := listener.Addr().(*net.TCPAddr).Port
	conn, err := n.dial(t.Context(), port)
	require.NoError(t, err)
	peer, err := listener.Accept()
	require.NoError(t, err)
	_, err = conn.Write([]byte("hello"))
	require.NoError(t, err)
	got := make([]byte, 5)
	_, err = peer.Read(got)
	require.NoError(t, err)
	assert.Equal(t, "hello", string(got))
	require.NoError(t, conn.SetReadDeadline(time.Unix(1, 0)))
	_, err = conn.Read(got)
	assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
	for _, c := range []interface{ Close() error }{conn, peer, listener} {
		assert.NoError(t, c.Close())
	}
	_, err = n.dial(t.Context(), port)
	assert.ErrorIs(t, err, unix.ECONNREFUSED)
}

// TestNamespaceDialKeepsNoThread: a function that listens and never accepts
// must not use up the threads of the engine.
func TestNamespaceDialKeepsNoThread(t *testing.T) {
	n := ownNamespace(t)
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	defer func() { _ = unix.Close(fd) }()
	require.NoError(t, unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	require.NoError(t, unix.Listen(fd, 1))
	name, err := unix.Getsockname(fd)
	require.NoError(t, err)
	port := name.(*unix.SockaddrInet4).Port

	const dials = 200
	before := threads(t)
	ctx, cancel := context.WithCancel(t.Context())
	results := make(chan error, dials)
	for range dials {
		go func() {
			conn, err := n.dial(ctx, port)
			if err == nil {
				_ = conn.Close()
			}
			results <- err
		}()
	}
	require.Eventually(t, func() bool { return connecting(t, port)+len(results) == dials }, patience, 10*time.Millisecond)
	assert.Less(t, len(results), dials/2, "most of them hang")
	assert.Less(t, threads(t), before+dials/4)
	cancel()
	failed := 0
	for range dials {
		if err := <-results; err != nil {
			assert.ErrorIs(t, err, context.Canceled)
			failed++
		}
	}
	assert.Greater(t, failed, dials/2)
}

// threads is how many this process has.
func threads(t *testing.T) int {
	t.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	require.NoError(t, err)
	return len(tasks)
}

// connecting counts the connections to a local port in state SYN_SENT (proc(5)).
func connecting(t *testing.T, port int) int {
	t.Helper()
	table, err := os.ReadFile("/proc/net/tcp")
	require.NoError(t, err)
	count, remote := 0, fmt.Sprintf(":%04X", port)
	for line := range strings.Lines(string(table)) {
		fields := strings.Fields(line)
		if len(fields) > 3 && strings.HasSuffix(fields[2], remote) && fields[3] == "02" {
			count++
		}
	}
	return count
}
