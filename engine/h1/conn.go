package h1

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/picasso-faas/picasso/engine/socket"
)

// Conn is a connection that carries one exchange after the other. Its methods
// are for one goroutine at a time; only Close may come from anywhere.
type Conn struct {
	nc      net.Conn
	br      *bufio.Reader
	resp    Response
	sending *sending // of the present exchange, nil without a streamed body
	kept    upload   // a body that the server has not asked for yet
	idle    time.Time
	reused  bool
	scratch []byte // the header block being read

	raw    syscall.RawConn // nil when the connection is not a socket
	peek   func(fd uintptr)
	silent bool
	one    [1]byte
	unread atomic.Bool // see Response.Unread
}

// NewConn makes a Conn of an open connection and owns it from then on.
func NewConn(nc net.Conn) *Conn {
	nc = socket.Wrap(nc)
	c := &Conn{nc: nc, br: bufio.NewReaderSize(nc, 4<<10)}
	c.resp.ended = true // ready for an exchange, also by way of a pool
	below := nc
	if secure, ok := nc.(*tls.Conn); ok {
		below = secure.NetConn()
	}
	if sc, ok := below.(syscall.Conn); ok {
		c.raw, _ = sc.SyscallConn() // it fails only for one that was never open
		c.peek = c.peeker           // once: a method value is an allocation
	}
	return c
}

// Close closes the connection; an exchange on it fails.
func (c *Conn) Close() error { return c.nc.Close() }

// Do sends the request and returns once the header of the response is there.
// Interim (1xx) responses are skipped. Every read and write, also of the
// response's body, fails with os.ErrDeadlineExceeded after the deadline; zero
// means none. The response is valid until the next Do; its body has to be read
// to the end (or the connection closed). Errors: see the package's variables,
// *BodyError.
func (c *Conn) Do(req *Request, deadline time.Time) (*Response, error) {
	c.sending, c.kept = nil, upload{}
	if err := c.nc.SetDeadline(deadline); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	req.seal()
	if n, err := c.nc.Write(req.wire); err != nil {
		if n == 0 && !errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, fmt.Errorf("%w: %w", ErrNotSent, err)
		}
		// The server may have answered before it stopped reading.
		c.sending = stopped()
	} else if req.Body != nil {
		c.kept = upload{req.Body, req.ContentLength}
		if !req.Continue {
			c.proceed()
		}
	}
	resp, err := c.readResponse(req.method)
	if err != nil {
		c.nc.Close()
		return nil, c.cause(err)
	}
	return resp, nil
}

// proceed begins to send the body that was kept back, if there is one.
func (c *Conn) proceed() {
	if c.kept.body != nil {
		c.sending = startSending(c.nc, c.kept)
		c.kept = upload{}
	}
}

// cause returns why reading failed with err: when the source of the request's
// body did, everything else follows from that.
func (c *Conn) cause(err error) error {
	if c.sending != nil {
		if fault := c.sending.failed.Load(); fault != nil {
			return fault
		}
	}
	return err
}

// sendGrace is how long an ended exchange waits for the last write of its
// request to be booked: the server can answer before the sending goroutine has run on.
const sendGrace = 5 * time.Millisecond

// reusable reports whether another exchange can follow: both messages were
// whole, both sides want to go on, and nothing unasked has come behind.
func (c *Conn) reusable() bool {
	if !c.resp.ended || c.resp.close || c.kept.body != nil || c.br.Buffered() > 0 {
		return false
	}
	if c.sending == nil {
		return true
	}
	timer := time.NewTimer(sendGrace)
	defer timer.Stop()
	select {
	case <-c.sending.done:
		return c.sending.whole.Load()
	case <-timer.C:
		return false
	}
}

// alive reports whether an idle connection is still open and silent, without
// waiting. A server that has closed it, or sent something unasked, is found
// here and not in the middle of the next exchange. It is an ordinary system call, see
// package socket.
func (c *Conn) alive() bool {
	if c.raw == nil {
		return true
	}
	// Control and not Read, which would mind the deadline of the last exchange.
	err := c.raw.Control(c.peek)
	return err == nil && c.silent
}

// cut closes the connection while others use it. From the look for what has come and
// was not read on, nothing more is taken: what comes is answered with a reset.
func (c *Conn) cut() {
	if c.raw != nil {
		_ = c.raw.Control(func(fd uintptr) {
			var one [1]byte
			_ = syscall.Shutdown(int(fd), syscall.SHUT_RDWR)
			n, _, _ := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
			c.unread.Store(n > 0)
		})
	}
	c.Close()
}

// prompt is for Response.Prompt.
func (c *Conn) prompt() {
	if c.raw != nil {
		_ = c.raw.Control(func(fd uintptr) { // fails for what is not TCP
			_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_QUICKACK, 1)
		})
	}
}

// peeker looks for input, or its end, without taking it.
func (c *Conn) peeker(fd uintptr) {
	n, _, err := syscall.Recvfrom(int(fd), c.one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	c.silent = n <= 0 && errors.Is(err, syscall.EAGAIN)
}
