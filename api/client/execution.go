package client

import (
	"context"
	"io"
	"iter"
	"net/http"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/picasso-faas/picasso"
)

// Execution shows the record of an execution.
func (c *Client) Execution(ctx context.Context, id string) (*picasso.Execution, error) {
	return show[picasso.Execution](ctx, c, "executions", id)
}

// Executions lists executions, newest first, in as many requests as are needed
// for what is consumed.
func (c *Client) Executions(ctx context.Context, opts ListOpts) iter.Seq2[picasso.Execution, error] {
	return list[picasso.Execution](ctx, c, "executions", opts)
}

// ExecutionLog returns what the function wrote during the execution. The
// caller closes it.
func (c *Client) ExecutionLog(ctx context.Context, id string) (io.ReadCloser, error) {
	answer, err := c.Request(ctx, http.MethodGet, c.url("executions", id, "log"), &gophercloud.RequestOpts{
		KeepResponseBody: true, MoreHeaders: map[string]string{"Accept": "text/plain"},
	})
	if err != nil {
		return nil, asError(err)
	}
	return answer.Body, nil
}
