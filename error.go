package picasso

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
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

// WithRetryAfter returns a copy of e that tells when it is worth trying again.
func (e *Error) WithRetryAfter(pause time.Duration) *Error {
	c := *e
	c.RetryAfter = pause
	return &c
}

// Error implements error; it is for logs and includes the cause.
func (e *Error) Error() string {
	s := string(e.Code)
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	if e.Cause != nil && !strings.HasSuffix(e.Detail, e.Cause.Error()) { // as %w leaves it
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

// Limits of user-set text, in bytes.
const (
	MaxNameBytes        = 255
	MaxDescriptionBytes = 1024
	MaxConfigBytes      = 64 << 10 // sum of all names and values of one config
)

var (
	nameShape   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*$`)
	configShape = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	uuidShape   = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
)

// IsID reports whether ref has the shape of an id (a lower-case UUID) and not
// of a name. Names of that shape are refused, so that a reference is never
// ambiguous.
func IsID(ref string) bool { return uuidShape.MatchString(ref) }

func validateName(field, name string) error {
	switch {
	case name == "":
		return Errorf(CodeInvalid, "%s: is required", field)
	case len(name) > MaxNameBytes:
		return Errorf(CodeInvalid, "%s: is longer than %d bytes", field, MaxNameBytes)
	case IsID(name):
		return Errorf(CodeInvalid, "%s: must not look like an id", field)
	case !nameShape.MatchString(name):
		return Errorf(CodeInvalid, "%s: must start with a letter or digit and hold only letters, digits, '-', '_' and '.'", field)
	}
	return nil
}

func validateText(field, text string, maxBytes int) error {
	if len(text) > maxBytes {
		return Errorf(CodeInvalid, "%s: is longer than %d bytes", field, maxBytes)
	}
	if strings.ContainsRune(text, 0) {
		return Errorf(CodeInvalid, "%s: must not contain NUL", field)
	}
	return nil
}

func validateConfig(field string, config map[string]string) error {
	total := 0
	for name, value := range config {
		total += len(name) + len(value)
		if !configShape.MatchString(name) {
			return Errorf(CodeInvalid, "%s: %q is not a name of an environment variable", field, name)
		}
		if err := validateText(fmt.Sprintf("%s[%s]", field, name), value, MaxConfigBytes); err != nil {
			return err
		}
	}
	if total > MaxConfigBytes {
		return Errorf(CodeInvalid, "%s: names and values are more than %d bytes together", field, MaxConfigBytes)
	}
	return nil
}

func oneOf[T ~string](field string, value T, allowed ...T) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return Errorf(CodeInvalid, "%s: %q is not one of %q", field, value, allowed)
}

func inRange(field string, value, low, high int) error {
	if value < low || value > high {
		return Errorf(CodeInvalid, "%s: must be from %d to %d", field, low, high)
	}
	return nil
}

func validateArgs(field string, args []string) error {
	total := 0
	for i, arg := range args {
		total += len(arg)
		if err := validateText(fmt.Sprintf("%s[%d]", field, i), arg, MaxConfigBytes); err != nil {
			return err
		}
	}
	if total > MaxConfigBytes || len(args) > 1024 {
		return Errorf(CodeInvalid, "%s: is longer than %d bytes or 1024 words", field, MaxConfigBytes)
	}
	return nil
}

// validateSet checks a list of different values out of those allowed.
func validateSet(field string, list, allowed []string) error {
	for i, value := range list {
		if err := oneOf(fmt.Sprintf("%s[%d]", field, i), value, allowed...); err != nil {
			return err
		}
		if slices.Contains(list[:i], value) {
			return Errorf(CodeInvalid, "%s: has %q twice", field, value)
		}
	}
	return nil
}

// maxRoles bounds what is delegated.
const maxRoles = 32

func validateRoles(roles []string) error {
	if len(roles) > maxRoles {
		return Errorf(CodeInvalid, "delegate_roles: has more than %d roles", maxRoles)
	}
	for i, role := range roles {
		field := fmt.Sprintf("delegate_roles[%d]", i)
		if role == "" || slices.Contains(roles[:i], role) {
			return Errorf(CodeInvalid, "%s: must not be empty or twice", field)
		}
		if err := validateText(field, role, MaxNameBytes); err != nil {
			return err
		}
	}
	return nil
}

// The limits of the tags of hosts.
const (
	maxTags     = 16
	maxTagBytes = 64
)

// ValidateTags checks tags that a host has, or that a function asks for: at most 16, each
// made up like a name of at most 64 bytes. Errors: invalid, naming the field.
func ValidateTags(field string, tags []string) error {
	if len(tags) > maxTags {
		return Errorf(CodeInvalid, "%s: has more than %d tags", field, maxTags)
	}
	for i, tag := range tags {
		switch {
		case len(tag) > maxTagBytes || !nameShape.MatchString(tag):
			return Errorf(CodeInvalid, "%s[%d]: must be of 1 to %d letters, digits, '-', '_' and '.', and start with a letter or digit", field, i, maxTagBytes)
		case slices.Contains(tags[:i], tag):
			return Errorf(CodeInvalid, "%s: has %q twice", field, tag)
		}
	}
	return nil
}

// validateIDs checks a list of ids of any make, in which none is empty or long.
func validateIDs(field string, ids []string, most int) error {
	if len(ids) > most {
		return Errorf(CodeInvalid, "%s: has more than %d entries", field, most)
	}
	for i, id := range ids {
		if id == "" || len(id) > 1024 || strings.ContainsRune(id, 0) {
			return Errorf(CodeInvalid, "%s[%d]: must be of 1 to 1024 bytes", field, i)
		}
	}
	return nil
}
