package ring

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"io"
	"slices"
	"sync"
	"time"
)

// Marks tell when all that a sandbox wrote up to a moment has arrived: a mark
// that the engine puts into the sandbox's output comes out behind it. They are
// taken out of the output before it gets to the log. Functions can swallow
// marks, and forge those that they have seen: that confuses their own log only.
type Marks struct {
	log   *Log
	start []byte // of every mark

	mu      sync.Mutex // guards what follows, and the streams
	last    uint64     // number of the latest mark
	open    int        // how many are in the output and have not come out
	waiting map[uint64]chan struct{}
	streams []*stream
}

// A mark is its start and a number in hexadecimal digits.
const numberLen = 16

// NewMarks returns marks for a sandbox that writes to the log through Streams.
// nonce is what no output holds by chance, at most 100 bytes.
func NewMarks(log *Log, nonce string) *Marks {
	return &Marks{log: log, start: append([]byte{0}, nonce...), waiting: map[uint64]chan struct{}{}}
}

// Stream returns what one of the sandbox's outputs is to be written to.
func (m *Marks) Stream() io.Writer {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := &stream{marks: m}
	m.streams = append(m.streams, s)
	return s
}

// Await has a mark put into the output and waits until it has come out as often
// as it was put in, or over is closed; came is false when that took longer than
// most. put reports how often that was, at most twice, and whether no output
// was left out; Await passes the latter on.
func (m *Marks) Await(put func(mark []byte) (count int, all bool), over <-chan struct{}, most time.Duration) (came, all bool) {
	number, coming := m.begin()
	defer m.forget(number)
	count, all := put(m.mark(number))
	m.leftOut(2 - count)
	timer := time.NewTimer(most)
	defer timer.Stop()
	for range count {
		select {
		case <-coming:
		case <-over:
			return true, all
		case <-timer.C:
			return false, all
		}
	}
	return true, all
}

func (m *Marks) begin() (number uint64, coming <-chan struct{}) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last++
	m.open += 2
	c := make(chan struct{}, 2)
	m.waiting[m.last] = c
	return m.last, c
}

func (m *Marks) mark(number uint64) []byte {
	mark := make([]byte, 0, len(m.start)+numberLen)
	return hex.AppendEncode(append(mark, m.start...), binary.BigEndian.AppendUint64(nil, number))
}

func (m *Marks) forget(number uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.waiting, number)
}

// leftOut notes that marks were not put in.
func (m *Marks) leftOut(count int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed(count)
}

// closed takes off the count of open marks. Without any, nothing is held back.
func (m *Marks) closed(count int) {
	m.open = max(0, m.open-count)
	if m.open > 0 {
		return
	}
	for _, s := range m.streams {
		_, _ = m.log.Write(s.held)
		s.held = nil
	}
}

// come notes that a mark has come out.
func (m *Marks) come(number uint64) {
	select {
	case m.waiting[number] <- struct{}{}: // nil when nobody waits any more
	default: // forged
	}
	m.closed(1)
}

// stream is one output of a sandbox.
type stream struct {
	marks *Marks
	held  []byte // the beginning of what may be a mark; empty while none is open
}

// Write implements io.Writer; it never fails.
func (s *stream) Write(p []byte) (int, error) {
	m := s.marks
	m.mu.Lock()
	defer m.mu.Unlock()
	text := p
	if len(s.held) > 0 {
		text = slices.Concat(s.held, p)
		s.held = nil
	}
	for m.open > 0 {
		plain, number, rest := m.cut(text)
		_, _ = m.log.Write(text[:plain])
		text = text[plain:]
		if number == 0 {
			s.held = bytes.Clone(text)
			return len(p), nil
		}
		text = text[rest:]
		m.come(number)
	}
	_, _ = m.log.Write(text)
	return len(p), nil
}

// cut finds the first mark in a text: how many bytes are before it, its number
// and its length. Without one the number is 0 and what follows the plain bytes
// may be the beginning of a mark.
func (m *Marks) cut(text []byte) (plain int, number uint64, length int) {
	length = len(m.start) + numberLen
	for {
		i := bytes.Index(text[plain:], m.start)
		if i < 0 {
			return len(text) - m.begun(text[plain:]), 0, 0
		}
		plain += i
		if len(text)-plain < length {
			return plain, 0, 0
		}
		var digits [numberLen / 2]byte
		_, err := hex.Decode(digits[:], text[plain+len(m.start):plain+length])
		if number = binary.BigEndian.Uint64(digits[:]); err == nil && 0 < number && number <= m.last {
			return plain, number, length
		}
		plain++ // it only looked like one
	}
}

// begun is the length of the longest end of a text with which a mark can begin.
func (m *Marks) begun(text []byte) int {
	for n := min(len(text), len(m.start)-1); n > 0; n-- {
		if bytes.HasPrefix(m.start, text[len(text)-n:]) {
			return n
		}
	}
	return 0
}
