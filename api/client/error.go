package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/picasso-faas/picasso"
)

// Error is an error that the API answered with.
type Error struct {
	Status      int          // of HTTP
	Code        picasso.Code // empty when the answer was not the API's own
	Title       string
	Detail      string
	RequestID   string        // "req-…", for whoever reads the server's log
	ExecutionID string        // of the invocation that failed, when there is a record of it
	RetryAfter  time.Duration // 0: not told
}

// Error implements error in the words of OpenStack's clients.
func (e *Error) Error() string {
	text := e.Title
	if e.Detail != "" {
		text += ": " + e.Detail
	}
	text += fmt.Sprintf(" (HTTP %d)", e.Status)
	if e.ExecutionID != "" {
		text += fmt.Sprintf(" (Execution-ID: %s)", e.ExecutionID)
	}
	if e.RequestID != "" {
		text += fmt.Sprintf(" (Request-ID: %s)", e.RequestID)
	}
	return text
}

// asError turns what gophercloud says about an unexpected status into *Error.
// Everything else stays as it is.
func asError(err error) error {
	var unexpected gophercloud.ErrUnexpectedResponseCode
	if !errors.As(err, &unexpected) {
		return err
	}
	return newError(unexpected.Actual, unexpected.ResponseHeader, unexpected.Body)
}

// newError reads the API's error document; from something else, such as a
// proxy's page, it keeps the status alone.
func newError(status int, header http.Header, body []byte) *Error {
	e := &Error{
		Status: status, Title: http.StatusText(status),
		RequestID: header.Get("X-Openstack-Request-Id"), ExecutionID: header.Get("Picasso-Execution-Id"),
	}
	if seconds, err := strconv.Atoi(header.Get("Retry-After")); err == nil {
		e.RetryAfter = time.Duration(seconds) * time.Second
	}
	var document struct {
		Errors []struct{ Code, Title, Detail string } `json:"errors"`
	}
	if json.Unmarshal(body, &document) == nil && len(document.Errors) > 0 {
		first := document.Errors[0]
		e.Code = picasso.Code(strings.TrimPrefix(first.Code, "functions."))
		e.Title, e.Detail = first.Title, first.Detail
	}
	return e
}
