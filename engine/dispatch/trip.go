package dispatch

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/picasso-faas/picasso"
)

const (
	maxSpills = 16 // hosts that are asked whether they have room for a call
	maxWaits  = 3  // hosts at which a call tries to wait, of those that have none
)

// trip is one call on its way, from host to host until one takes it.
type trip struct {
	d     *Dispatcher
	plan  *plan
	given *picasso.Call // by the caller
	body  body
	began time.Time

	waits   bool      // no host has room: it waits for it
	share   int       // of the host picked last
	spilled []*member // had no room
	asked   []*member // are not to be asked again, whatever for
	waited  int
	images  int  // hosts that could not get the image
	ended   bool // the last try: its time, or the caller's patience

	call      picasso.Call // as the engine gets it
	answer    answering
	where     atomic.Pointer[member] // nil while it is at none
	sent      atomic.Int64           // Unix time in nanoseconds of the last try
	heard     atomic.Bool            // the engine has said that it has the call
	reported  atomic.Bool            // as one that is silent
	cancelled atomic.Bool
}

// answering is the caller's ResponseWriter. It notes that something was written.
type answering struct {
	http.ResponseWriter
	trip  *trip
	begun bool
}

// WriteHeader implements http.ResponseWriter.
func (a *answering) WriteHeader(status int) {
	a.note()
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *answering) Write(p []byte) (int, error) {
	a.note()
	return a.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (a *answering) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// SetReadDeadline is for http.ResponseController. An engine ends the reading of a
// body when it is through with the call; one that it has not begun to read is
// left to the next.
func (a *answering) SetReadDeadline(deadline time.Time) error {
	if stream := a.trip.body.stream; stream != nil && !stream.begun.Load() {
		return nil
	}
	return setReadDeadline(a.ResponseWriter, deadline)
}

func (a *answering) note() {
	if !a.begun {
		a.begun = true
		a.trip.heard.Store(true)
	}
}

// progress is the call's Progress.
func (t *trip) progress(p picasso.Progress) {
	t.heard.Store(true)
	if t.given.Progress != nil {
		t.given.Progress(p)
	}
}

// Invoke implements picasso.Engine. What it waits for a sandbox, on all hosts
// together, is at most queue_timeout_s.
func (d *Dispatcher) Invoke(ctx context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
	t := &trip{d: d, plan: d.plan(call.Function), given: call, call: *call, began: d.cfg.Now()}
	if fault := t.body.open(call); fault != nil {
		return picasso.Outcome{Err: fault.Problem()}
	}
	defer t.body.close(w)
	t.answer = answering{ResponseWriter: w, trip: t}
	t.call.Progress = t.progress
	d.trips.enter(t)
	defer d.trips.leave(t)
	return t.run(ctx)
}

func (t *trip) run(ctx context.Context) picasso.Outcome {
	var last picasso.Outcome
	for tries := 0; ; tries++ {
		m := t.plan.next(t)
		if m == nil {
			return t.nowhere(last)
		}
		before := t.d.cfg.Now().Sub(t.began)
		out := t.try(ctx, m, before, tries > 0)
		out.Wait += before
		if !t.goesOn(m, out.Err) {
			return out
		}
		if err := t.over(ctx); err != nil {
			return picasso.Outcome{Err: err, Wait: out.Wait}
		}
		if last.Err == nil || last.Err.Code != picasso.CodeBusy { // of several, that one is of most use
			last = out
		}
	}
}

// try gives the call to the engine on m. before is how long it has been waiting.
func (t *trip) try(ctx context.Context, m *member, before time.Duration, again bool) (out picasso.Outcome) {
	defer func() {
		t.where.Store(nil)
		t.plan.ended(t, m, out.Err)
	}()
	t.call.Body = t.body.reader()
	t.call.Share, t.call.Spill = t.share, !t.waits
	t.heard.Store(false)
	t.sent.Store(t.d.cfg.Now().UnixNano())
	t.where.Store(m)
	if t.cancelled.Load() {
		return picasso.Outcome{Err: errCancelled()}
	}
	rest := ctx
	if again { // the first engine minds the time itself
		var cancel context.CancelFunc
		rest, cancel = context.WithTimeout(ctx, t.given.Function.QueueTimeout()-before)
		defer cancel()
	}
	out = m.engine.Invoke(rest, &t.call, &t.answer)
	t.ended = rest.Err() != nil
	if again && out.Err != nil && out.Err.Code == picasso.CodeWaitTimedOut && ctx.Err() == nil {
		out.Err = t.timedOut()
	}
	return out
}

// goesOn notes what came of a try, and tells whether another host may be asked.
func (t *trip) goesOn(m *member, err *picasso.Error) bool {
	if err == nil {
		return false
	}
	switch err.Code {
	case picasso.CodeBusy:
		if !t.waits {
			t.spilled = append(t.spilled, m)
			break
		}
		t.asked = append(t.asked, m)
		t.waited++
	case picasso.CodeUnavailable:
		t.asked = append(t.asked, m)
		if !t.ended { // or it had no time to answer
			t.d.suspect(m, "it does not take calls")
		}
	case picasso.CodeImageUnavailable:
		t.asked = append(t.asked, m)
		t.images++
	case picasso.CodeHostLost:
		t.d.suspect(m, "a call was lost there")
		return false
	default:
		return false
	}
	return t.images <= 1 && t.waited < maxWaits && !t.body.begun() && !t.answer.begun
}

// wasAt tells whether m has to be left out.
func (t *trip) wasAt(m *member) bool {
	return slices.Contains(t.asked, m) || !t.waits && slices.Contains(t.spilled, m)
}

// over tells why no further host is asked.
func (t *trip) over(ctx context.Context) *picasso.Error {
	switch {
	case t.cancelled.Load():
		return errCancelled()
	case ctx.Err() != nil:
		return picasso.Errorf(picasso.CodeWaitTimedOut, "the caller did not wait for a sandbox").WithCause(context.Cause(ctx))
	case t.d.cfg.Now().Sub(t.began) >= t.given.Function.QueueTimeout():
		return t.timedOut()
	}
	return nil
}

func (t *trip) timedOut() *picasso.Error {
	return picasso.Errorf(picasso.CodeWaitTimedOut, "queue_timeout_s: no sandbox became free within %d s", t.given.Function.QueueTimeoutS)
}

// nowhere is the outcome when all hosts were asked, or there are none.
func (t *trip) nowhere(last picasso.Outcome) picasso.Outcome {
	if last.Err != nil {
		return last
	}
	v := t.d.view.Load()
	if v == nil {
		return picasso.Outcome{Err: errUnknown()}
	}
	return picasso.Outcome{Err: v.errNone(t.given.Function)}
}

// trips are the calls on their way.
type trips struct {
	mu  sync.Mutex
	all map[*trip]struct{}
}

func (ts *trips) enter(t *trip) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.all[t] = struct{}{}
}

func (ts *trips) leave(t *trip) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	delete(ts.all, t)
}

// silent returns the hosts that should have said by now that they have a call
// which they got before then. Each call tells of its host once.
func (ts *trips) silent(then time.Time) (silent []*member) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	for t := range ts.all {
		m := t.where.Load()
		if m != nil && m.acks && !t.heard.Load() && t.sent.Load() < then.UnixNano() && t.reported.CompareAndSwap(false, true) {
			silent = append(silent, m)
		}
	}
	return silent
}

// cancel stops the trips of an execution or a run, and returns the hosts they are at.
func (ts *trips) cancel(id string) (at []*member, found bool) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	for t := range ts.all {
		if !t.given.Is(id) {
			continue
		}
		found = true
		t.cancelled.Store(true)
		if m := t.where.Load(); m != nil {
			at = append(at, m)
		}
	}
	return at, found
}
