package api

import (
	"net/http"
	"strings"
)

// healthcheck answers as oslo.middleware's healthcheck does. It asks nothing
// that this process stands on: one broken dependency must not make a proxy take every API
// process out at once.
func (s *Server) healthcheck(req *request) error {
	status, reason := http.StatusOK, "OK"
	if s.Disabled() {
		status, reason = http.StatusServiceUnavailable, "DISABLED BY FILE"
	}
	if strings.Contains(req.Header.Get("Accept"), "application/json") {
		return req.reply(status, map[string]any{"detailed": false, "reasons": []string{reason}})
	}
	return req.send(status, "text/plain; charset=utf-8", []byte(reason))
}
