// Package h1 is a lean HTTP/1.1 client for one hop between two processes of
// one host or one rack: to the server in a sandbox, which may be hostile, and
// from the API to the engine.
//
// Compared with net/http's Transport it keeps the whole exchange in the
// caller's goroutine, writes head and small bodies at once, allocates next to
// nothing, and says whether a failed request was taken by the other side. It
// promises that nothing a caller or a server sends can smuggle a second
// message onto a connection: field names and values are checked on the way
// out, framing is checked strictly on the way in (RFC 9112), and a connection
// whose state is in doubt is never used again.
package h1

import (
	"errors"
	"net/http"
	"net/textproto"
	"strings"

	"github.com/picasso-faas/picasso"
)

// MaxHeaderBytes is the most that status line and header of a response (and
// the trailer of a chunked one) may have.
const MaxHeaderBytes = 64 << 10

// Errors of an exchange. A deadline that has passed is os.ErrDeadlineExceeded;
// a server that closes too early is io.ErrUnexpectedEOF or what the network says.
var (
	// ErrNotSent: the other side took nothing of the request, so that it may be
	// sent again elsewhere.
	ErrNotSent = errors.New("request was not sent")
	// ErrHeaderTooLarge: the response's header is over MaxHeaderBytes.
	ErrHeaderTooLarge = errors.New("response header too large")
	// ErrMalformed: what came is not an HTTP/1.x response.
	ErrMalformed = errors.New("malformed HTTP response")
	// ErrAborted: the request's Abort came before it was sent. One that comes
	// later shows as a connection that breaks.
	ErrAborted = errors.New("request was aborted")
)

// BodyError is a failure to read the request's body from its source; the
// server on the other side is not to blame.
type BodyError struct{ Err error }

// Error implements error.
func (e *BodyError) Error() string { return "reading the request body: " + e.Err.Error() }

// Unwrap returns what the source said.
func (e *BodyError) Unwrap() error { return e.Err }

// Problem is what the caller is told: too_large or invalid, or the source's own
// *picasso.Error.
func (e *BodyError) Problem() *picasso.Error {
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](e.Err); ok {
		return picasso.Errorf(picasso.CodeTooLarge, "body: is larger than %d bytes", tooLarge.Limit)
	}
	if known, ok := errors.AsType[*picasso.Error](e.Err); ok {
		return known
	}
	return picasso.Errorf(picasso.CodeInvalid, "body: could not be read to its end").WithCause(e.Err)
}

// EndToEnd reports whether field name (in canonical form) of h is meant for
// more than this one connection, and so may be passed on (RFC 9110, 7.6.1).
func EndToEnd(h http.Header, name string) bool {
	switch name {
	case "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade":
		return false
	}
	for _, value := range h["Connection"] {
		for token := range strings.SplitSeq(value, ",") {
			if textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(token)) == name {
				return false
			}
		}
	}
	return true
}

// validToken reports whether s is a token of RFC 9110, 5.6.2: a method or the
// name of a field.
func validToken(s string) bool {
	for i := range len(s) {
		if !tokenByte(s[i]) {
			return false
		}
	}
	return s != ""
}

func tokenByte(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

// validValue reports whether s may be the value of a field: no control
// characters but the tab, above all no CR, LF or NUL.
func validValue(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// validWord reports whether s may stand in a request line: no spaces and no
// control characters.
func validWord(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c == 0x7f {
			return false
		}
	}
	return true
}

func invalid(what string) error {
	return picasso.Errorf(picasso.CodeInvalid, "%s: holds characters that HTTP does not allow", what)
}
