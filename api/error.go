package api

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/v1"
)

// Codes of what only HTTP knows. They never leave this package as errors.
const (
	codeNoRoute          picasso.Code = "no_route"
	codeMethodNotAllowed picasso.Code = "method_not_allowed"
	codeNotAcceptable    picasso.Code = "not_acceptable"
	codeMediaType        picasso.Code = "unsupported_media_type"
)

// newError makes an error with one of these codes.
func newError(code picasso.Code, detail string) error {
	return &picasso.Error{Code: code, Title: http.StatusText(statusOf(code)), Detail: detail}
}

func invalid(format string, args ...any) error {
	return picasso.Errorf(picasso.CodeInvalid, format, args...)
}

// statusOf is the one mapping from codes to statuses of HTTP.
func statusOf(code picasso.Code) int {
	switch code {
	case picasso.CodeInvalid, picasso.CodeImageUnavailable:
		return http.StatusBadRequest
	case picasso.CodeUnauthenticated:
		return http.StatusUnauthorized
	case picasso.CodeForbidden, picasso.CodeOverQuota:
		return http.StatusForbidden
	case picasso.CodeNotFound, codeNoRoute:
		return http.StatusNotFound
	case codeMethodNotAllowed:
		return http.StatusMethodNotAllowed
	case codeNotAcceptable:
		return http.StatusNotAcceptable
	case picasso.CodeConflict, picasso.CodeCancelled:
		return http.StatusConflict
	case picasso.CodeTooLarge:
		return http.StatusRequestEntityTooLarge
	case codeMediaType:
		return http.StatusUnsupportedMediaType
	case picasso.CodeRateLimited:
		return http.StatusTooManyRequests
	case picasso.CodeFunctionFailed, picasso.CodeFunctionDied, picasso.CodeSandboxFailed, picasso.CodeHostLost, picasso.CodeResponseTooLarge:
		return http.StatusBadGateway
	case picasso.CodeBusy, picasso.CodeUnavailable:
		return http.StatusServiceUnavailable
	case picasso.CodeNotReady, picasso.CodeWaitTimedOut, picasso.CodeTimedOut:
		return http.StatusGatewayTimeout
	default:
		return http.StatusInternalServerError
	}
}

// errorItem is one error in the form of the API-SIG guideline "errors".
type errorItem struct {
	RequestID  string `json:"request_id"`
	Code       string `json:"code"`
	Status     int    `json:"status"`
	Title      string `json:"title"`
	Detail     string `json:"detail"`
	MinVersion string `json:"min_version,omitempty"` // with 406, as the guideline on microversions asks
	MaxVersion string `json:"max_version,omitempty"`
}

// errorSummary is the same in the form that openstackclient and older clients look for.
type errorSummary struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Title   string `json:"title"`
}

type errorBody struct {
	Errors []errorItem  `json:"errors"`
	Error  errorSummary `json:"error"`
}

// answer runs the request and renders its error, or what it panicked with.
func (s *Server) answer(req *request) {
	defer func() {
		if p := recover(); p != nil {
			s.panicked(req, p)
		}
	}()
	if err := s.dispatch(req); err != nil {
		s.fail(req, err)
	}
}

func (s *Server) panicked(req *request, p any) {
	s.logFor(req).WithFields(logrus.Fields{"panic": fmt.Sprint(p), "stack": string(debug.Stack())}).
		Error("handler panicked")
	s.fail(req, &picasso.Error{Code: picasso.CodeInternal, Title: picasso.CodeInternal.Title()})
}

// fail answers with the error, or cuts the connection in the middle of an answer. A
// client that has all of the answer may have sent its next request already.
// The cause stops here: it is logged and not shown.
func (s *Server) fail(req *request, err error) {
	e := picasso.AsError(err)
	if e.Cause != nil && !errors.Is(e.Cause, context.Canceled) && statusOf(e.Code) >= 500 {
		level := logrus.WarnLevel
		if e.Code == picasso.CodeInternal { // a bug, or something nobody thought of
			level = logrus.ErrorLevel
		}
		s.logFor(req).WithError(e).Log(level, "request failed")
	}
	if req.w.status != 0 {
		req.w.aborted = req.w.left != 0
		return
	}
	s.renderError(req, e)
}

func (s *Server) renderError(req *request, e *picasso.Error) {
	status := statusOf(e.Code)
	item := errorItem{RequestID: req.id, Code: "functions." + string(e.Code), Status: status, Title: e.Title, Detail: e.Detail}
	if e.Code == codeNotAcceptable {
		item.MinVersion, item.MaxVersion = currentVersion, currentVersion
	}
	allow := req.w.Header()["Allow"]
	req.w.reset()
	h := req.w.Header()
	if allow != nil {
		h["Allow"] = allow
	}
	if status == http.StatusUnauthorized && s.Challenge != "" {
		h.Set("WWW-Authenticate", s.Challenge)
	}
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		h.Set("Retry-After", retryAfter(e.RetryAfter))
	}
	if req.route != nil && req.route.v1 {
		_ = req.reply(status, v1.NewError(e)) // text always encodes
		return
	}
	message := e.Detail
	switch {
	case message == "":
		message = e.Title
	case status >= 500: // the request was good, so what went wrong does not go without saying
		message = e.Title + ": " + message
	}
	_ = req.reply(status, errorBody{Errors: []errorItem{item}, Error: errorSummary{status, message, e.Title}}) // strings and numbers always encode
}

// retryAfter is the value of the header, in whole seconds (RFC 9110, 10.2.3), at
// least one.
func retryAfter(d time.Duration) string {
	return strconv.Itoa(max(1, int(math.Ceil(d.Seconds()))))
}
