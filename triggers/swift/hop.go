package swift

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/picasso-faas/picasso"
)

// Chain is what an event comes from, when an execution has made it.
type Chain struct {
	Depth    int    // of what the event causes
	CausedBy string // the execution, if known
	// Suspected is true when it may as well have been the user's own doing.
	Suspected bool
}

// Cause finds the execution that wrote an object, by which loops are noticed.
// Functions act as the user who delegated to them, so the name of who asked
// tells only that it may have been one. The rules, in order:
//
//  1. The object says it (DepthHeader).
//  2. Of the executions that acted as this user at the moment (acting, see
//     picasso.EventStore), one whose own object has the name of this one, or a name whose
//     stem is in it: thumbnails/cat-256.jpg is made of photos/cat.jpg. Of several,
//     the one that is least deep. By the same name it is suspected only: users
//     overwrite objects, too.
//  3. Of the executions of this trigger that had not ended the one that is least
//     deep, if all of them ran: suspected, for users upload one file after the other. Where one
//     waits, it is taken for the work of users, who upload much at once.
//  4. None: a user's own doing.
//
// What the same event has caused, by another trigger or when it came before, is
// passed over.
func Cause(r *Request, o *Object, triggerID, eventID string, acting []picasso.Execution) Chain {
	if o != nil && o.Depth >= 0 {
		return Chain{Depth: o.Depth}
	}
	acting = slices.DeleteFunc(acting, func(e picasso.Execution) bool { return e.EventID == eventID })
	for _, slack := range []time.Duration{0, Slack} { // who is exactly there comes first
		if c, found := causeOf(&moment{r, slack}, triggerID, acting); found {
			return c
		}
	}
	return Chain{}
}

// causeOf is Cause by rules 2 and 3.
func causeOf(m *moment, triggerID string, acting []picasso.Execution) (c Chain, found bool) {
	cause := m.linked(acting)
	suspected := cause == nil || objectOf(cause.Subject) == m.Object
	if cause == nil {
		cause = m.running(triggerID, acting)
	}
	if cause == nil {
		return Chain{}, false
	}
	return Chain{Depth: cause.Depth + 1, CausedBy: cause.ID, Suspected: suspected}, true
}

// suspicionPause is how long what is suspected to go too deep has to wait.
const suspicionPause = 10 * time.Second

// Pause is how long an execution of the chain has to wait before it runs. One
// step more than picasso.MaxDepth is left to chains that are only suspected, after a
// pause: a loop comes back one step deeper, and is stopped then. What a user uploads
// meanwhile does not: the execution that waits stands between them (rule 3), or has not run (rule 2).
func (c Chain) Pause() time.Duration {
	if c.Suspected && c.Depth == picasso.MaxDepth+1 {
		return suspicionPause
	}
	return 0
}

// moment is when a request was made, give or take.
type moment struct {
	*Request
	slack time.Duration
}

// Slack is how far the clocks of Swift and of the store may be apart. More of it
// takes those for the cause whose end a user waited for before the next upload.
const Slack = 100 * time.Millisecond

// linked is the execution of the least depth whose object the request's is made of.
func (m *moment) linked(acting []picasso.Execution) (cause *picasso.Execution) {
	for i := range acting {
		e := &acting[i]
		if m.began(e) && !m.over(e) && madeOf(m.Object, e.Subject) && (cause == nil || e.Depth < cause.Depth) {
			cause = e
		}
	}
	return cause
}

// running is the least deep of the trigger's executions that were not over, if all of them had begun.
func (m *moment) running(triggerID string, acting []picasso.Execution) (cause *picasso.Execution) {
	for i := range acting {
		e := &acting[i]
		switch {
		case e.TriggerID != triggerID || m.over(e):
		case !m.began(e):
			return nil
		case cause == nil || e.Depth < cause.Depth:
			cause = e
		}
	}
	return cause
}

// began reports whether the execution's latest attempt had begun. One that
// waits to be tried again has begun, too.
func (m *moment) began(e *picasso.Execution) bool {
	return !e.StartedAt.IsZero() && !e.StartedAt.After(m.Time.Add(m.slack))
}

// over reports whether it had ended for good.
func (m *moment) over(e *picasso.Execution) bool {
	return !e.FinishedAt.IsZero() && e.FinishedAt.Add(m.slack).Before(m.Time)
}

// madeOf reports whether an object has the name of the one that an execution
// is about (subject, container/object), or the stem of it, between characters
// that are neither letters nor digits.
func madeOf(object, subject string) bool {
	source := objectOf(subject)
	if source == "" {
		return false
	}
	if object == source {
		return true
	}
	stem := stemOf(source)
	for from := 0; stem != ""; {
		at := strings.Index(object[from:], stem)
		if at < 0 {
			break
		}
		before, _ := utf8.DecodeLastRuneInString(object[:from+at])
		after, _ := utf8.DecodeRuneInString(object[from+at+len(stem):])
		if isBorder(before) && isBorder(after) {
			return true
		}
		_, size := utf8.DecodeRuneInString(object[from+at:])
		from += at + size
	}
	return false
}

// objectOf is the object of a subject, container/object; empty for other subjects.
func objectOf(subject string) string {
	_, object, _ := strings.Cut(subject, "/")
	return object
}

// stemOf is the last part of a name without what is behind its last dot.
func stemOf(name string) string {
	name = name[strings.LastIndexByte(name, '/')+1:]
	if dot := strings.LastIndexByte(name, '.'); dot > 0 {
		name = name[:dot]
	}
	return name
}

// isBorder holds for the ends of a name, too, which are utf8.RuneError.
func isBorder(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }
