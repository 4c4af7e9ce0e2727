// Package ring keeps the latest output of a sandbox, of which each call gets
// its own part: what was written between its start and its end.
package ring

import (
	"fmt"
	"sync"
	"sync/atomic"
)

// Log is a bounded buffer of output. Offsets into it count from the first byte
// ever written. Writers never wait for readers; any number of goroutines may
// use it.
type Log struct {
	max int
	end atomic.Int64 // readable without the lock: silent sandboxes pay nothing

	mu  sync.Mutex
	buf []byte // grows to max, then is overwritten in a circle
	pos int    // where the next byte goes once buf is full
}

// markRoom is what the line about a cut may take of the bytes kept.
const markRoom = 48

// New returns an empty log that keeps the last max bytes (at least 1).
// Memory is taken as output comes.
func New(max int) *Log { return &Log{max: max} }

// End is the offset behind the last byte written.
func (l *Log) End() int64 { return l.end.Load() }

// Write implements io.Writer; it never fails.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(p)
	if n > l.max {
		p = p[n-l.max:]
	}
	if room := l.max - len(l.buf); room > 0 {
		k := min(room, len(p))
		l.buf = append(l.buf, p[:k]...)
		p = p[k:]
	}
	for len(p) > 0 { // full: go round
		k := copy(l.buf[l.pos:], p)
		l.pos = (l.pos + k) % l.max
		p = p[k:]
	}
	l.end.Add(int64(n))
	return n, nil
}

// Since returns a copy of what was written from offset start on, at most max
// bytes, and the offset behind it. When the beginning is gone, a line in its
// place says how much.
func (l *Log) Since(start int64) (part []byte, end int64) {
	if l.End() <= start {
		return nil, start
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	end = l.end.Load()
	first := max(start, end-int64(len(l.buf)))
	var mark string
	if first > start {
		first = max(first, end-int64(max(0, l.max-markRoom)))
		mark = fmt.Sprintf("[... %d bytes cut ...]\n", first-start)
	}
	out := make([]byte, 0, len(mark)+int(end-first))
	out = append(out, mark...)
	return l.appendTail(out, int(end-first)), end
}

// appendTail appends the last n bytes that are kept.
func (l *Log) appendTail(out []byte, n int) []byte {
	oldest := len(l.buf) - n // among the bytes kept, oldest first
	split := len(l.buf) - l.pos
	if oldest < split {
		out = append(out, l.buf[l.pos+oldest:]...)
		oldest = split
	}
	return append(out, l.buf[oldest-split:l.pos]...)
}
