package api

import (
	"io"
	"net/http"
	"time"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/internal/guard"
)

// invoke runs a function: body in, body out. Or it puts the call into the queue, where
// the client prefers that.
func (s *Server) invoke(req *request, a guard.Access) error {
	ref := req.ref("function")
	fn, err := s.functions.Get(req.Context(), a.Project(), ref)
	if err != nil {
		return err
	}
	if !a.Admits(fn.ProjectID) {
		return notFound("function", ref)
	}
	if prefersAsync(req.Header) {
		return s.submit(req, fn)
	}
	return s.call(req, &picasso.Call{
		Function: fn,
		Method:   http.MethodPost,
		Path:     "/",
		Header:   invokeHeader(req.Header),
	})
}

// call hands the call to the engine and answers with what comes of it.
func (s *Server) call(req *request, call *picasso.Call) error {
	switch {
	case call.Function.Paused():
		return paused(call.Function)
	case req.ContentLength > s.MaxRequestBytes:
		return bodyTooLarge(s.MaxRequestBytes)
	}
	if s.quota != nil {
		leave, err := s.enterQuota(call.Function.ProjectID)
		if err != nil {
			return err
		}
		defer leave()
	}
	call.ExecutionID, call.RequestID = s.NewID(), req.id
	call.URL = s.baseURL(req.Request) + rawTarget(req.Request)
	call.ContentLength, call.Body = req.ContentLength, s.body(req)
	req.w.executionID, req.w.fromEngine = call.ExecutionID, true

	s.recorder.Begin(call.ExecutionID)
	defer s.recorder.End(call.ExecutionID)
	outcome := picasso.Outcome{Err: picasso.Errorf(picasso.CodeInternal, "")} // of an engine that panics
	func() {
		defer func() {
			s.recorder.Add(newExecution(call, &outcome, req.began, s.Now()))
			s.metrics.countCall(&outcome)
		}()
		outcome = s.run(req.Context(), call, req.w)
	}()
	switch {
	case outcome.Err == nil:
		req.w.WriteHeader(http.StatusOK) // unless it has begun
		return nil
	case outcome.OwnAccount: // any other failure may have cut the answer short: fail knows
		return nil
	default:
		return outcome.Err
	}
}

// paused is the error of a call to a function that is.
func paused(fn *picasso.Function) error {
	if !fn.Enabled {
		return picasso.Errorf(picasso.CodeConflict, "enabled: is false, function %q is paused", fn.App+":"+fn.Name)
	}
	return picasso.Errorf(picasso.CodeConflict, "enabled: is false, app %q is paused", fn.App)
}

// body is the body of a call. The writer of the answer keeps an eye on it.
func (s *Server) body(req *request) io.Reader {
	if req.ContentLength == 0 {
		return http.NoBody
	}
	body := &callBody{Reader: req.Body}
	if req.ContentLength < 0 { // net/http reads no more than a declared length
		body.Reader = http.MaxBytesReader(req.w.ResponseWriter, req.Body, s.MaxRequestBytes)
	}
	req.w.body = body
	return body
}

// newExecution is the record of an ended call.
func newExecution(call *picasso.Call, o *picasso.Outcome, began, ended time.Time) *picasso.Execution {
	fn := call.Function
	e := &picasso.Execution{
		ID: call.ExecutionID, ProjectID: fn.ProjectID, FunctionID: fn.ID, Function: fn.Name, App: fn.App,
		Revision: fn.Revision, Status: picasso.StatusSucceeded, Attempt: 1, MaxAttempts: 1,
		CreatedAt: microseconds(began), RequestID: call.RequestID, Log: o.Log,
	}
	e.Apply(o, ended)
	if o.Err != nil {
		e.Status, e.Reason = o.Err.Failed()
	}
	return e
}

// microseconds is the time as the stores keep it; zero stays zero.
func microseconds(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC().Truncate(time.Microsecond)
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
