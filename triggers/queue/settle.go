package queue

import (
	"context"
	"strings"
	"time"

	"github.com/picasso-faas/picasso"
)

// Bounds of the pause between two tries to settle.
const (
	settleMin = 100 * time.Millisecond
	settleMax = 2 * time.Second
)

// settling is the storing of what came of an attempt.
type settling struct {
	picasso.Settlement
	holding *holding
	result  *picasso.Payload
	log     []byte
	ended   time.Time // the attempt

	logged    bool // the log is stored, or never will be
	addressed bool // Next is what it is to be
	reduced   bool // to what any store takes
}

// settle stores what came of an attempt. While the store does not answer it
// is tried again, until ctx ends: as long as nobody else has taken over,
// nothing is lost.
func (r *Runner) settle(ctx context.Context, s *settling) {
	for n := 0; !s.holding.lost.Load(); n++ {
		err := r.store(ctx, s)
		switch picasso.CodeOf(err) {
		case "":
			r.metrics.settled.WithLabelValues(string(s.Execution.Status)).Inc()
			return
		case picasso.CodeConflict: // cancelled, or taken over
			return
		case picasso.CodeUnavailable:
		default:
			r.logFor(s.holding).WithError(err).Error("what came of an execution cannot be stored")
			if s.reduced {
				return // its lease runs out
			}
			s.reduce(picasso.CodeOf(err))
			continue
		}
		if !sleep(ctx, doubled(settleMin, n, settleMax)) {
			r.logFor(s.holding).WithError(err).Error("an execution was not settled; it will run again")
			return
		}
	}
}

// store stores the log first, so that it is complete when the execution is
// seen to have ended.
func (r *Runner) store(ctx context.Context, s *settling) error {
	if !s.logged {
		err := r.logs.end(ctx, s.holding.log, s.log)
		if picasso.CodeOf(err) == picasso.CodeUnavailable {
			return err
		}
		s.logged = true
		if err != nil {
			r.metrics.dropped.Inc()
		}
	}
	if !s.addressed && s.Execution.Status.Ended() {
		if err := r.address(ctx, s); err != nil {
			return err
		}
	}
	s.addressed = true
	return r.Queue.Settle(ctx, &s.Settlement)
}

// address fills in what an execution that has ended leaves behind.
func (r *Runner) address(ctx context.Context, s *settling) error {
	next, problem, err := r.Destinations.Next(ctx, &Ended{
		Function: s.holding.Function, Execution: &s.Execution, Input: &s.holding.Input, Result: s.result,
	})
	if err != nil {
		return err
	}
	s.Result, s.Next = s.result, next
	s.remark(problem)
	return nil
}

// maxReasonBytes bounds the reason in a record.
const maxReasonBytes = 1024

// remark adds to the reason.
func (s *settling) remark(problem string) {
	if problem == "" {
		return
	}
	reason := &s.Execution.Reason
	if *reason != "" {
		problem = "; " + problem
	}
	room := max(0, maxReasonBytes-len(problem)) // the remark is the shorter one
	*reason = strings.ToValidUTF8((*reason)[:min(len(*reason), room)], "") + problem
}

// reduce leaves out what the store may have refused it for.
func (s *settling) reduce(code picasso.Code) {
	if code == picasso.CodeNotFound && s.Next != nil {
		s.Next = nil
		s.remark("the function of its destination was just deleted")
		return
	}
	s.reduced = true
	s.Result, s.Next = nil, nil
	e := &s.Execution
	e.Status, e.Reason = picasso.StatusFailed, picasso.CodeInternal.Title()+": what came of it could not be stored"
	e.RunAt, e.FinishedAt = time.Time{}, s.ended
}

// sleep waits and returns whether ctx let it.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
