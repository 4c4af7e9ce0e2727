package rpc

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/picasso-faas/picasso"
)

// connKey is what a request's connection is found by in its context.
type connKey struct{}

// ConnContext is for http.Server. It lets the server notice soon that a client
// or its host is gone: a call that waits here for a sandbox must not get one
// after its client has given it up and sent it elsewhere.
func (s *Server) ConnContext(ctx context.Context, conn net.Conn) context.Context {
	for {
		above, ok := conn.(interface{ NetConn() net.Conn }) // *tls.Conn, *socket.Conn
		if !ok {
			break
		}
		conn = above.NetConn()
	}
	socket, ok := conn.(*net.TCPConn)
	if !ok {
		return ctx
	}
	// It fails for what is closed already.
	_ = socket.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: time.Second, Interval: time.Second, Count: 3})
	return context.WithValue(ctx, connKey{}, socket)
}

// lookAfter is how often a connection is looked at whose client is silent by agreement.
const lookAfter = 50 * time.Millisecond

// lookOut ends the wait of a call, by cancel, when its client is gone. net/http
// tells that only once it has read the body, which such a client keeps back.
func lookOut(ctx context.Context, cancel context.CancelFunc) {
	socket, ok := ctx.Value(connKey{}).(*net.TCPConn)
	if !ok {
		return
	}
	tick := time.NewTicker(lookAfter)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if !silent(socket) && ctx.Err() == nil { // in this order: a client that is told to may send now
				cancel()
				return
			}
		}
	}
}

// lookingOut is a Call.Progress that looks out while the call waits for its first sandbox.
// From then on the client may send its body, and is not silent any more.
func lookingOut(ctx context.Context, cancel context.CancelFunc, tell func(picasso.Progress)) func(picasso.Progress) {
	first, over := context.WithCancel(ctx)
	return func(p picasso.Progress) {
		switch {
		case p == picasso.ProgressTaken:
			over()
		case first.Err() == nil:
			go lookOut(first, cancel)
		}
		tell(p)
	}
}

// hearing is how long a client may take to hear that a sandbox has its call, and the sandbox stands still.
const hearing = time.Second

// heard waits until everything that was sent has arrived at the client's host:
// a call whose client was told that it waits, and does not hear that it does so no more,
// is given up there and sent elsewhere. It reports false when that takes more
// than most, or ctx ends.
func heard(ctx context.Context, most time.Duration) bool {
	socket, ok := ctx.Value(connKey{}).(*net.TCPConn)
	if !ok {
		return ctx.Err() == nil
	}
	const naps, pause = 20, time.Millisecond
	began := time.Now()
	for n := 0; !arrived(socket); n++ {
		switch {
		case ctx.Err() != nil || time.Since(began) > most:
			return false
		case n < naps: // mostly it is a matter of microseconds, and timers come up to 1 ms late
			_ = unix.Nanosleep(&unix.Timespec{Nsec: 20_000}, nil)
		default:
			<-time.After(pause)
		}
	}
	return ctx.Err() == nil
}

// arrived reports whether the other host has acknowledged everything, see tcp(7),
// and has not ended the connection: of one that was reset nothing is left to acknowledge.
func arrived(socket *net.TCPConn) bool {
	raw, err := socket.SyscallConn()
	if err != nil {
		return false
	}
	done := false
	err = raw.Control(func(fd uintptr) {
		left, err := unix.IoctlGetInt(int(fd), unix.SIOCOUTQ)
		if err != nil || left > 0 {
			return
		}
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		done = err == nil && info.State == unix.BPF_TCP_ESTABLISHED
	})
	return err == nil && done
}

// silent reports whether the connection is open and nothing has come, without taking it.
func silent(socket *net.TCPConn) (yes bool) {
	raw, err := socket.SyscallConn()
	if err != nil {
		return false
	}
	var one [1]byte
	err = raw.Control(func(fd uintptr) {
		n, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		yes = n <= 0 && errors.Is(err, syscall.EAGAIN)
	})
	return yes && err == nil
}
