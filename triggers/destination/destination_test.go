package destination_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/db/dbtest"
	"github.com/picasso-faas/picasso/triggers/destination"
	"github.com/picasso-faas/picasso/triggers/queue"
	"github.com/picasso-faas/picasso/triggers/triggerstest"
)

func at() time.Time { return time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC) }

func newDestinations(t *testing.T, functions picasso.FunctionStore) *destination.Destinations {
	t.Helper()
	d, err := destination.New(destination.Config{Functions: functions, Now: at, NewID: func() string { return "next" }})
	require.NoError(t, err)
	return d
}

// ended is an execution of the function that ended with the status.
func ended(fn *picasso.Function, status picasso.Status) *queue.Ended {
	return &queue.Ended{
		Function: fn, Input: &picasso.Payload{Body: []byte("in")}, Result: &picasso.Payload{Body: []byte("out")},
		Execution: &picasso.Execution{ID: "e1", ProjectID: "p1", FunctionID: fn.ID, Status: status, Depth: 2, RequestID: "req-1", FinishedAt: at()},
	}
}

func TestNext(t *testing.T) {
	store := dbtest.SQLite(t)
	target := triggerstest.Function(t, store, "p1", func(fn *picasso.Function) { fn.Name, fn.Retry.MaxAttempts = "target", 7 })
	triggerstest.Function(t, store, "p2", func(fn *picasso.Function) { fn.Name = "foreign" })
	source := triggerstest.Function(t, store, "p1", func(fn *picasso.Function) { fn.OnSuccess, fn.OnFailure = "target", "https://example.org/x" })
	d := newDestinations(t, store)

	next, problem, err := d.Next(t.Context(), ended(source, picasso.StatusSucceeded))
	require.NoError(t, err)
	assert.Empty(t, problem)
	assert.Equal(t, picasso.Execution{
		ID: "next", ProjectID: "p1", FunctionID: target.ID, Function: "target", App: "default", Status: picasso.StatusQueued, Async: true,
		CausedBy: "e1", Depth: 3, MaxAttempts: 7, RunAt: at(), CreatedAt: at(), RequestID: "req-1", InputBytes: int64(len(next.Input.Body)),
	}, next.Execution)
	assert.Contains(t, string(next.Input.Body), `"type":"org.openstack.functions.execution.succeeded"`)

	for _, status := range []picasso.Status{picasso.StatusFailed, picasso.StatusTimedOut, picasso.StatusLost} {
		next, problem, err = d.Next(t.Context(), ended(source, status))
		require.NoError(t, err)
		assert.Empty(t, problem)
		assert.Equal(t, source.ID, next.FunctionID)
		assert.Equal(t, "https://example.org/x", next.Destination)
		assert.Equal(t, 3, next.MaxAttempts)
		assert.Contains(t, string(next.Input.Body), `"type":"org.openstack.functions.execution.failed"`)
	}

	for name, quiet := range map[string]*queue.Ended{
		"cancelled":      ended(source, picasso.StatusCancelled),
		"a delivery":     {Function: source, Execution: &picasso.Execution{Status: picasso.StatusFailed, Destination: "https://example.org/x"}},
		"no destination": ended(target, picasso.StatusSucceeded),
	} {
		next, problem, err = d.Next(t.Context(), quiet)
		require.NoError(t, err, name)
		assert.Empty(t, problem, name)
		assert.Nil(t, next, name)
	}
	for _, missing := range []string{"foreign", "none", "app:target"} {
		source.OnSuccess = missing
		next, problem, err = d.Next(t.Context(), ended(source, picasso.StatusSucceeded))
		require.NoError(t, err)
		assert.Nil(t, next)
		assert.Equal(t, `on_success: there is no function "`+missing+`"`, problem)
	}
}

func TestChainsEnd(t *testing.T) {
	store := dbtest.SQLite(t)
	loop := triggerstest.Function(t, store, "p1", func(fn *picasso.Function) { fn.Name, fn.OnSuccess = "loop", "loop" })
	d := newDestinations(t, store)
	e := ended(loop, picasso.StatusSucceeded)
	e.Execution.Depth = picasso.MaxDepth - 1
	next, _, err := d.Next(t.Context(), e)
	require.NoError(t, err)
	assert.Equal(t, picasso.StatusQueued, next.Status)
	assert.Equal(t, picasso.MaxDepth, next.Depth)

	e.Execution.Depth = picasso.MaxDepth
	next, problem, err := d.Next(t.Context(), e)
	require.NoError(t, err)
	assert.Empty(t, problem)
	assert.Equal(t, picasso.StatusFailed, next.Status)
	assert.Equal(t, picasso.MaxDepth, next.Depth)
	assert.Contains(t, next.Reason, "Chain stopped: more than 8 executions")
	assert.Equal(t, at(), next.FinishedAt)
	assert.Zero(t, next.RunAt)
}

func TestStoreIsAway(t *testing.T) {
	store := dbtest.SQLite(t)
	fn := triggerstest.Function(t, store, "p1", func(fn *picasso.Function) { fn.OnSuccess = "target" })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := newDestinations(t, store).Next(ctx, ended(fn, picasso.StatusSucceeded))
	assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(err))
}
