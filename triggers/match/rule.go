package match

import (
	"unicode/utf8"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/triggers/oslomsg"
)

// rule is what a notification trigger matches by.
type rule struct {
	trigger   *picasso.Trigger
	eventType string // a pattern
	exchange  string // empty: any
	topic     string // empty: any
	filter    filter
}

func newRule(t *picasso.Trigger) (rule, error) {
	n := t.Notification
	if n == nil {
		return rule{}, invalid("notification: is required")
	}
	f, err := newFilter(n.Filter)
	return rule{t, n.EventType, n.Exchange, n.Topic, f}, err
}

// Check checks what a notification trigger matches by. It is a
// picasso.NotificationChecker.
func Check(n *picasso.Notification) error {
	_, err := newFilter(n.Filter)
	return err
}

func (r *rule) matches(src Source, n *oslomsg.Notification) bool {
	return (r.exchange == "" || r.exchange == src.Exchange) &&
		(r.topic == "" || r.topic == src.Topic) &&
		matchPattern(r.eventType, n.EventType) &&
		r.filter.holds(src, n)
}

// matchPattern reports whether text matches a pattern, in which * is any text
// and ? any one character. Only the last * that was met is ever tried again, so
// it takes len(pattern) times len(text) steps at worst, which are 255 each.
func matchPattern(pattern, text string) bool {
	star, tried := -1, 0 // where the last * is, and what of text it was tried with
	p, t := 0, 0
	for t < len(text) {
		c, size := utf8.DecodeRuneInString(text[t:])
		want, wantSize := utf8.DecodeRuneInString(pattern[p:])
		switch {
		case want == '*' && wantSize > 0:
			star, tried = p, t
			p++
		case wantSize > 0 && (want == '?' || want == c):
			p, t = p+wantSize, t+size
		case star < 0:
			return false
		default: // the * takes one character more
			_, size := utf8.DecodeRuneInString(text[tried:])
			tried += size
			p, t = star+1, tried
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

func invalid(format string, args ...any) error {
	return picasso.Errorf(picasso.CodeInvalid, format, args...)
}
