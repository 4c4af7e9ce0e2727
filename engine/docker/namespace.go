package docker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
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

// dial connects to a TCP port on the loopback address in the namespace. Only
// the socket is made there, where it then belongs: connecting takes as long as
// the function likes, which must not cost a thread for each call.
func (n *namespace) dial(ctx context.Context, port int) (net.Conn, error) {
	var fd int
	err := n.do(func() (err error) {
		fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	socket := os.NewFile(uintptr(fd), "socket")
	defer socket.Close() // FileConn makes its own of it
	if err := connect(ctx, socket, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return nil, fmt.Errorf("connect to port %d: %w", port, err)
	}
	return net.FileConn(socket)
}

// connect waits until the socket is connected, or ctx ends.
func connect(ctx context.Context, socket *os.File, to unix.Sockaddr) error {
	raw, err := socket.SyscallConn()
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = socket.SetWriteDeadline(time.Unix(1, 0)) })()
	var result error
	err = raw.Write(func(fd uintptr) bool {
		result = unix.Connect(int(fd), to) // asked again, it tells what became of it (connect(2))
		return !errors.Is(result, unix.EINPROGRESS) && !errors.Is(result, unix.EALREADY)
	})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return err
	}
	return result
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
