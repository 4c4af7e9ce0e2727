package api

import (
	"context"
	"net/http"
	"time"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/internal/guard"
)

// flushTimeout bounds how long a reader waits for records of this process to be made and stored.
const flushTimeout = 2 * time.Second

// executionView is an execution as the API shows it.
type executionView struct {
	*picasso.Execution
	CreatedAt  stamp `json:"created_at"`
	StartedAt  stamp `json:"started_at,omitzero"`
	FinishedAt stamp `json:"finished_at"`
}

func viewExecution(e *picasso.Execution) executionView {
	return executionView{e, stamp(e.CreatedAt), stamp(e.StartedAt), stamp(e.FinishedAt)}
}

func (s *Server) listExecutions(req *request, a guard.Access) error {
	l, err := s.listing(req, a)
	if err != nil {
		return err
	}
	filter, err := s.executionFilter(req, a)
	if err != nil {
		return err
	}
	filter.ProjectID = l.projectID
	s.flushRecords(req, "")
	list, more, err := s.Executions.Executions(req.Context(), filter, l.page)
	if err != nil {
		return err
	}
	views, last := make([]executionView, len(list)), ""
	for i := range list {
		views[i] = viewExecution(&list[i])
		if more {
			last = list[i].ID
		}
	}
	return s.replyList(req, "executions", views, last)
}

// executionFilter reads the query. A function may be named by an id, also of one that is
// deleted, or by a name in the caller's project. Errors: invalid, unavailable.
func (s *Server) executionFilter(req *request, a guard.Access) (f picasso.ExecutionFilter, err error) {
	q := req.query
	f.App, f.Status, f.FunctionID = q.Get("app"), picasso.Status(q.Get("status")), q.Get("function")
	if f.Since, err = moment(q, "since"); err != nil {
		return f, err
	}
	if f.Until, err = moment(q, "until"); err != nil {
		return f, err
	}
	switch f.Status {
	case "", picasso.StatusSucceeded, picasso.StatusFailed, picasso.StatusTimedOut:
	default:
		return f, invalid("status: must be succeeded, failed or timed_out")
	}
	if f.FunctionID == "" || picasso.IsID(f.FunctionID) {
		return f, nil
	}
	fn, err := s.Functions.Function(req.Context(), a.Project(), f.FunctionID)
	if picasso.CodeOf(err) == picasso.CodeNotFound {
		return f, invalid("function: there is no function %q", f.FunctionID)
	}
	if err == nil {
		f.FunctionID = fn.ID
	}
	return f, err
}

func (s *Server) showExecution(req *request, a guard.Access) error {
	ref := req.ref("execution")
	s.flushRecords(req, ref)
	e, err := s.Executions.Execution(req.Context(), a.Scope(ref), ref)
	if err != nil {
		return err
	}
	return req.reply(http.StatusOK, viewExecution(e))
}

func (s *Server) showLog(req *request, a guard.Access) error {
	ref := req.ref("execution")
	s.flushRecords(req, ref)
	if _, err := s.Executions.Execution(req.Context(), a.Scope(ref), ref); err != nil {
		return err
	}
	parts, err := s.Logs.Log(req.Context(), ref, 0, 0)
	if err != nil {
		return err
	}
	var log []byte
	for _, part := range parts {
		log = append(log, part.Text...)
	}
	return req.send(http.StatusOK, "text/plain; charset=utf-8", log)
}

// flushRecords stores what this process has not stored yet, so that a caller who
// asks for a call he has just made finds it: the one with the id, when it is about to end.
// When the store is too slow for that, the answer is what it has.
func (s *Server) flushRecords(req *request, id string) {
	ctx, cancel := context.WithTimeout(req.Context(), flushTimeout)
	defer cancel()
	s.recorder.Wait(ctx, id)
	_ = s.recorder.Flush(ctx) // reported by the recorder
}
