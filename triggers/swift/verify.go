package swift

import (
	"context"
	"net/http"
	"time"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/triggers/peek"
	"github.com/picasso-faas/picasso/triggers/submission"
)

// freshFor is how long before its event an object may have been written that
// is believed to be the event's although the request was answered as one that is
// refused: what Swift takes to copy 5 GiB, or to check 1,000 segments.
const freshFor = 5 * time.Minute

// Verifier looks whether requests have done what they were to do.
type Verifier struct {
	peeker     *peek.Peeker
	executions picasso.ExecutionStore
}

// NewVerifier returns a Verifier.
func NewVerifier(peeker *peek.Peeker, executions picasso.ExecutionStore) *Verifier {
	return &Verifier{peeker: peeker, executions: executions}
}

// Verify tells whether a request that concerns the trigger did something, and
// returns the object as it is now; nil, when it is deleted. Errors: conflict
// (the trigger does not work any more; the Detail is for its user), busy, unavailable.
func (v *Verifier) Verify(ctx context.Context, t *picasso.Trigger, r *Request) (o *Object, believed bool, err error) {
	sign := r.sign()
	if sign == refused {
		return nil, false, nil
	}
	if o, err = v.look(ctx, t, r); err != nil {
		return nil, false, err
	}
	switch {
	case r.Method == http.MethodDelete && sign == doubtful:
		return nil, o == nil, nil
	case r.Method == http.MethodDelete: // what is there may be newer, or a version that the request has brought back
		return nil, o == nil || o.Written.After(r.Time.Add(-freshFor)), nil
	case o == nil:
		return nil, false, nil
	case sign == accepted:
		return o, true, nil
	case o.Written.After(r.Time), o.Written.Before(r.Time.Add(-freshFor)), o.Written.Before(t.UpdatedAt):
		return o, false, nil
	}
	seen, err := v.seen(ctx, t, r, o)
	return o, !seen && err == nil, err
}

// seen reports whether the trigger has fired for this very writing of the
// object, or for a later one.
func (v *Verifier) seen(ctx context.Context, t *picasso.Trigger, r *Request, o *Object) (bool, error) {
	subject := submission.Subject(r.Subject())
	filter := picasso.ExecutionFilter{TriggerID: t.ID, Since: o.Written}
	page := picasso.Page{Limit: 1000}
	for {
		list, more, err := v.executions.Executions(ctx, filter, page)
		if err != nil {
			return false, err
		}
		for i := range list {
			if list[i].Subject == subject {
				return true, nil
			}
		}
		if !more {
			return false, nil
		}
		page.Marker = list[len(list)-1].ID
	}
}
