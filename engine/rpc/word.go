package rpc

import (
	"context"
	"time"

	"github.com/picasso-faas/picasso"
)

// word tells the client how far its call is, but not what has passed by the
// time that it can be of use. A call that a sandbox has at once, or before the client was
// told that it waits, costs no frame, and no word on whether that has arrived.
type word struct {
	server *Server
	fw     *frameWriter
	timer  *time.Timer

	// Guarded by the lock of fw.
	waits bool // the call has no sandbox
	said  bool // and the client was told
}

const (
	// ackAfter is when a client is told that a sandbox has its call, if it has heard
	// nothing of it until then.
	ackAfter = 200 * time.Millisecond
	// waitAfter is when it is told that its call waits. If the host is lost before that,
	// the call fails, although no function has seen it: the client cannot know.
	waitAfter = 50 * time.Millisecond
)

func (s *Server) word(fw *frameWriter) *word {
	w := &word{server: s, fw: fw}
	w.timer = time.AfterFunc(s.ackAfter, w.say)
	return w
}

// end lets it say no more.
func (w *word) end() { w.timer.Stop() }

// say is when it is time for a word. As far as the client knows, a call that does not wait has a sandbox.
func (w *word) say() {
	w.fw.mu.Lock()
	defer w.fw.mu.Unlock()
	switch { // a lost peer shows in Write
	case w.waits && !w.said:
		w.said = true
		_ = w.fw.tell(frameWait)
	case !w.waits && !w.fw.flushed:
		_ = w.fw.tell(frameTaken)
	}
}

// progress takes a step of the call. It reports false when the client does not
// know of it, and may have given the call up.
func (w *word) progress(ctx context.Context, p picasso.Progress) bool {
	waited, err := w.step(p)
	return err == nil && (!waited || heard(ctx, w.server.hearing))
}

// step reports whether a call has a sandbox of which the client knows that it waited.
func (w *word) step(p picasso.Progress) (waited bool, err error) {
	w.fw.mu.Lock()
	defer w.fw.mu.Unlock()
	w.waits = p == picasso.ProgressWaiting
	switch {
	case w.waits:
		w.timer.Reset(w.server.waitAfter)
		return false, nil
	case !w.said:
		w.timer.Reset(w.server.ackAfter)
		return false, nil
	}
	w.said = false
	return true, w.fw.tell(frameTaken)
}
