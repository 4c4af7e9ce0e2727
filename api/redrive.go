package api

import (
	"net/http"
	"time"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/internal/guard"
)

// maxRedriven bounds how many executions one request runs again.
const maxRedriven = 1000

func (s *Server) redriveExecution(req *request, a guard.Access) error {
	ref := req.ref("execution")
	if !picasso.IsID(ref) {
		return notFound("execution", ref)
	}
	s.flushRecords(req, ref)
	made, _, err := s.Queue.Redrive(req.Context(), picasso.Redrive{ProjectID: a.Scope(ref), ID: ref, Limit: 1, RequestID: req.id})
	if err != nil {
		return err
	}
	return s.replyAccepted(req, &made[0])
}

// redriveSpec says which executions of a function to run again.
type redriveSpec struct {
	Function string    `json:"function"`
	Since    time.Time `json:"since"`
	Until    time.Time `json:"until"`
	Limit    int       `json:"limit"`
}

func (s *Server) redriveExecutions(req *request, a guard.Access) error {
	patch, err := req.object()
	if err != nil {
		return err
	}
	defaults := redriveSpec{Limit: maxRedriven}
	spec := defaults
	if err := applyPatch[redriveSpec](&spec, defaults, patch); err != nil {
		return err
	}
	switch {
	case spec.Function == "":
		return invalid("function: is required")
	case spec.Limit < 1 || spec.Limit > maxRedriven:
		return invalid("limit: must be from 1 to %d", maxRedriven)
	}
	fn, err := s.Functions.Function(req.Context(), a.Scope(spec.Function), spec.Function)
	if err != nil {
		return noFunction(err, spec.Function)
	}
	made, more, err := s.Queue.Redrive(req.Context(), picasso.Redrive{
		ProjectID: fn.ProjectID, Function: fn.ID, Since: spec.Since, Until: spec.Until, Limit: spec.Limit, RequestID: req.id,
	})
	if err != nil && len(made) == 0 {
		return err
	}
	if err != nil { // who asks again gets the rest, or the error
		s.logFor(req).WithError(err).Warn("executions were redriven in part")
		more = true
	}
	ids := make([]string, len(made))
	for i := range made {
		ids[i] = made[i].ID
	}
	return req.reply(http.StatusAccepted, map[string]any{"executions": ids, "more": more})
}
