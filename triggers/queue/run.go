package queue

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"runtime/debug"

	"github.com/sirupsen/logrus"

	"github.com/picasso-faas/picasso"
)

// run runs an execution that was claimed, and settles it. ctx is that of the
// process, call that of the execution.
func (r *Runner) run(ctx, call context.Context, h *holding) {
	defer r.ledger.remove(h)
	defer h.stop()
	r.logs.begin(h.log)
	w := &answer{header: http.Header{}}
	outcome := r.invoke(call, h, w)
	h.invoked.Store(true)
	a := &attempt{Claimed: h.Claimed, outcome: outcome, now: r.Now(), jitter: r.Jitter()}
	if h.stopped.Load() && interrupted(&a.outcome) {
		a.outcome.Err = picasso.Errorf(picasso.CodeUnavailable, "the process that ran it was stopped")
	}
	r.count(h, &a.outcome)
	r.settle(ctx, &settling{
		holding: h, result: w.result(&a.outcome), log: a.outcome.Log, ended: a.now.UTC(),
		Settlement: picasso.Settlement{Lease: h.Lease, Execution: a.after()},
	})
}

// interrupted reports whether a call ended because it was cancelled.
func interrupted(o *picasso.Outcome) bool {
	return o.Err != nil && (o.Err.Code == picasso.CodeCancelled || o.Started.IsZero())
}

// invoke has the function invoked, or the input delivered.
func (r *Runner) invoke(ctx context.Context, h *holding, w http.ResponseWriter) (o picasso.Outcome) {
	defer func() {
		if p := recover(); p != nil { // one execution must not end those of others
			r.logFor(h).WithFields(logrus.Fields{"panic": fmt.Sprint(p), "stack": string(debug.Stack())}).Error("an execution panicked")
			o = picasso.Outcome{Err: picasso.Errorf(picasso.CodeInternal, "")} // tried again
		}
	}()
	if !r.ledger.ours(h, r.Now()) { // this process stood still
		return picasso.Outcome{Err: picasso.Errorf(picasso.CodeUnavailable, "its lease ran out before it could begin")}
	}
	if a := (&attempt{Claimed: h.Claimed, now: r.Now()}); a.givenUp() {
		return picasso.Outcome{Err: a.before()}
	}
	if h.Destination != "" {
		return r.Destinations.Deliver(ctx, h.Claimed, w)
	}
	credentials, err := r.credentials(ctx, h.Claimed)
	if err != nil {
		return picasso.Outcome{Err: picasso.AsError(err)}
	}
	return r.Engine.Invoke(ctx, &picasso.Call{
		ExecutionID: h.ID, Run: h.Lease.String(), RequestID: h.RequestID, Attempt: h.Attempt, Function: h.Function,
		Method: http.MethodPost, Path: "/", Header: h.Input.Header,
		Body: bytes.NewReader(h.Input.Body), ContentLength: int64(len(h.Input.Body)),
		Credentials: credentials, Depth: h.Depth,
		Log: h.log,
	}, w)
}

// credentials are what the function acts as its project with, until the call
// has ended; nil when nothing was delegated to it. Errors: conflict, with which
// it fails for good, and unavailable.
func (r *Runner) credentials(ctx context.Context, c *picasso.Claimed) (*picasso.Credentials, error) {
	switch {
	case c.TrustID == "":
		return nil, nil
	case r.Delegator == nil:
		return nil, picasso.Errorf(picasso.CodeConflict, "delegate_roles: this service cannot act for projects, as it runs without Keystone")
	}
	return r.Delegator.Credentials(ctx, c.TrustID, c.Function.QueueTimeout()+c.Function.Timeout())
}

// count counts how an attempt ended, and tells the brakes.
func (r *Runner) count(h *holding, o *picasso.Outcome) {
	failed := failure(o)
	if failed != nil {
		r.metrics.failed.WithLabelValues(string(failed.Code)).Inc()
	}
	switch {
	case failed == nil || !isPlatform(failed.Code):
		r.brakes.worked(h.FunctionID, r.Workers)
	case !h.stopped.Load() && failed.Code != picasso.CodeCancelled:
		r.brakes.failed(h.FunctionID, r.ledger.ofFunction(h.FunctionID), r.Now())
		r.logFor(h).WithError(failed).Debug("the platform failed an execution")
	}
}

// logFor is the log with what identifies an execution.
func (r *Runner) logFor(h *holding) *logrus.Entry {
	return r.Log.WithFields(logrus.Fields{
		"execution_id": h.ID, "function_id": h.FunctionID, "project_id": h.ProjectID, "request_id": h.RequestID,
	})
}
