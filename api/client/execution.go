package client

import (
	"context"
	"io"
	"iter"
	"net/http"
	"time"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/picasso-faas/picasso"
)

// Execution shows the record of an execution.
func (c *Client) Execution(ctx context.Context, id string) (*picasso.Execution, error) {
	return show[picasso.Execution](ctx, c, "executions", id)
}

// Executions lists executions, newest first, in as many requests as are needed
// for what is consumed. Filters are function, app, status, trigger, since and
// until.
func (c *Client) Executions(ctx context.Context, opts ListOpts) iter.Seq2[picasso.Execution, error] {
	return list[picasso.Execution](ctx, c, "executions", opts)
}

// CancelExecution cancels an execution that is queued or running. Errors:
// conflict when it has ended.
func (c *Client) CancelExecution(ctx context.Context, id string) error {
	return remove(ctx, c, "executions", id)
}

// ExecutionLog returns what the function wrote during the execution. The
// caller closes it.
func (c *Client) ExecutionLog(ctx context.Context, id string) (io.ReadCloser, error) {
	return c.stream(ctx, c.url("executions", id, "log"))
}

// FollowExecutionLog is ExecutionLog that goes on as the function writes, until
// the execution has ended.
func (c *Client) FollowExecutionLog(ctx context.Context, id string) (io.ReadCloser, error) {
	return c.stream(ctx, c.url("executions", id, "log")+"?follow=true")
}

func (c *Client) stream(ctx context.Context, url string) (io.ReadCloser, error) {
	answer, err := c.bytes(ctx, url, "text/plain")
	if err != nil {
		return nil, err
	}
	return answer.Body, nil
}

// ExecutionResult returns what the function answered in an asynchronous
// execution. Errors: conflict while it has not ended, not_found when there is no answer, or it was
// purged.
func (c *Client) ExecutionResult(ctx context.Context, id string) (*Output, error) {
	result, err := c.bytes(ctx, c.url("executions", id, "result"), "*/*")
	if err != nil {
		return nil, err
	}
	result.ExecutionID = id
	return result, nil
}

// bytes gets something that is not JSON. The caller closes the body.
func (c *Client) bytes(ctx context.Context, url, accept string) (*Output, error) {
	answer, err := c.Request(ctx, http.MethodGet, url, &gophercloud.RequestOpts{ //nolint:bodyclose // Output has it
		KeepResponseBody: true, MoreHeaders: map[string]string{"Accept": accept},
	})
	if err != nil {
		return nil, asError(err)
	}
	return newOutput(answer), nil
}

// RedriveExecution runs an asynchronous execution again that ended without
// success: the new execution has the input of the old. Errors: conflict when
// it has not ended, succeeded, was redriven already, or its input was purged.
func (c *Client) RedriveExecution(ctx context.Context, id string) (*picasso.Execution, error) {
	return ask[picasso.Execution](ctx, c, http.MethodPost, c.url("executions", id, "redrive"), nil)
}

// RedriveOpts says which executions to run again: those of Function, created
// in a range of time.
type RedriveOpts struct {
	Function string    `json:"function"`        // as in Function
	Since    time.Time `json:"since,omitzero"`  // created at or after
	Until    time.Time `json:"until,omitzero"`  // created before; zero: now
	Limit    int       `json:"limit,omitempty"` // 1..1000; 0: the server's choice
}

// Redriven is what RedriveExecutions did.
type Redriven struct {
	Executions []string `json:"executions"` // ids of the new ones
	More       bool     `json:"more"`       // there are others: call it again
}

// RedriveExecutions runs again what failed, timed out or was lost, the oldest
// first, and passes over what was cancelled or cannot be redriven (see
// RedriveExecution).
func (c *Client) RedriveExecutions(ctx context.Context, opts RedriveOpts) (*Redriven, error) {
	return ask[Redriven](ctx, c, http.MethodPost, c.url("executions", "redrive"), opts)
}

// The pauses of WatchExecution: they grow, so that short executions are seen
// soon and long ones cost little.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = 2 * time.Second
)

// WatchExecution shows an execution again and again, in growing pauses, until it has
// ended. It ends with the first error.
func (c *Client) WatchExecution(ctx context.Context, id string) iter.Seq2[*picasso.Execution, error] {
	return func(yield func(*picasso.Execution, error) bool) {
		for pause := firstPause; ; pause = min(pause*3/2, lastPause) {
			e, err := c.Execution(ctx, id)
			if !yield(e, err) || err != nil || e.Status.Ended() {
				return
			}
			select {
			case <-ctx.Done():
				yield(nil, ctx.Err())
				return
			case <-time.After(pause):
			}
		}
	}
}

// AwaitExecution returns the execution when it has ended, in whatever way.
func (c *Client) AwaitExecution(ctx context.Context, id string) (e *picasso.Execution, err error) {
	for e, err = range c.WatchExecution(ctx, id) { //nolint:revive // the last one counts
	}
	return e, err
}
