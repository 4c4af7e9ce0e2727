package client

import (
	"context"
	"io"
	"net/http"
)

// maxErrorBytes bounds how much of an error's body is read.
const maxErrorBytes = 1 << 20

// Input is what a function is invoked with.
type Input struct {
	Body        io.Reader // nil: nothing
	ContentType string    // empty: application/octet-stream when there is a Body
}

// Output is what a function answered.
type Output struct {
	Body        io.ReadCloser // streams as the function writes; the caller closes it
	Header      http.Header
	Status      int    // the function's own; 400 and above can only come from contract web
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
	answer, err := c.HTTPClient.Do(request)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode >= 400 && answer.Header.Get("Picasso-Function-Status") == "" {
		defer answer.Body.Close()
		// What could be read of the reason is better than the reason for not reading it.
		body, _ := io.ReadAll(io.LimitReader(answer.Body, maxErrorBytes))
		return nil, newError(answer.StatusCode, answer.Header, body)
	}
	return &Output{
		Body: answer.Body, Header: answer.Header, Status: answer.StatusCode,
		ExecutionID: answer.Header.Get("Picasso-Execution-Id"),
	}, nil
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
