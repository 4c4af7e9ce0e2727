package queue_test

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/db"
	"github.com/picasso-faas/picasso/triggers/destination"
	"github.com/picasso-faas/picasso/triggers/queue"
	"github.com/picasso-faas/picasso/triggers/triggerstest"
)

// list is all executions of the store, oldest first.
func list(t *testing.T, store picasso.ExecutionStore) []picasso.Execution {
	t.Helper()
	all, _, err := store.Executions(t.Context(), picasso.ExecutionFilter{}, picasso.Page{Limit: 100, Sort: []picasso.SortKey{{Field: "created_at"}}})
	require.NoError(t, err)
	return all
}

// awaitAll waits until so many executions have ended.
func awaitAll(t *testing.T, store picasso.ExecutionStore, n int) []picasso.Execution {
	t.Helper()
	require.Eventually(t, func() bool {
		ended := 0
		for _, e := range list(t, store) {
			if e.Status.Ended() {
				ended++
			}
		}
		return ended == n
	}, patience, step)
	return list(t, store)
}

func TestChain(t *testing.T) {
	databases(t, func(t *testing.T, store *db.Store) {
		var last atomic.Pointer[picasso.Call]
		var seen atomic.Value
		engine := &triggerstest.Engine{Serve: func(call *picasso.Call, w http.ResponseWriter, c <-chan struct{}) picasso.Outcome {
			if call.Function.Name == "last" {
				body, _ := io.ReadAll(call.Body)
				last.Store(call)
				seen.Store(body)
				return picasso.Outcome{HTTPStatus: 204}
			}
			return triggerstest.Succeed(call, w, c)
		}}
		first := triggerstest.Function(t, store, "p1", func(fn *picasso.Function) { fn.OnSuccess = "last" })
		triggerstest.Function(t, store, "p1", func(fn *picasso.Function) { fn.Name = "last" })
		start(t, store, engine)
		id := triggerstest.Enqueue(t, store, first)
		all := awaitAll(t, store, 2)
		assert.Equal(t, id, all[0].ID)
		assert.Equal(t, id, all[1].CausedBy)
		assert.Equal(t, 1, all[1].Depth)
		assert.Equal(t, all[0].RequestID, all[1].RequestID)
		assert.Equal(t, id, last.Load().Header.Get("Ce-Id"))
		var event struct {
			Type string
			Data struct{ Input, Result string }
		}
		require.NoError(t, json.Unmarshal(seen.Load().([]byte), &event))
		assert.Equal(t, "org.openstack.functions.execution.succeeded", event.Type)
		assert.Equal(t, "input", event.Data.Input)
		assert.Equal(t, "input", event.Data.Result)
	})
}

func TestLoopsEnd(t *testing.T) {
	databases(t, func(t *testing.T, store *db.Store) {
		engine := &triggerstest.Engine{Serve: triggerstest.Succeed}
		loop := triggerstest.Function(t, store, "p1", func(fn *picasso.Function) { fn.Name, fn.OnSuccess = "loop", "loop" })
		start(t, store, engine)
		triggerstest.Enqueue(t, store, loop)
		all := awaitAll(t, store, picasso.MaxDepth+2)
		stopped := all[len(all)-1]
		assert.Equal(t, picasso.StatusFailed, stopped.Status)
		assert.Contains(t, stopped.Reason, "Chain stopped")
		assert.Zero(t, engine.Runs(stopped.ID))
		for _, e := range all[:len(all)-1] {
			assert.Equal(t, picasso.StatusSucceeded, e.Status)
		}
	})
}

func TestMissingDestination(t *testing.T) {
	databases(t, func(t *testing.T, store *db.Store) {
		start(t, store, &triggerstest.Engine{Serve: triggerstest.Succeed})
		fn := triggerstest.Function(t, store, "p1", func(fn *picasso.Function) { fn.OnSuccess = "app:none" })
		e := triggerstest.Await(t, store, triggerstest.Enqueue(t, store, fn), picasso.StatusSucceeded)
		assert.Equal(t, `on_success: there is no function "app:none"`, e.Reason)
	})
}

// stale sends everybody to a function that is deleted by then.
type stale struct {
	queue.Destinations
	gone *picasso.Function
}

func (s stale) Next(context.Context, *queue.Ended) (*picasso.Submission, string, error) {
	return triggerstest.Submission(s.gone), "", nil
}

func TestDestinationIsDeletedAtThatMoment(t *testing.T) {
	databases(t, func(t *testing.T, store *db.Store) {
		gone := triggerstest.Function(t, store, "p1")
		require.NoError(t, store.DeleteFunction(t.Context(), "p1", gone.ID))
		start(t, store, &triggerstest.Engine{Serve: triggerstest.Succeed}, func(c *queue.Config) { c.Destinations = stale{gone: gone} })
		sweep(t, store)
		id := triggerstest.Enqueue(t, store, triggerstest.Function(t, store, "p1"))
		triggerstest.Await(t, store, id, picasso.StatusSucceeded)
		result, err := store.ExecutionResult(t.Context(), "p1", id)
		require.NoError(t, err)
		assert.Equal(t, "input", string(result.Body))
	})
}

// trusting trusts the certificate of a server of a test.
func trusting(t *testing.T, store picasso.FunctionStore, server *httptest.Server) func(*queue.Config) {
	t.Helper()
	destinations, err := destination.New(destination.Config{
		Options: destination.Options{
			AllowPrivate: true,
			CA:           pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
		},
		Functions: store, Now: time.Now, NewID: triggerstest.NewID,
	})
	require.NoError(t, err)
	return func(c *queue.Config) { c.Destinations = destinations }
}

func TestURLDestination(t *testing.T) {
	databases(t, func(t *testing.T, store *db.Store) {
		var posts atomic.Int64
		server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			assert.Equal(t, "application/cloudevents+json", r.Header.Get("Content-Type"))
			if posts.Add(1) == 1 {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			_, _ = io.WriteString(w, "thanks")
		}))
		defer server.Close()
		fn := triggerstest.Function(t, store, "p1", func(fn *picasso.Function) {
			fn.OnFailure, fn.OnSuccess, fn.Retry.MaxAttempts = server.URL+"/hook", server.URL+"/never", 2
		})
		start(t, store, &triggerstest.Engine{Serve: script(triggerstest.Fail(picasso.CodeFunctionFailed))}, trusting(t, store, server))
		id := triggerstest.Enqueue(t, store, fn)
		all := awaitAll(t, store, 2)
		assert.Equal(t, picasso.StatusFailed, all[0].Status)
		assert.Equal(t, picasso.StatusSucceeded, all[1].Status, all[1].Reason)
		assert.Equal(t, 2, all[1].Attempt)
		assert.Equal(t, fn.ID, all[1].FunctionID)
		assert.Equal(t, id, all[1].CausedBy)
		assert.Equal(t, server.URL+"/hook", all[1].Destination)
		result, err := store.ExecutionResult(t.Context(), "p1", all[1].ID)
		require.NoError(t, err)
		assert.Equal(t, "thanks", string(result.Body))
		assert.EqualValues(t, 2, posts.Load())
	})
}
