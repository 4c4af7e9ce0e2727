package api

import "github.com/sirupsen/logrus"

// logFor is the log with what identifies the request. It names neither headers,
// query nor bodies.
func (s *Server) logFor(req *request) *logrus.Entry {
	fields := logrus.Fields{"request_id": req.id, "method": req.Method, "route": req.routeLabel()}
	if req.project != "" {
		fields["project_id"] = req.project
	}
	if id := req.globalID(); id != "" {
		fields["global_request_id"] = id
	}
	if id := req.w.executionID; id != "" {
		fields["execution_id"] = id
	}
	return s.Log.WithFields(fields)
}

// finish counts and logs the request, which has been answered.
func (s *Server) finish(req *request) {
	s.metrics.countRequest(req.route, req.w.status)
	level := logrus.DebugLevel
	if req.w.status >= 500 || req.w.aborted {
		level = logrus.InfoLevel
	}
	if !s.Log.IsLevelEnabled(level) {
		return
	}
	s.logFor(req).WithFields(logrus.Fields{
		"status": req.w.status, "aborted": req.w.aborted, "duration_ms": milliseconds(s.Now().Sub(req.began)),
	}).Log(level, "request answered")
}

// routeLabel is the template of the path, for what must not grow with what
// clients send.
func (r *request) routeLabel() string {
	if r.route == nil {
		return "none"
	}
	return r.route.path
}
