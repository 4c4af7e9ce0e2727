package api_test

import (
	"time"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// What a worker of the queue does, step by step. (The real one is in package triggers/queue.)

// async calls a function of project alpha asynchronously and returns the id of the execution.
func (k *kit) async(function, body string, headers ...string) string {
	k.t.Helper()
	headers = append(headers, "Prefer", "respond-async")
	return k.member(202, "POST", "/v2/functions/"+function+"/invoke", body, headers...).JSON(k.t)["id"].(string)
}

// claim claims the oldest execution of the function.
func (k *kit) claim(functionID string) picasso.Claimed {
	k.t.Helper()
	claimed, err := k.store.Claim(k.t.Context(),
		[]picasso.Claim{{FunctionID: functionID, ProjectID: "alpha", Count: 1}}, time.Minute)
	require.NoError(k.t, err)
	require.Len(k.t, claimed, 1)
	return claimed[0]
}

// end settles a claimed execution with the status, and what the function answered, if anything.
func (k *kit) end(c picasso.Claimed, status picasso.Status, answer *picasso.Payload) {
	k.t.Helper()
	e := c.Execution
	e.Status, e.StartedAt, e.FinishedAt = status, e.CreatedAt, e.CreatedAt.Add(time.Second)
	if status == picasso.StatusFailed {
		e.Reason = "Function failed: it said so"
	}
	if answer != nil {
		e.HTTPStatus, e.OutputBytes = 200, int64(len(answer.Body))
	}
	require.NoError(k.t, k.store.Settle(k.t.Context(), &picasso.Settlement{Lease: c.Lease, Execution: e, Result: answer}))
}

// ended calls a function asynchronously and ends the execution with the status.
func (k *kit) ended(functionID, body string, status picasso.Status) string {
	k.t.Helper()
	id := k.async(functionID, body)
	k.end(k.claim(functionID), status, nil)
	return id
}

// retry gives a claimed execution back for another attempt, which may begin at once.
func (k *kit) retry(c picasso.Claimed) {
	k.t.Helper()
	e := c.Execution
	e.Status, e.RunAt = picasso.StatusQueued, e.CreatedAt
	require.NoError(k.t, k.store.Settle(k.t.Context(), &picasso.Settlement{Lease: c.Lease, Execution: e}))
}

// write appends to the log of an execution.
func (k *kit) write(c picasso.Claimed, offset int64, text string) {
	k.t.Helper()
	require.NoError(k.t, k.store.AppendLogs(k.t.Context(), []picasso.LogPart{
		{ExecutionID: c.ID, Attempt: c.Attempt, Offset: offset, Text: []byte(text)},
	}))
}
