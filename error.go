package picasso

import (
	"errors"
	"fmt"
	"time"
)

// Code classifies an Error. Codes survive every process hop; package api maps
// each to one HTTP status. Their text is part of the API ("functions.<code>").
type Code string

// The codes, with the HTTP status each is answered with.
const (
	CodeInvalid          Code = "invalid"            // 400 the request is wrong; Detail names the field
	CodeImageUnavailable Code = "image_unavailable"  // 400 image not found, not pullable or not acceptable
	CodeUnauthenticated  Code = "unauthenticated"    // 401 no token, or one that is not valid
	CodeForbidden        Code = "forbidden"          // 403 refused by policy
	CodeOverQuota        Code = "over_quota"         // 403 a limit of the project is reached
	CodeNotFound         Code = "not_found"          // 404 does not exist, or belongs to another project
	CodeConflict         Code = "conflict"           // 409 exists already, is in use, or changed meanwhile
	CodeTooLarge         Code = "too_large"          // 413 request body over the limit
	CodeCancelled        Code = "cancelled"          // 409 the execution was cancelled while it waited or ran
	CodeRateLimited      Code = "rate_limited"       // 429
	CodeInternal         Code = "internal"           // 500 everything unclassified; the cause is only logged
	CodeFunctionFailed   Code = "function_failed"    // 502 the function ran and failed, or broke its contract
	CodeFunctionDied     Code = "function_died"      // 502 the sandbox ended in the middle of the call
	CodeSandboxFailed    Code = "sandbox_failed"     // 502 the sandbox could not be started, or ended before it was ready
	CodeHostLost         Code = "host_lost"          // 502 the host was lost in the middle of the call
	CodeResponseTooLarge Code = "response_too_large" // 502 the answer is over the limit
	CodeBusy             Code = "busy"               // 503 no room on any host; RetryAfter is set
	CodeUnavailable      Code = "unavailable"        // 503 a service we stand on does not answer; RetryAfter is set
	CodeNotReady         Code = "not_ready"          // 504 the sandbox started but was not ready in time
	CodeWaitTimedOut     Code = "wait_timed_out"     // 504 no sandbox became free within queue_timeout_s
	CodeTimedOut         Code = "timed_out"          // 504 the function ran longer than timeout_s and was killed
)

// Error is the one error type that crosses package and process borders.
// Title and Detail are shown to users; Cause goes to the log only.
type Error struct {
	Code       Code          `json:"code"`
	Title      string        `json:"title"`                 // a constant sentence for the kind of failure
	Detail     string        `json:"detail,omitempty"`      // what was wrong here: names the field and the reason
	RetryAfter time.Duration `json:"retry_after,omitempty"` // for busy, unavailable, rate_limited; 0 means unknown
	Cause      error         `json:"-"`
}

// Errorf makes an Error whose Detail is the formatted text and whose Title is
// the standard one of the code. A %w operand becomes the Cause; its text shows
// in Detail like any other operand, so wrap only what users may read.
func Errorf(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Code: code, Title: code.Title(), Detail: err.Error(), Cause: errors.Unwrap(err)}
}

// WithCause returns a copy of e that carries cause for the log.
func (e *Error) WithCause(cause error) *Error {
	c := *e
	c.Cause = cause
	return &c
}

// Error implements error; it is for logs and includes the cause.
func (e *Error) Error() string {
	s := string(e.Code)
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	if e.Cause != nil && e.Cause.Error() != e.Detail {
		s += ": " + e.Cause.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// AsError returns err as an *Error: the one it wraps, or else an opaque
// internal error with err as its cause. nil stays nil.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Code: CodeInternal, Title: CodeInternal.Title(), Cause: err}
}

// CodeOf returns the code of err, CodeInternal for what is not an *Error and
// "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	return AsError(err).Code
}

// Title is the standard title of the code, a short sentence for people.
func (c Code) Title() string {
	switch c {
	case CodeInvalid:
		return "Invalid request"
	case CodeImageUnavailable:
		return "Image not available"
	case CodeUnauthenticated:
		return "Authentication required"
	case CodeForbidden:
		return "Not allowed by policy"
	case CodeOverQuota:
		return "Over quota"
	case CodeNotFound:
		return "Not found"
	case CodeConflict:
		return "Conflict"
	case CodeCancelled:
		return "Cancelled"
	case CodeTooLarge:
		return "Request body too large"
	case CodeRateLimited:
		return "Too many requests"
	case CodeFunctionFailed:
		return "Function failed"
	case CodeFunctionDied:
		return "Function died during the call"
	case CodeSandboxFailed:
		return "Sandbox could not be started"
	case CodeHostLost:
		return "Host lost during the call"
	case CodeResponseTooLarge:
		return "Response of the function too large"
	case CodeBusy:
		return "No room on any host"
	case CodeUnavailable:
		return "Service unavailable"
	case CodeNotReady:
		return "Sandbox was not ready in time"
	case CodeWaitTimedOut:
		return "Timed out waiting for a sandbox"
	case CodeTimedOut:
		return "Function timed out"
	default:
		return "Internal error"
	}
}
