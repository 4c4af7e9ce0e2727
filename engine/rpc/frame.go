package rpc

import (
	"bufio"
	"encoding/binary"
	"net/http"
	"sync"
	"time"

	"github.com/picasso-faas/picasso"
)

// The answer to an invoke is a sequence of frames: one byte of kind, four of
// length (big endian), then the payload. A head comes before any data; log and
// outcome come last, the outcome always. Live frames come at any time before.
const (
	frameWait    = 'W' // the call has to wait for a sandbox; no function has seen anything of it
	frameTaken   = 'S' // a sandbox has it
	frameHead    = 'H' // status and headers of the function's answer
	frameData    = 'D' // bytes of the function's answer
	framePace    = 'P' // the time left for the caller to take the answer, in ns
	frameLive    = 'V' // bytes that were logged meanwhile; only when they were asked for
	frameLog     = 'L' // the log of the execution
	frameOutcome = 'O' // picasso.Outcome without its log
)

// grace is what the client may take longer than its caller for the answer, and
// for a part of the live log, after which it counts as gone.
const grace = 10 * time.Second

const (
	frameHeaderBytes = 5
	maxFrameBytes    = 64 << 20 // of frames that are read whole; the log is the largest
)

// frameWriter is the http.ResponseWriter that an engine writes its answer to.
type frameWriter struct {
	mu        sync.Mutex          // the live log is written from another goroutine
	w         http.ResponseWriter // the connection
	out       *bufio.Writer       // to w: each write to that may become a chunk of its own
	header    http.Header
	wroteHead bool
	flushed   bool // the client has heard something
	done      bool
	until     time.Time // the write deadline of the connection; zero: none
	grace     time.Duration
	buf       [256]byte // room for most heads and outcomes
}

// frameWriters are buffers for a frame of what engines copy at once, 32 KiB, and what is small beside it.
var frameWriters = sync.Pool{New: func() any { return bufio.NewWriterSize(nil, 34<<10) }}

func newFrameWriter(w http.ResponseWriter, grace time.Duration) *frameWriter {
	out := frameWriters.Get().(*bufio.Writer)
	out.Reset(w)
	return &frameWriter{w: w, out: out, header: make(http.Header), grace: grace}
}

// Header implements http.ResponseWriter.
func (f *frameWriter) Header() http.Header { return f.header }

// WriteHeader implements http.ResponseWriter.
func (f *frameWriter) WriteHeader(status int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writeHead(status)
}

func (f *frameWriter) writeHead(status int) {
	if f.wroteHead {
		return
	}
	f.wroteHead = true
	_ = f.writeFrame(frameHead, head{status, f.header}.append(f.buf[:0])) // a lost peer shows in Write
}

// Write implements http.ResponseWriter.
func (f *frameWriter) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.writeHead(http.StatusOK)
	if err := f.writeFrame(frameData, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// FlushError makes http.ResponseController flush what was written so far.
func (f *frameWriter) FlushError() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.flush()
}

func (f *frameWriter) flush() error {
	f.flushed = true
	if err := f.out.Flush(); err != nil {
		return err
	}
	return http.NewResponseController(f.w).Flush()
}

// tell sends a frame without payload. The lock is held.
func (f *frameWriter) tell(kind byte) error {
	if f.done {
		return nil
	}
	if err := f.writeFrame(kind, nil); err != nil {
		return err
	}
	return f.flush()
}

// end lets nobody write any more.
func (f *frameWriter) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.done = true
}

// Unwrap lets http.ResponseController set read deadlines of the connection.
func (f *frameWriter) Unwrap() http.ResponseWriter { return f.w }

// SetWriteDeadline is for http.ResponseController. A deadline concerns the
// client's caller, so it is passed on: were it that of this connection alone,
// a slow caller would cost the outcome, too.
func (f *frameWriter) SetWriteDeadline(deadline time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.until = deadline
	if !deadline.IsZero() {
		if err := f.writeFrame(framePace, binary.AppendVarint(nil, int64(time.Until(deadline)))); err != nil {
			return err
		}
		f.until = deadline.Add(f.grace)
	}
	return http.NewResponseController(f.w).SetWriteDeadline(f.until)
}

// liveLog is a Call.Log that writes frames. A client that stands still must not
// hold up the call, and the sandbox with it: it counts as gone after a while.
type liveLog struct{ *frameWriter }

// Write implements io.Writer.
func (l liveLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	conn := http.NewResponseController(l.w)
	_ = conn.SetWriteDeadline(time.Now().Add(l.grace)) // recorders in tests have none
	defer func() { _ = conn.SetWriteDeadline(l.until) }()
	if err := l.writeFrame(frameLive, p); err != nil {
		return 0, err
	}
	return len(p), l.flush()
}

// finish writes what comes after the answer. The writer must not be used after it.
func (f *frameWriter) finish(out picasso.Outcome) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	defer func() {
		f.done = true
		f.out.Reset(nil)
		frameWriters.Put(f.out)
	}()
	if len(out.Log) > 0 {
		if err := f.writeFrame(frameLog, out.Log); err != nil {
			return err
		}
	}
	payload, err := appendOutcome(f.buf[:0], out)
	if err != nil {
		return err
	}
	if err := f.writeFrame(frameOutcome, payload); err != nil {
		return err
	}
	return f.out.Flush()
}

func (f *frameWriter) writeFrame(kind byte, payload []byte) error {
	var prefix [frameHeaderBytes]byte
	prefix[0] = kind
	binary.BigEndian.PutUint32(prefix[1:], uint32(len(payload))) //nolint:gosec // far below 4 GiB
	if _, err := f.out.Write(prefix[:]); err != nil {
		return err
	}
	_, err := f.out.Write(payload)
	return err
}
