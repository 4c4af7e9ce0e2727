package api

import (
	"fmt"
	"hash/maphash"

	"github.com/picasso-faas/picasso"
)

// logAnswer is a log on its way to the client, in pieces as the store has them.
//
// What is stored of an attempt can be replaced while it is being followed: it wrote
// more than a log holds, or faster than it is stored, or ran once more because
// the platform had failed it. So a live answer knows a sum of what it has written of the
// attempt, and compares before it leaves the attempt behind.
type logAnswer struct {
	req   *request
	store picasso.LogStore
	id    string // of the execution
	live  bool

	attempt int   // the place behind what was written
	offset  int64 //
	whole   bool  // nothing is missing of the attempt before the place
	sum     maphash.Hash
	summed  int   // bytes of the attempt that were written
	midline bool  // the last line has not ended
	gone    error // of a client that does not read
}

func newLogAnswer(req *request, store picasso.LogStore, id string) *logAnswer {
	return &logAnswer{req: req, store: store, id: id}
}

// advance writes what the log has behind the place. Errors: those of the store.
func (l *logAnswer) advance() error {
	for l.gone == nil {
		attempt, offset, whole := l.attempt, l.offset, l.whole
		parts, err := l.parts(attempt, offset)
		if err != nil {
			return err
		}
		l.begin()
		for i := range parts {
			if l.leaves(&parts[i]) {
				if err := l.complete(); err != nil {
					return err
				}
				break // and read again from where that has led
			}
			l.write(&parts[i])
		}
		if l.attempt == attempt && l.offset == offset && l.whole == whole {
			return nil
		}
	}
	return nil
}

func (l *logAnswer) parts(attempt int, offset int64) ([]picasso.LogPart, error) {
	return l.store.Log(l.req.Context(), l.id, attempt, offset)
}

// leaves reports whether the part does not follow what was written, and that is not yet known to be all.
func (l *logAnswer) leaves(p *picasso.LogPart) bool {
	return l.live && l.summed > 0 && !l.whole && (p.Attempt != l.attempt || p.Offset != l.offset)
}

// complete writes what is missing of the attempt, or all of it when what
// was written is not how it begins any more. Errors: those of the store.
func (l *logAnswer) complete() error {
	if l.summed == 0 || l.whole {
		return nil
	}
	var text []byte
	end := int64(0)
	for more := true; more; {
		parts, err := l.parts(l.attempt, end)
		if err != nil {
			return err
		}
		more = false
		for i := range parts {
			if p := &parts[i]; p.Attempt == l.attempt && len(p.Text) > 0 {
				text, end, more = append(text, p.Text...), p.Offset+int64(len(p.Text)), true
			}
		}
	}
	if l.begins(text) {
		text = text[l.summed:]
	} else if len(text) > 0 {
		l.line("--- attempt %d, from its beginning ---\n")
		l.forget()
	}
	l.text(text)
	l.offset, l.whole = max(l.offset, end), true
	return nil
}

// begins reports whether the text begins with what was written of the attempt.
func (l *logAnswer) begins(text []byte) bool {
	return len(text) >= l.summed && maphash.Bytes(l.sum.Seed(), text[:l.summed]) == l.sum.Sum64()
}

func (l *logAnswer) forget() {
	l.sum.Reset()
	l.summed = 0
}

// write writes a part, with a line between attempts.
func (l *logAnswer) write(p *picasso.LogPart) {
	if p.Attempt != l.attempt {
		l.attempt = p.Attempt
		l.forget()
		if p.Attempt > 1 {
			l.line("--- attempt %d ---\n")
		}
	}
	l.text(p.Text)
	l.offset, l.whole = p.Offset+int64(len(p.Text)), false
}

// line writes a line of the platform about the attempt.
func (l *logAnswer) line(format string) {
	line := fmt.Sprintf(format, l.attempt)
	if l.midline {
		line = "\n" + line
	}
	l.send([]byte(line))
	l.midline = false
}

// text writes what the function wrote.
func (l *logAnswer) text(text []byte) {
	if len(text) == 0 {
		return
	}
	_, _ = l.sum.Write(text) // never fails
	l.summed += len(text)
	l.midline = text[len(text)-1] != '\n'
	l.send(text)
}

// begin begins the answer, unless it has begun.
func (l *logAnswer) begin() {
	if l.req.w.status != 0 {
		return
	}
	l.req.typed("text/plain; charset=utf-8")
	l.send(nil)
}

func (l *logAnswer) send(text []byte) {
	if l.gone == nil {
		l.gone = l.req.sendPart(text)
	}
}
