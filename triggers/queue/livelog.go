package queue

import (
	"hash/maphash"
	"sync"

	"github.com/picasso-faas/picasso"
)

// maxPiece bounds what a live log holds between two looks at it; a function
// that writes faster is seen live no more, but whole when it has ended.
const maxPiece = 256 << 10

// liveLog takes what a function writes while it runs. It implements io.Writer
// and makes nobody wait.
type liveLog struct {
	executionID string
	attempt     int
	// again: the attempt ran before and the platform failed it, so that parts
	// of its log may be there.
	again bool

	mu     sync.Mutex
	buf    []byte
	torn   bool         // something is missing in what was stored
	begun  bool         // a piece was taken
	stored int64        // bytes
	sum    maphash.Hash // of them
}

func newLiveLog(c *picasso.Claimed) *liveLog {
	return &liveLog{executionID: c.ID, attempt: c.Attempt, again: c.Failures > 0}
}

// Write implements io.Writer.
func (l *liveLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.torn:
	case len(l.buf)+len(p) > maxPiece:
		l.torn, l.buf = true, nil
	default:
		l.buf = append(l.buf, p...)
	}
	return len(p), nil
}

// piece takes what has come since the last one.
func (l *liveLog) piece() (picasso.LogPart, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.buf) == 0 {
		return picasso.LogPart{}, false
	}
	text := l.buf
	l.buf, l.begun = nil, true
	return l.part(text), true
}

// part is the text that follows what is stored.
func (l *liveLog) part(text []byte) picasso.LogPart {
	return picasso.LogPart{
		ExecutionID: l.executionID, Attempt: l.attempt, Offset: l.stored, Text: text,
		Whole: l.again && l.stored == 0,
	}
}

// settled says what became of a piece.
func (l *liveLog) settled(p *picasso.LogPart, stored bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !stored {
		l.torn, l.buf = true, nil
		return
	}
	l.stored += int64(len(p.Text))
	_, _ = l.sum.Write(p.Text) // fails never
}

// silent reports whether there is nothing to store, given the log of the
// ended attempt.
func (l *liveLog) silent(log []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(log) == 0 && len(l.buf) == 0 && !l.begun
}

// rest is what is left to store of the log of the ended attempt, given as the
// engine has it: nothing when the engine was lost, and without its beginning
// when it is too long.
func (l *liveLog) rest(log []byte) (picasso.LogPart, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case len(log) == 0:
		return l.part(l.buf), len(l.buf) > 0
	case !l.torn && int64(len(log)) >= l.stored && maphash.Bytes(l.sum.Seed(), log[:l.stored]) == l.sum.Sum64():
		rest := log[l.stored:]
		return l.part(rest), len(rest) > 0
	}
	return picasso.LogPart{ExecutionID: l.executionID, Attempt: l.attempt, Text: log, Whole: true}, true
}
