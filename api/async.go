package api

import (
	"net/http"

	"github.com/picasso-faas/picasso"
)

// maxQueuedHeaderBytes bounds what the queue keeps of a request's headers.
const maxQueuedHeaderBytes = 64 << 10

// submit puts a call into the queue. It is stored when the answer comes; nobody waits for
// the function, which may be paused.
func (s *Server) submit(req *request, fn *picasso.Function) error {
	key, err := idempotencyKey(req.Header)
	if err != nil {
		return err
	}
	header, err := queuedHeader(req.Header)
	if err != nil {
		return err
	}
	body, err := s.whole(req, s.MaxRequestBytes)
	if err != nil {
		return err
	}
	defer body.release()
	e, err := s.enqueue(req, fn, key, picasso.Payload{Header: header, Body: body.bytes})
	if err != nil {
		return err
	}
	req.w.Header().Set("Preference-Applied", respondAsync)
	return s.replyAccepted(req, e)
}

// enqueue stores a call, or finds the one that was stored with the same key.
func (s *Server) enqueue(req *request, fn *picasso.Function, key string, input picasso.Payload) (*picasso.Execution, error) {
	submission := s.submission(req, fn)
	submission.Key, submission.InputBytes, submission.Input = key, int64(len(input.Body)), input
	e, err := s.Queue.Enqueue(req.Context(), submission)
	if picasso.CodeOf(err) == picasso.CodeNotFound {
		s.functions.Forget(fn.ID) // another process has deleted it
	}
	if err != nil {
		return nil, err
	}
	if e.ID == submission.ID {
		s.metrics.accepted.Inc()
	}
	return e, nil
}

// submission is what is known of the execution without the body.
func (s *Server) submission(req *request, fn *picasso.Function) *picasso.Submission {
	now := s.timestamp()
	return &picasso.Submission{Execution: picasso.Execution{
		ID: s.NewID(), ProjectID: fn.ProjectID, FunctionID: fn.ID, Function: fn.Name, App: fn.App,
		Status: picasso.StatusQueued, Async: true, MaxAttempts: fn.Retry.MaxAttempts,
		CreatedAt: now, RunAt: now, RequestID: req.id,
	}}
}

// queuedHeader is what a function sees of the headers of an asynchronous call.
// Errors: invalid (too long).
func queuedHeader(h http.Header) (http.Header, error) {
	out := invokeHeader(h)
	delete(out, "Prefer") // it was for us
	bytes := 0
	for name, values := range out {
		for _, value := range values {
			bytes += len(name) + len(value)
		}
	}
	if bytes > maxQueuedHeaderBytes {
		return nil, invalid("headers: of an asynchronous call must not be longer than %d bytes together", maxQueuedHeaderBytes)
	}
	return out, nil
}

// replyAccepted answers with an execution that will run.
func (s *Server) replyAccepted(req *request, e *picasso.Execution) error {
	req.w.executionID = e.ID
	req.w.Header().Set("Location", s.baseURL(req.Request)+"/v2/executions/"+e.ID)
	return req.reply(http.StatusAccepted, viewExecution(e))
}
