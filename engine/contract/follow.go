package contract

import (
	"io"
	"time"

	"github.com/picasso-faas/picasso/engine/ring"
)

// followEvery is the pause between two looks for new output of a call.
const followEvery = 200 * time.Millisecond

// follower passes on what is written to a log while a call runs, see
// picasso.Call.Log. Writers to the log do not notice it. nil follows nothing.
type follower struct {
	log   *ring.Log
	start int64 // of the call's part of the log
	max   int64 // of bytes that are passed on
	to    io.Writer

	passed int64         // offset behind what was passed on
	quit   chan struct{} // closed to end the goroutine
	ended  chan struct{} // closed when it has
}

// follow begins to follow the log from an offset on, for a reader that may be nil.
func follow(log *ring.Log, start int64, max int, to io.Writer) *follower {
	if to == nil {
		return nil
	}
	f := &follower{
		log: log, start: start, max: int64(max), to: to,
		passed: start, quit: make(chan struct{}), ended: make(chan struct{}),
	}
	go f.run()
	return f
}

func (f *follower) run() {
	defer close(f.ended)
	ticker := time.NewTicker(followEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			f.pass(f.log.Since(f.passed))
		case <-f.quit:
			return
		}
	}
}

// pass passes on a part that begins behind what was passed on so far. A call
// that has written more than a log keeps has its beginning passed on: of what
// follows, parts are missing.
func (f *follower) pass(part []byte, end int64) {
	if len(part) == 0 || end-f.start > f.max {
		return
	}
	_, _ = f.to.Write(part) // a reader that is gone misses it
	f.passed = end
}

// stop ends the following; what is written from now on is not passed on.
func (f *follower) stop() {
	if f == nil {
		return
	}
	select {
	case <-f.ended:
	default:
		close(f.quit)
		<-f.ended
	}
}

// finish passes on the rest of the call's part of the log, and ends.
func (f *follower) finish(part []byte, end int64) {
	if f == nil {
		return
	}
	f.stop()
	if end-f.start <= f.max {
		f.pass(part[f.passed-f.start:], end)
	}
}
