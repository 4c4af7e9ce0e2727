package client_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/apitest"
	"github.com/picasso-faas/picasso/api/client"
	"github.com/picasso-faas/picasso/db"
)

// withFunction is a client of an API with a function "f", and the store behind it.
func withFunction(t *testing.T) (*client.Client, *db.Store, *picasso.Function) {
	t.Helper()
	c, store := connectTo(t, &apitest.Engine{}, nil)
	fn, err := c.CreateFunction(t.Context(), client.FunctionOpts{Name: new("f"), Image: new("i")})
	require.NoError(t, err)
	return c, store, fn
}

// claim takes what is due of the function, as a queue worker does.
func claim(t *testing.T, queue picasso.Queue, fn *picasso.Function) []picasso.Claimed {
	t.Helper()
	claims := []picasso.Claim{{FunctionID: fn.ID, ProjectID: fn.ProjectID, Count: 100}}
	claimed, err := queue.Claim(t.Context(), claims, time.Minute)
	require.NoError(t, err)
	return claimed
}

// settle ends an execution with the status, and with what it got as its result.
func settle(t *testing.T, queue picasso.Queue, c *picasso.Claimed, status picasso.Status) {
	t.Helper()
	e := c.Execution
	e.Status, e.FinishedAt = status, time.Now()
	e.HTTPStatus, e.OutputBytes = 200, int64(len(c.Input.Body))
	result := &picasso.Payload{Header: map[string][]string{"Content-Type": c.Input.Header["Content-Type"]}, Body: c.Input.Body}
	require.NoError(t, queue.Settle(t.Context(), &picasso.Settlement{Lease: c.Lease, Execution: e, Result: result}))
}

func TestAsynchronousCall(t *testing.T) {
	c, store, fn := withFunction(t)
	ctx := t.Context()
	queued, err := c.InvokeAsync(ctx, "f", client.Input{Body: strings.NewReader("photo"), ContentType: "text/x-test"})
	require.NoError(t, err)
	assert.Equal(t, picasso.StatusQueued, queued.Status)
	assert.True(t, queued.Async)
	_, err = c.ExecutionResult(ctx, queued.ID)
	_ = assertStatus(t, err, 409, picasso.CodeConflict)

	claimed := claim(t, store, fn)
	require.Len(t, claimed, 1)
	awaited := make(chan picasso.Status)
	go func() {
		ended, err := c.AwaitExecution(ctx, queued.ID)
		assert.NoError(t, err)
		awaited <- ended.Status
	}()
	settle(t, store, &claimed[0], picasso.StatusSucceeded)
	assert.Equal(t, picasso.StatusSucceeded, <-awaited)

	result, err := c.ExecutionResult(ctx, queued.ID)
	require.NoError(t, err)
	assert.Equal(t, "photo", text(t, result.Body))
	assert.Equal(t, 200, result.Status)
	assert.Equal(t, "text/x-test", result.Header.Get("Content-Type"))
	assert.Equal(t, queued.ID, result.ExecutionID)
}

func text(t *testing.T, body io.ReadCloser) string {
	t.Helper()
	defer body.Close()
	all, err := io.ReadAll(body)
	require.NoError(t, err)
	return string(all)
}

func TestIdempotencyKey(t *testing.T) {
	c, _, _ := withFunction(t)
	call := func(key, body string) (*picasso.Execution, error) {
		return c.InvokeAsync(t.Context(), "f", client.Input{Body: strings.NewReader(body), IdempotencyKey: key})
	}
	first, err := call("k", "x")
	require.NoError(t, err)
	again, err := call("k", "x")
	require.NoError(t, err)
	assert.Equal(t, first.ID, again.ID)
	other, err := call("l", "x")
	require.NoError(t, err)
	assert.NotEqual(t, first.ID, other.ID)
	_, err = call("k", "y")
	_ = assertStatus(t, err, 409, picasso.CodeConflict)
	_, err = call(strings.Repeat("k", 256), "x")
	_ = assertStatus(t, err, 400, picasso.CodeInvalid)
}

func TestServerThatKnowsNoAsynchronousCalls(t *testing.T) {
	_, err := answering(t, 200, nil, "done").InvokeAsync(t.Context(), "f", client.Input{})
	assert.EqualError(t, err, "the server does not take asynchronous calls: it answered HTTP 200")
	_, err = answering(t, 202, nil, "nonsense").InvokeAsync(t.Context(), "f", client.Input{})
	assert.Error(t, err)
}

func TestCancelAndRedrive(t *testing.T) {
	c, store, fn := withFunction(t)
	ctx := t.Context()
	e, err := c.InvokeAsync(ctx, "f", client.Input{})
	require.NoError(t, err)
	_, err = c.RedriveExecution(ctx, e.ID)
	_ = assertStatus(t, err, 409, picasso.CodeConflict)
	require.NoError(t, c.CancelExecution(ctx, e.ID))
	_ = assertStatus(t, c.CancelExecution(ctx, e.ID), 409, picasso.CodeConflict)

	again, err := c.RedriveExecution(ctx, e.ID)
	require.NoError(t, err)
	assert.Equal(t, e.ID, again.RedriveOf)
	assert.Equal(t, picasso.StatusQueued, again.Status)
	_, err = c.RedriveExecution(ctx, e.ID)
	_ = assertStatus(t, err, 409, picasso.CodeConflict)

	claimed := claim(t, store, fn)
	require.Len(t, claimed, 1)
	settle(t, store, &claimed[0], picasso.StatusFailed)
	later := client.RedriveOpts{Function: "f", Since: time.Now().Add(time.Hour)}
	made, err := c.RedriveExecutions(ctx, later)
	require.NoError(t, err)
	assert.Equal(t, &client.Redriven{Executions: []string{}}, made)
	made, err = c.RedriveExecutions(ctx, client.RedriveOpts{Function: fn.ID, Limit: 1})
	require.NoError(t, err)
	assert.Len(t, made.Executions, 1)
	assert.False(t, made.More)
	_, err = c.RedriveExecutions(ctx, client.RedriveOpts{Function: "nothing"})
	_ = assertStatus(t, err, 400, picasso.CodeInvalid)
}

func TestFollowingALog(t *testing.T) {
	c, store, fn := withFunction(t)
	ctx := t.Context()
	e, err := c.InvokeAsync(ctx, "f", client.Input{})
	require.NoError(t, err)
	claimed := claim(t, store, fn)
	require.Len(t, claimed, 1)
	log, err := c.FollowExecutionLog(ctx, e.ID)
	require.NoError(t, err)
	write := func(offset int64, text string) {
		require.NoError(t, store.AppendLogs(ctx, []picasso.LogPart{{ExecutionID: e.ID, Attempt: 1, Offset: offset, Text: []byte(text)}}))
	}
	write(0, "one\n")
	first := make([]byte, 4)
	_, err = io.ReadFull(log, first)
	require.NoError(t, err)
	assert.Equal(t, "one\n", string(first), "it came while the execution was running")
	write(4, "two\n")
	settle(t, store, &claimed[0], picasso.StatusSucceeded)
	assert.Equal(t, "two\n", text(t, log), "the log ends with the execution")

	log, err = c.ExecutionLog(ctx, e.ID)
	require.NoError(t, err)
	assert.Equal(t, "one\ntwo\n", text(t, log))
}

func TestAwaitingEndsWithTheContext(t *testing.T) {
	c, _, _ := withFunction(t)
	e, err := c.InvokeAsync(t.Context(), "f", client.Input{})
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, err = c.AwaitExecution(ctx, e.ID)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}
