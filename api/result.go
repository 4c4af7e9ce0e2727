package api

import (
	"net/http"
	"strconv"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/internal/guard"
)

// showResult answers with what an asynchronous execution answered with.
func (s *Server) showResult(req *request, a guard.Access) error {
	ref := req.ref("execution")
	scope := a.Scope(ref)
	s.flushRecords(req, ref)
	e, err := s.Executions.Execution(req.Context(), scope, ref)
	if err != nil {
		return err
	}
	if !e.Status.Ended() {
		return picasso.Errorf(picasso.CodeConflict, "execution %q has not ended: it is %s", ref, e.Status)
	}
	size := min(e.OutputBytes, maxBodiesBytes/2) // what a project may take at all
	if !s.bodies.Take(req.project, size) {
		return noMemory()
	}
	defer s.bodies.Give(req.project, size)
	result, err := s.Executions.ExecutionResult(req.Context(), scope, ref)
	if err != nil {
		return err
	}
	if e.HTTPStatus != 0 {
		req.w.Header().Set(headerFunctionStatus, strconv.Itoa(e.HTTPStatus))
	}
	contentType := "application/octet-stream"
	if values := result.Header["Content-Type"]; len(values) > 0 {
		contentType = values[0]
	}
	return req.send(http.StatusOK, contentType, result.Body)
}
