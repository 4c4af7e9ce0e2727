package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/internal/guard"
)

// flushTimeout bounds how long a reader waits for records of this process to be made and stored.
const flushTimeout = 2 * time.Second

// cancelTimeout bounds how long a caller who cancels waits for the engine.
const cancelTimeout = time.Second

// executionView is an execution as the API shows it.
type executionView struct {
	*picasso.Execution
	RunAt      stamp `json:"run_at,omitzero"`
	CreatedAt  stamp `json:"created_at"`
	StartedAt  stamp `json:"started_at,omitzero"`
	FinishedAt stamp `json:"finished_at,omitzero"`
}

func viewExecution(e *picasso.Execution) executionView {
	return executionView{e, stamp(e.RunAt), stamp(e.CreatedAt), stamp(e.StartedAt), stamp(e.FinishedAt)}
}

func (s *Server) listExecutions(req *request, a guard.Access) error {
	l, err := s.listing(req, a)
	if err != nil {
		return err
	}
	filter, err := s.executionFilter(req, a, l.projectID)
	if err != nil {
		return err
	}
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

// executionFilter reads the query for a list of the project, "" for every one. Errors: invalid, unavailable.
func (s *Server) executionFilter(req *request, a guard.Access, projectID string) (f picasso.ExecutionFilter, err error) {
	q := req.query
	f.ProjectID, f.App, f.Status = projectID, q.Get("app"), picasso.Status(q.Get("status"))
	if q.Has("status") && !slices.Contains(strings.Split(statuses, ", "), string(f.Status)) {
		return f, invalid("status: must be one of %s", statuses)
	}
	if f.Since, err = moment(q, "since"); err != nil {
		return f, err
	}
	if f.Until, err = moment(q, "until"); err != nil {
		return f, err
	}
	if f.TriggerID, err = s.triggerNamed(req, a); err != nil {
		return f, err
	}
	if f.FunctionID, err = s.functionNamed(req, a); err != nil {
		return f, err
	}
	return f, s.nameApp(req, &f)
}

const statuses = "queued, running, succeeded, failed, timed_out, cancelled, lost"

// functionNamed is the id in the query: it may be named by id, also of one that is
// deleted, or by a name in the caller's project. Errors: invalid, unavailable.
func (s *Server) functionNamed(req *request, a guard.Access) (string, error) {
	ref := req.query.Get("function")
	if ref == "" || picasso.IsID(ref) {
		return ref, nil
	}
	fn, err := s.Functions.Function(req.Context(), a.Project(), ref)
	if err != nil {
		return "", noFunction(err, ref)
	}
	return fn.ID, nil
}

// triggerNamed is the same for a trigger.
func (s *Server) triggerNamed(req *request, a guard.Access) (string, error) {
	ref := req.query.Get("trigger")
	if ref == "" || picasso.IsID(ref) {
		return ref, nil
	}
	t, err := s.Triggers.Trigger(req.Context(), a.Project(), ref)
	if picasso.CodeOf(err) == picasso.CodeNotFound {
		return "", invalid("trigger: there is no trigger %q", ref)
	}
	if err != nil {
		return "", err
	}
	return t.ID, nil
}

// nameApp turns the id of an app into its project and the name that records have. An id that is
// nobody's matches none. Errors: unavailable.
func (s *Server) nameApp(req *request, f *picasso.ExecutionFilter) error {
	if !picasso.IsID(f.App) {
		return nil
	}
	app, err := s.Apps.App(req.Context(), f.ProjectID, f.App)
	if picasso.CodeOf(err) == picasso.CodeNotFound {
		return nil
	}
	if err == nil {
		f.ProjectID, f.App = app.ProjectID, app.Name
	}
	return err
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

// cancelExecution cancels what is queued or running. It is cancelled once that is stored:
// that the engine is told at once is a favour, for the worker finds out by itself.
func (s *Server) cancelExecution(req *request, a guard.Access) error {
	ref := req.ref("execution")
	s.flushRecords(req, "")
	before, err := s.Executions.CancelExecution(req.Context(), a.Scope(ref), ref, "Cancelled by request "+req.id)
	if err != nil {
		return err
	}
	if before.Status == picasso.StatusRunning {
		s.cancelCall(req, before.ID)
	}
	req.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) cancelCall(req *request, id string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(req.Context()), cancelTimeout)
	defer cancel()
	if err := s.Engine.Cancel(ctx, id); err != nil {
		s.logFor(req).WithError(err).Warn("engine could not be told of a cancelled execution")
	}
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
