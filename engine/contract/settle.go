package contract

import (
	"sync/atomic"
	"time"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/ring"
)

// hearing decides how long the end of a call waits for its log: output travels
// another way than the answer, and later. What comes too late is in the next
// call's log.
type hearing struct {
	marks *ring.Marks
	quiet atomic.Int64 // calls since one with a log, or since the start
	ended atomic.Int64 // when the latest call ended, Unix time in nanoseconds; 0 before
	lost  atomic.Int64 // marks that did not come out, one after the other
}

const (
	// restedFor is the pause before a call from which on it does not matter
	// that its sandbox is held back a moment after it.
	restedFor = 50 * time.Millisecond
	// trial is after how many calls without a word a function counts as silent.
	trial = 64
	// markTime is how long a mark is waited for: it takes well under a
	// millisecond, but far longer on a host that is very busy.
	markTime = time.Second
	// maxLost is after how many lost marks a sandbox gets no more: something
	// swallows them.
	maxLost = 3
)

// expects reports whether the end of a call has to wait for its log. Functions
// that have proved silent and are called without a pause are not waited for.
func (h *hearing) expects(out *picasso.Outcome) bool {
	return h.quiet.Load() < trial || out.Err != nil || out.Started.UnixNano()-h.ended.Load() > int64(restedFor)
}

// heard notes whether a call that ends now has had a log.
func (h *hearing) heard(something bool) {
	h.ended.Store(time.Now().UnixNano())
	if something {
		h.quiet.Store(0)
	} else {
		h.quiet.Add(1)
	}
}

// settle waits until what the function wrote in its call is in the log, which
// it has from start on: until a mark behind it has come out or, where the
// function's output is not what it was, until nothing more comes.
func (s *httpSandbox) settle(start int64) {
	h := &s.hearing
	select {
	case <-s.Done():
		return // all has been delivered
	default:
	}
	if h.lost.Load() < maxLost {
		came, all := h.marks.Await(s.Mark, s.Done(), markTime)
		switch {
		case !came:
			h.lost.Add(1)
			return
		case all:
			h.lost.Store(0)
			return
		}
	}
	awaitQuiet(s.log, start)
}

// How long a log without marks is waited for: until it is quiet for a moment,
// and no longer than settleMax.
const (
	settleQuiet = 2 * time.Millisecond
	settleMax   = 20 * time.Millisecond
)

// awaitQuiet waits until something has come since start, and then nothing for a moment.
func awaitQuiet(log *ring.Log, start int64) {
	for waited := time.Duration(0); waited < settleMax; waited += settleQuiet {
		end := log.End()
		time.Sleep(settleQuiet)
		if end != start && log.End() == end {
			return
		}
	}
}
