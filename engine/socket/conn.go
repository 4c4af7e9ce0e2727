// Package socket reads and writes connections behind the back of Go's scheduler.
//
// A goroutine that makes a system call offers its processor to others first, for the
// call could block: once it has taken 20 µs, runtime.sysmon gives the processor away, wakes a
// thread for it, and the goroutine has to find another one afterwards. Reading and
// writing a connection never blocks, since the descriptor does not, but it often takes
// just so long. Here the goroutine keeps its processor; waiting until there is
// something to read, or room to write, stays the matter of the network poller. This
// saves an engine or an API process on a busy host about a sixth of the processor time of a
// small call (make bench, rows of two processes).
package socket

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
)

// Conn is a connection as net.Conn describes it.
type Conn struct {
	stream
	raw           syscall.RawConn
	input, output direction
}

// stream is what connections of TCP and of Unix sockets have in common.
type stream interface {
	net.Conn
	syscall.Conn
	CloseWrite() error
}

// Wrap makes a Conn of a connection of TCP or a Unix socket, which is the Conn's from then
// on. Any other is returned as it is.
func Wrap(nc net.Conn) net.Conn { return wrap(nc, system) }

func wrap(nc net.Conn, call systemCall) net.Conn {
	below, ok := nc.(stream)
	if !ok {
		return nc
	}
	raw, err := below.SyscallConn()
	if err != nil { // closed
		return nc
	}
	c := &Conn{stream: below, raw: raw}
	c.input.prepare(call, syscall.SYS_READ)
	c.output.prepare(call, syscall.SYS_WRITE)
	return c
}

// NetConn returns the connection below, as that of a tls.Conn does.
func (c *Conn) NetConn() net.Conn { return c.stream }

// Read implements net.Conn.
func (c *Conn) Read(p []byte) (int, error) {
	if len(p) == 0 { // read(2) would want there to be something
		return 0, nil
	}
	n, err := c.input.once(c.raw.Read, p)
	switch {
	case err != nil:
		return 0, c.failed("read", err)
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// Write implements net.Conn.
func (c *Conn) Write(p []byte) (int, error) {
	n, err := c.output.all(c.raw.Write, p)
	if err != nil {
		return n, c.failed("write", err)
	}
	return n, nil
}

func (c *Conn) failed(op string, err error) error {
	if known, ok := err.(*net.OpError); ok { // of waiting: it was closed, or the deadline has passed
		known.Op = op
		return known
	}
	return &net.OpError{Op: op, Net: c.LocalAddr().Network(), Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: os.NewSyscallError(op, err)}
}

// direction is one of the two that bytes go in.
type direction struct {
	call systemCall
	trap uintptr

	mu      sync.Mutex // held by who reads, or writes, also while it waits; Close ends that
	attempt func(fd uintptr) (done bool)
	p       []byte
	n       int
	err     error
}

// prepare is called once: what RawConn is given would be an allocation for each call otherwise.
func (d *direction) prepare(call systemCall, trap uintptr) {
	d.call, d.trap = call, trap
	d.attempt = func(fd uintptr) bool {
		d.n, d.err = d.call(d.trap, fd, d.p)
		for d.err == syscall.EINTR {
			d.n, d.err = d.call(d.trap, fd, d.p)
		}
		return d.err != syscall.EAGAIN
	}
}

// once makes one system call that does something. when waits for the descriptor to be ready.
func (d *direction) once(when func(func(fd uintptr) bool) error, p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.locked(when, p)
}

// all makes as many as it takes.
func (d *direction) all(when func(func(fd uintptr) bool) error, p []byte) (done int, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for {
		n, err := d.locked(when, p[done:])
		done += n
		if err != nil || done == len(p) {
			return done, err
		}
	}
}

func (d *direction) locked(when func(func(fd uintptr) bool) error, p []byte) (int, error) {
	d.p, d.n, d.err = p, 0, nil
	defer func() { d.p = nil }()
	if err := when(d.attempt); err != nil {
		return 0, err
	}
	if d.err != nil {
		return 0, d.err
	}
	return d.n, nil
}
