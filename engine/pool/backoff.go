package pool

import (
	"time"

	"github.com/picasso-faas/picasso"
)

// The pause after a failed start, doubled with each failure in a row. Calls
// that come in it get the same error without a start.
const (
	backoffMin = 100 * time.Millisecond
	backoffMax = 3200 * time.Millisecond
)

// backoff keeps a function that cannot start from keeping the host busy with
// starting it. The zero value is a function that has not failed.
type backoff struct {
	err   error
	pause time.Duration
	until time.Time
}

func (b *backoff) failed(err error, now time.Time) {
	if picasso.CodeOf(err) == picasso.CodeUnavailable {
		return // not the function's fault, cheap to find out, and maybe over already
	}
	b.err = err
	b.pause = min(max(2*b.pause, backoffMin), backoffMax)
	b.until = now.Add(b.pause)
}

// active returns the error of the last start while no other may be tried.
func (b *backoff) active(now time.Time) error {
	if b.err != nil && now.Before(b.until) {
		return b.err
	}
	return nil
}
