package docker

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"

	"context"
)

// namespace is a network namespace, held open by a descriptor: it can be
// entered as long as that is open, whatever becomes of the processes in it.
type namespace struct {
	file *os.File
}

// openNamespace opens the network namespace of a process.
func openNamespace(pid int) (*namespace, error) {
	file, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", pid))
	if err != nil {
		return nil, err
	}
	return &namespace{file}, nil
}

func (n *namespace) close() error { return n.file.Close() }

// dial connects to a TCP port on the loopback address in the namespace.
func (n *namespace) dial(ctx context.Context, port int) (net.Conn, error) {
	var conn net.Conn
	err := n.do(func() error {
		var dialer net.Dialer
		var err error
		conn, err = dialer.DialContext(ctx, "tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		return err
	})
	return conn, err
}

// do runs fn in the namespace. A namespace belongs to a thread: fn must not
// start goroutines that rely on it, and the thread goes back to the host's
// namespace before Go may use it for anything else. When it cannot go back, it
// ends with its goroutine, which stays locked to it.
func (n *namespace) do(fn func() error) error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		err, back := n.onThread(fn)
		if back {
			runtime.UnlockOSThread()
		}
		result <- err
	}()
	return <-result
}

// onThread reports with back whether the thread is in the namespace it came from.
func (n *namespace) onThread(fn func() error) (err error, back bool) {
	home, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open the thread's network namespace: %w", err), true
	}
	defer unix.Close(home)
	if err := n.enter(); err != nil {
		return fmt.Errorf("enter network namespace: %w", err), true
	}
	err = fn()
	return err, unix.Setns(home, unix.CLONE_NEWNET) == nil
}

// enter uses the descriptor in a way that is safe against a concurrent close.
func (n *namespace) enter() error {
	raw, err := n.file.SyscallConn()
	if err != nil {
		return err
	}
	entered := error(nil)
	err = raw.Control(func(fd uintptr) { entered = unix.Setns(int(fd), unix.CLONE_NEWNET) })
	if err != nil {
		return err
	}
	return entered
}
