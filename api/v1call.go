package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/internal/guard"
	"github.com/picasso-faas/picasso/api/v1"
)

// executePrivateV1 runs a route of a project that the caller may invoke in.
func (s *Server) executePrivateV1(req *request, a guard.Access) error {
	app, route := req.ref("app"), req.ref("route")
	projectID, err := req.projectV1(a)
	if err != nil {
		return noAppV1(app)
	}
	fn, err := s.functions.Get(req.Context(), projectID, app+":"+route)
	if picasso.CodeOf(err) != picasso.CodeNotFound {
		return s.executeV1(req, fn, err)
	}
	if _, err := s.appV1(req, a); err != nil {
		return err
	}
	return noRouteV1(route)
}

// executePublicV1 runs a public route for everybody. The name of its app says
// whose it is.
func (s *Server) executePublicV1(req *request) error {
	app, route := req.ref("app"), req.ref("route")
	projectID := v1.ProjectOf(app)
	if projectID == "" {
		return noRouteV1(route)
	}
	fn, err := s.functions.Get(req.Context(), projectID, app+":"+route)
	switch {
	case picasso.CodeOf(err) == picasso.CodeNotFound:
		return noRouteV1(route)
	case err == nil && !fn.Public:
		return picasso.Errorf(picasso.CodeForbidden, "Unable to execute private route /%s", route)
	}
	return s.executeV1(req, fn, err)
}

// executeV1 calls a function with a JSON object or nothing, and answers with
// what it answered, inside of an object; or queues the call, where the type of the
// route says so.
func (s *Server) executeV1(req *request, fn *picasso.Function, err error) error {
	if err == nil {
		err = req.checkTypeV1()
	}
	if err != nil {
		return err
	}
	inner := *req
	inner.project = fn.ProjectID // whose memory the bodies take
	body, err := s.whole(&inner, s.MaxRequestBytes)
	if err != nil {
		return err
	}
	defer body.release()
	if len(body.bytes) > 0 {
		if _, err := members("body", body.bytes); err != nil {
			return err
		}
	}
	if v1.TypeOf(fn) == v1.Async {
		return s.queueV1(req, fn, body.bytes)
	}
	return s.callV1(req, &inner, fn, body.bytes)
}

func (s *Server) queueV1(req *request, fn *picasso.Function, body []byte) error {
	header, err := queuedHeader(req.Header)
	if err != nil {
		return err
	}
	e, err := s.enqueue(req, fn, "", picasso.Payload{Header: header, Body: body})
	if err != nil {
		return err
	}
	req.w.executionID = e.ID
	return req.replyV1(nil, struct{}{})
}

// callV1 makes the call as one of version 2, whose answer inner receives.
func (s *Server) callV1(req, inner *request, fn *picasso.Function, body []byte) error {
	result := &resultV1{header: http.Header{}, held: held{pool: s.bodies, project: fn.ProjectID}}
	defer result.release()
	inner.Request = req.WithContext(req.Context())
	inner.Body, inner.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	inner.w = &response{ResponseWriter: result, requestID: req.id}
	err := s.call(inner, &picasso.Call{Function: fn, Method: http.MethodPost, Path: "/", Header: invokeHeader(req.Header)})
	req.w.executionID = inner.w.executionID
	switch {
	case err != nil:
		return err
	case result.err != nil:
		return result.err
	case inner.w.status >= http.StatusInternalServerError:
		return picasso.Errorf(picasso.CodeFunctionFailed, "it answered with status %d", inner.w.status)
	}
	message := fmt.Sprintf("App %s sync route /%s execution finished", fn.App, fn.Name)
	return req.replyV1(nil, map[string]any{"result": result.value(), "message": message})
}

// resultV1 holds the answer of a function.
type resultV1 struct {
	held
	header http.Header
	err    error // there is no memory for all of it
}

// Header implements http.ResponseWriter.
func (r *resultV1) Header() http.Header { return r.header }

// WriteHeader implements http.ResponseWriter.
func (r *resultV1) WriteHeader(int) {}

// Write implements http.ResponseWriter.
func (r *resultV1) Write(p []byte) (int, error) {
	if need := len(r.bytes) + len(p); r.err == nil && need > cap(r.bytes) {
		r.err = r.grow(int64(max(need, 2*cap(r.bytes))))
	}
	if r.err != nil {
		return 0, r.err
	}
	r.bytes = append(r.bytes, p...)
	return len(p), nil
}

// value is JSON where the function answered with that, and text otherwise.
func (r *resultV1) value() any {
	if json.Valid(r.bytes) {
		return json.RawMessage(r.bytes)
	}
	return strings.ToValidUTF8(string(r.bytes), "\uFFFD")
}
