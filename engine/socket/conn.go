// Package socket reads and writes connections without telling Go's scheduler.
//
// A goroutine that makes a system call can lose its processor meanwhile, for the call may
// block: runtime.sysmon takes it away from a call that it has seen at two of its looks, 20 µs or more apart,
// when others wait for it, and the goroutine has to find another one afterwards. A call on a
// connection does not block, but on a busy host, where the kernel lets other processes run in the
// middle of it, it often lasts that long. Here the goroutine keeps its processor, and the calls count
// as running code, also in traces. Waiting until there is something to read, or room to write,
// remains a matter of the network poller.
//
// A process that has nothing but such calls may leave runtime.sysmon asleep, which interrupts what computes
// for more than 10 ms. Ours do others for each call: h1 looks whether a connection is still open.
package socket

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
)

// maxBytes is the most that one call may copy: the garbage collector has to wait for it.
const maxBytes = 256 << 10

// Conn is a connection as net.Conn describes it.
type Conn struct {
	stream
	network       string
	input, output direction
}

// stream is what connections of TCP and of Unix sockets have in common. net/http half-closes them.
type stream interface {
	net.Conn
	syscall.Conn
	CloseWrite() error
}

// Wrap makes a Conn of a connection of TCP or a Unix stream socket, which is the Conn's from
// then on. Any other is returned as it is.
func Wrap(nc net.Conn) net.Conn { return wrap(nc, system()) }

func wrap(nc net.Conn, calls calls) net.Conn {
	c := &Conn{network: "tcp"}
	switch below := nc.(type) {
	case *net.TCPConn:
		c.stream = below
	case *net.UnixConn:
		c.stream, c.network = below, "unix"
	default:
		return nc
	}
	raw, err := c.SyscallConn()
	if err != nil { // it was never open
		return nc
	}
	c.input.prepare(calls.read, raw.Read)
	c.output.prepare(calls.write, raw.Write)
	return c
}

// NetConn returns the connection below, as that of a tls.Conn does.
func (c *Conn) NetConn() net.Conn { return c.stream }

// Read implements net.Conn.
func (c *Conn) Read(p []byte) (int, error) {
	if len(p) == 0 { // the kernel would want there to be something
		return 0, nil
	}
	c.input.mu.Lock()
	defer c.input.mu.Unlock()
	n, err := c.input.do(p)
	switch {
	case err != nil:
		return 0, c.failed("read", err)
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// Write implements net.Conn.
func (c *Conn) Write(p []byte) (done int, err error) {
	c.output.mu.Lock()
	defer c.output.mu.Unlock()
	for done < len(p) {
		n, err := c.output.do(p[done:])
		done += n
		switch {
		case err != nil:
			return done, c.failed("write", err)
		case n == 0: // as package net has it; no kernel does that
			return done, io.ErrUnexpectedEOF
		}
	}
	return done, nil
}

func (c *Conn) failed(op string, err error) error {
	if known, ok := err.(*net.OpError); ok { // of waiting: it was closed, or the deadline has passed
		known.Op = op
		return known
	}
	return &net.OpError{Op: op, Net: c.network, Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: os.NewSyscallError(op, err)}
}

// direction is one of the two that bytes go in.
type direction struct {
	mu sync.Mutex // held by who reads, or writes, also while it waits; Close ends that

	untilDone func(attempt func(fd uintptr) (done bool)) error // waits between attempts
	attempt   func(fd uintptr) (done bool)
	p         []byte
	n         int
	err       error
}

// prepare makes attempt, once: as a literal it would be an allocation for each call.
func (d *direction) prepare(call systemCall, untilDone func(func(fd uintptr) bool) error) {
	d.untilDone = untilDone
	d.attempt = func(fd uintptr) bool {
		for {
			d.n, d.err = call(fd, d.p)
			if d.err != syscall.EINTR {
				return d.err != syscall.EAGAIN
			}
		}
	}
}

// do makes one system call that is of use. Called with mu held.
func (d *direction) do(p []byte) (int, error) {
	d.p = p[:min(len(p), maxBytes)]
	err := d.untilDone(d.attempt)
	d.p = nil
	if err != nil {
		return 0, err
	}
	return d.n, d.err
}
