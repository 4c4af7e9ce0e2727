package h1

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"
)

// Pool keeps the connections to one server. The zero value with Dial set works.
type Pool struct {
	// Dial opens a connection.
	Dial func(ctx context.Context) (net.Conn, error)
	// MaxIdleTime is how long an idle connection is kept; 0 means 1 s, which
	// is as long as every known server in a sandbox handles well.
	MaxIdleTime time.Duration

	mu     sync.Mutex
	idle   []*Conn // used last is at the end
	open   map[*Conn]struct{}
	closed bool
}

// Get returns an idle connection that is certainly open, or dials one. ctx
// bounds the dialling. Errors: ErrNotSent, around what Dial said.
func (p *Pool) Get(ctx context.Context) (*Conn, error) {
	for {
		c := p.pop()
		if c == nil {
			return p.dial(ctx)
		}
		if time.Since(c.idle) < p.maxIdle() && c.alive() {
			return c, nil
		}
		p.drop(c)
	}
}

// Do performs one exchange on a connection of the pool. ctx bounds the
// dialling, deadline everything. A request that an idle connection turns out
// not to take is sent on a fresh one. Response.Close gives the connection
// back. Errors: as of Conn.Do, ErrAborted.
func (p *Pool) Do(ctx context.Context, req *Request, deadline time.Time) (*Response, error) {
	for {
		c, err := p.Get(ctx)
		if err != nil {
			return nil, err
		}
		if !req.Abort.enter(c) {
			p.drop(c)
			return nil, ErrAborted
		}
		resp, err := c.Do(req, deadline)
		if err == nil {
			resp.pool, resp.abort = p, req.Abort
			return resp, nil
		}
		req.Abort.leave()
		p.drop(c)
		if !errors.Is(err, ErrNotSent) || !c.reused {
			return nil, err
		}
	}
}

// Put gives a connection back after an exchange; one that cannot carry another
// is closed.
func (p *Pool) Put(c *Conn) {
	if !c.reusable() {
		p.drop(c)
		return
	}
	c.idle, c.reused = time.Now(), true
	p.mu.Lock()
	closed := p.closed
	if !closed {
		p.idle = append(p.idle, c)
	}
	old := p.outdated(c.idle)
	p.mu.Unlock()
	if closed {
		p.drop(c)
	}
	for _, c := range old {
		p.drop(c)
	}
}

// outdated takes out the connections that have been idle too long. They are
// those of a past burst: as long as there are others, nobody asks for them.
func (p *Pool) outdated(now time.Time) []*Conn {
	n := 0
	for n < len(p.idle) && now.Sub(p.idle[n].idle) >= p.maxIdle() {
		n++
	}
	if n == 0 {
		return nil
	}
	old := slices.Clone(p.idle[:n])
	p.idle = slices.Delete(p.idle, 0, n)
	return old
}

// Cut closes every connection that there is; exchanges on them fail. The pool goes on.
func (p *Pool) Cut() {
	p.mu.Lock()
	open := p.open
	p.open, p.idle = nil, nil
	p.mu.Unlock()
	for c := range open {
		c.cut()
	}
}

// Close closes every connection, also those in an exchange, which fails.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.Cut()
}

func (p *Pool) maxIdle() time.Duration {
	if p.MaxIdleTime > 0 {
		return p.MaxIdleTime
	}
	return time.Second
}

func (p *Pool) pop() *Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) == 0 {
		return nil
	}
	last := len(p.idle) - 1
	c := p.idle[last]
	p.idle[last] = nil
	p.idle = p.idle[:last]
	return c
}

func (p *Pool) dial(ctx context.Context) (*Conn, error) {
	nc, err := p.Dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotSent, err)
	}
	c := NewConn(nc)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		nc.Close()
		return nil, fmt.Errorf("%w: %w", ErrNotSent, net.ErrClosed)
	}
	if p.open == nil {
		p.open = map[*Conn]struct{}{}
	}
	p.open[c] = struct{}{}
	return c, nil
}

func (p *Pool) drop(c *Conn) {
	c.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, c)
}
