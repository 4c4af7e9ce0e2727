package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"github.com/picasso-faas/picasso"
)

// maxErrorBytes bounds how much of an error's body is read.
const maxErrorBytes = 1 << 20

// Input is what a function is invoked with.
type Input struct {
	Body        io.Reader // nil: nothing
	ContentType string    // empty: application/octet-stream when there is a Body
	// IdempotencyKey is for InvokeAsync: with the key of an earlier call of the
	// function it returns that one's execution. At most 255 printable bytes.
	// Empty: every call makes an execution.
	IdempotencyKey string
}

// Output is what a function answered.
type Output struct {
	Body        io.ReadCloser // streams as the function writes; the caller closes it
	Header      http.Header
	Status      int    // the function's own
	ExecutionID string // of the record
}

// Invoke invokes a function and returns as soon as its answer begins. An
// *Error means that there is no answer of the function. Nothing is sent twice:
// when the token has ended, the body may be half read and the caller has to
// start again.
func (c *Client) Invoke(ctx context.Context, ref string, input Input) (*Output, error) {
	request, err := c.invocation(ctx, ref, input)
	if err != nil {
		return nil, err
	}
	return c.do(request)
}

// InvokeAsync invokes a function without waiting for it, and returns the
// execution that is queued, or with an IdempotencyKey the one that was made
// before. When it returns the execution, that is not lost any more; after an
// error of the connection the same call with the same key is safe.
func (c *Client) InvokeAsync(ctx context.Context, ref string, input Input) (*picasso.Execution, error) {
	request, err := c.invocation(ctx, ref, input)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Prefer", "respond-async")
	if input.IdempotencyKey != "" {
		request.Header.Set("Idempotency-Key", input.IdempotencyKey)
	}
	answer, err := c.do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.Status != http.StatusAccepted {
		return nil, fmt.Errorf("the server does not take asynchronous calls: it answered HTTP %d", answer.Status)
	}
	execution := new(picasso.Execution)
	if err := json.NewDecoder(answer.Body).Decode(execution); err != nil {
		return nil, fmt.Errorf("execution in the answer: %w", err)
	}
	return execution, nil
}

// newOutput is an answer of a function, whose own status stands beside that of
// the request where the two differ.
func newOutput(answer *http.Response) *Output {
	status, err := strconv.Atoi(answer.Header.Get(functionStatus))
	if err != nil {
		status = answer.StatusCode
	}
	return &Output{
		Body: answer.Body, Header: answer.Header, Status: status, ExecutionID: answer.Header.Get("Picasso-Execution-Id"),
	}
}

// functionStatus is the header with the status that the function answered with.
const functionStatus = "Picasso-Function-Status"

// do sends a request once. Every status of the function itself will do. Where a redirect
// leads is the function's choice: neither the token nor the input may go there.
func (c *Client) do(request *http.Request) (*Output, error) {
	once := c.HTTPClient
	once.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := once.Do(request)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode < 300 || answer.Header.Get(functionStatus) != "" {
		return newOutput(answer), nil
	}
	defer answer.Body.Close()
	// What could be read of the reason is better than the reason for not reading it.
	body, _ := io.ReadAll(io.LimitReader(answer.Body, maxErrorBytes))
	return nil, newError(answer.StatusCode, answer.Header, body)
}

// invocation builds the request by hand: gophercloud's would repeat it after a
// new login, and asks for JSON.
func (c *Client) invocation(ctx context.Context, ref string, input Input) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url("functions", ref, "invoke"), input.Body)
	if err != nil {
		return nil, err
	}
	request.Header.Set("User-Agent", c.UserAgent.Join())
	for _, more := range []map[string]string{c.MoreHeaders, c.AuthenticatedHeaders()} {
		for name, value := range more {
			request.Header.Set(name, value)
		}
	}
	contentType := input.ContentType
	if contentType == "" && input.Body != nil {
		contentType = "application/octet-stream"
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	return request, nil
}
