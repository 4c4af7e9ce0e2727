package contract

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// pipe is stdin and stdout of a sandbox as one connection. Its methods may be
// used as those of any net.Conn; reads are for one goroutine at a time.
type pipe struct {
	net.Conn          // what is written to it comes out of stdin
	stdin    net.Conn // the sandbox's end
	stdout   outlet

	once   sync.Once
	closed func() // called once, by the first Close; nil: nothing
}

// newPipe returns a pipe that holds at most max bytes of stdout that nobody has read.
func newPipe(max int64) *pipe {
	ours, theirs := net.Pipe()
	return &pipe{Conn: ours, stdin: theirs, stdout: outlet{max: max, changed: make(chan struct{}, 1)}}
}

// Read implements net.Conn: it reads what the sandbox has written to stdout.
func (p *pipe) Read(b []byte) (int, error) { return p.stdout.read(b) }

// SetDeadline implements net.Conn.
func (p *pipe) SetDeadline(t time.Time) error {
	p.stdout.setDeadline(t)
	return p.Conn.SetWriteDeadline(t)
}

// Close implements net.Conn: stdin ends, and so does stdout behind what has come.
func (p *pipe) Close() error {
	p.stdout.end(net.ErrClosed)
	err := p.Conn.Close()
	p.once.Do(func() {
		if p.closed != nil {
			p.closed()
		}
	})
	return err
}

// outlet holds what a sandbox has written to stdout until it is read.
type outlet struct {
	max     int64
	changed chan struct{} // has room for one; holds one after each change

	mu       sync.Mutex
	buf      bytes.Buffer
	err      error // of reads, once buf is empty
	deadline time.Time
}

var errOverflow = errors.New("more on standard output than is read")

// Write implements io.Writer; it never fails and never blocks.
func (o *outlet) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.err != nil:
	case int64(o.buf.Len()+len(b)) > o.max:
		o.err = errOverflow
	default:
		o.buf.Write(b)
	}
	o.wake()
	return len(b), nil
}

func (o *outlet) wake() {
	select {
	case o.changed <- struct{}{}:
	default:
	}
}

// end makes reads fail with err behind what is there.
func (o *outlet) end(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.err = err
	}
	o.wake()
}

// pending reports whether something is there that nobody has read, and it has not ended.
func (o *outlet) pending() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Len() > 0 && o.err == nil
}

func (o *outlet) setDeadline(t time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.deadline = t
}

func (o *outlet) read(b []byte) (int, error) {
	for {
		n, deadline, err := o.take(b)
		if n > 0 || err != nil {
			return n, err
		}
		if !o.await(deadline) {
			return 0, os.ErrDeadlineExceeded
		}
	}
}

// keptBytes is how much memory an outlet keeps that has been read.
const keptBytes = 64 << 10

// take takes what is there, if anything is.
func (o *outlet) take(b []byte) (n int, deadline time.Time, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.buf.Len() == 0 {
		return 0, o.deadline, o.err
	}
	n, err = o.buf.Read(b)
	if o.buf.Len() == 0 && o.buf.Cap() > keptBytes {
		o.buf = bytes.Buffer{}
	}
	return n, o.deadline, err
}

// await waits for a change, until the deadline.
func (o *outlet) await(deadline time.Time) bool {
	if deadline.IsZero() {
		<-o.changed
		return true
	}
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case <-o.changed:
		return true
	case <-timer.C:
		return false
	}
}

var _ io.Writer = (*outlet)(nil)
