package contract

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/picasso-faas/picasso/engine/h1"
)

// sink is the caller as the receiver of an answer, and of the log. A caller that is gone is no
// reason to stop the function: the rest of the answer is read and forgotten.
type sink struct {
	w        http.ResponseWriter
	deadline time.Time
	log      *follower
	written  int64
	gone     bool
	guarded  bool // a write deadline is set
	begun    bool
}

var errTooLarge = errors.New("answer over the limit")

// guardAfter is how much is written without a write deadline: as much as the
// caller's socket takes without waiting for the caller.
const guardAfter = 64 << 10

var copyBuffers = sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}

// head sends status and header.
func (s *sink) head(v verdict, length int64) {
	header := s.w.Header()
	maps.Copy(header, v.header)
	if length >= 0 {
		header["Content-Length"] = []string{strconv.FormatInt(length, 10)}
	}
	s.w.WriteHeader(v.status)
	s.begun = true
}

// pass passes the answer on as it comes. It counts in total what the function
// sent and fails with errTooLarge when that is more than max. An answer of
// unknown length that is already here in full goes out with its length.
func (s *sink) pass(v verdict, resp *h1.Response, max int64, total *int64) error {
	defer s.unguard()
	buf := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buf)
	n, err, length := 0, error(nil), resp.ContentLength
	if length < 0 && !resp.Bodyless {
		if n, err = readAhead(resp, *buf); err == io.EOF {
			length = int64(n)
		}
	}
	for {
		if *total += int64(n); *total > max {
			return errTooLarge
		}
		if !s.begun {
			s.head(v, length)
		}
		if n > 0 {
			s.write((*buf)[:n])
		}
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case resp.Pending():
			s.flush()
		}
		n, err = resp.Read(*buf)
	}
}

// readAhead reads what can be read without waiting for the function.
func readAhead(resp *h1.Response, buf []byte) (n int, err error) {
	for n < len(buf) && err == nil && !resp.Pending() {
		var k int
		k, err = resp.Read(buf[n:])
		n += k
	}
	return n, err
}

func (s *sink) write(p []byte) {
	if s.gone {
		return
	}
	s.written += int64(len(p))
	if s.written > guardAfter {
		s.guard()
	}
	if _, err := s.w.Write(p); err != nil {
		s.gone = true
	}
}

// flush sends what was written so far on its way.
func (s *sink) flush() {
	if s.gone || !s.begun {
		return
	}
	if err := http.NewResponseController(s.w).Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		s.gone = true
	}
}

// guard keeps a caller that does not read from holding the sandbox longer than
// the call may run.
func (s *sink) guard() {
	if !s.guarded {
		s.guarded = true
		_ = http.NewResponseController(s.w).SetWriteDeadline(s.deadline) // in-process callers have none
	}
}

// unguard lifts the deadline, which would outlive the call on the caller's connection.
func (s *sink) unguard() {
	if s.guarded {
		_ = http.NewResponseController(s.w).SetWriteDeadline(time.Time{})
	}
}
