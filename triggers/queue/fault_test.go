package queue_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/db"
	"github.com/picasso-faas/picasso/triggers/queue"
	"github.com/picasso-faas/picasso/triggers/triggerstest"
)

// faulty is a queue that a process may be cut off from, in all of it or in
// one method.
type faulty struct {
	*db.Store
	gone, noSettle atomic.Bool
	settles        atomic.Int64
	losses         atomic.Int64 // of leases
}

func (f *faulty) err(gone bool) error {
	if gone {
		return picasso.Errorf(picasso.CodeUnavailable, "cut off by the test")
	}
	return nil
}

func (f *faulty) Backlog(ctx context.Context) ([]picasso.Backlog, error) {
	if err := f.err(f.gone.Load()); err != nil {
		return nil, err
	}
	return f.Store.Backlog(ctx)
}

func (f *faulty) Renew(ctx context.Context, held []picasso.Lease, lease time.Duration) ([]picasso.Lease, error) {
	if err := f.err(f.gone.Load()); err != nil {
		return nil, err
	}
	lost, err := f.Store.Renew(ctx, held, lease)
	f.losses.Add(int64(len(lost)))
	return lost, err
}

func (f *faulty) Settle(ctx context.Context, s *picasso.Settlement) error {
	f.settles.Add(1)
	if err := f.err(f.gone.Load() || f.noSettle.Load()); err != nil {
		return err
	}
	return f.Store.Settle(ctx, s)
}

func (f *faulty) AppendLogs(ctx context.Context, parts []picasso.LogPart) error {
	if err := f.err(f.gone.Load()); err != nil {
		return err
	}
	return f.Store.AppendLogs(ctx, parts)
}

// sweep recovers leases as a process of the service does, until the test ends.
func sweep(t *testing.T, store picasso.Queue) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for tick := time.NewTicker(100 * time.Millisecond); ; {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				_, _ = store.Recover(ctx)
			}
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
}

func TestStoreIsAwayForAWhile(t *testing.T) {
	databases(t, func(t *testing.T, store *db.Store) {
		f := &faulty{Store: store}
		f.noSettle.Store(true)
		engine := &triggerstest.Engine{Serve: triggerstest.Succeed}
		start(t, f, engine)
		id := triggerstest.Enqueue(t, store, triggerstest.Function(t, store, "p1"))
		require.Eventually(t, func() bool { return f.settles.Load() >= 3 }, patience, step)
		f.noSettle.Store(false)
		triggerstest.Await(t, store, id, picasso.StatusSucceeded)
		assert.Equal(t, 1, engine.Runs(id), "nothing is run twice for that")
	})
}

func TestProcessIsKilled(t *testing.T) {
	databases(t, func(t *testing.T, store *db.Store) {
		sweep(t, store)
		killed := &faulty{Store: store}
		old, young := &triggerstest.Engine{Serve: triggerstest.UntilCancelled}, &triggerstest.Engine{Serve: triggerstest.Succeed}
		first := start(t, killed, old, func(c *queue.Config) { c.Lease = time.Second })
		id := triggerstest.Enqueue(t, store, triggerstest.Function(t, store, "p1"))
		require.Eventually(t, func() bool { return old.Runs(id) == 1 }, patience, step)
		killed.gone.Store(true)
		start(t, store, young)
		e := triggerstest.Await(t, store, id, picasso.StatusSucceeded)
		assert.Equal(t, 1, e.Attempt, "no attempt of the function")

		// When it turns out to live, it settles nothing any more.
		killed.gone.Store(false)
		require.Eventually(t, func() bool { return old.Running() == 0 }, patience, step, "cancelled when the lease is seen to be lost")
		first.end()
		assert.Equal(t, e, triggerstest.Await(t, store, id, picasso.StatusSucceeded))
		assert.Equal(t, 1, old.Runs(id))
		assert.Equal(t, 1, young.Runs(id), "exactly once more")
	})
}

// counting counts what is cancelled.
type counting struct {
	*triggerstest.Engine
	cancels atomic.Int64
}

func (c *counting) Cancel(ctx context.Context, id string) error {
	c.cancels.Add(1)
	return c.Engine.Cancel(ctx, id)
}

// TestLeaseIsLost: who finds out ends what it began itself, and not what another
// process has begun since, were it on the same host.
func TestLeaseIsLost(t *testing.T) {
	databases(t, func(t *testing.T, store *db.Store) {
		sweep(t, store)
		release := make(chan struct{})
		engine := &counting{Engine: &triggerstest.Engine{Serve: func(call *picasso.Call, w http.ResponseWriter, cancelled <-chan struct{}) picasso.Outcome {
			select {
			case <-release:
				return triggerstest.Succeed(call, w, cancelled)
			case <-cancelled:
				return triggerstest.Fail(picasso.CodeCancelled)
			}
		}}}
		cut := &faulty{Store: store}
		start(t, cut, engine, func(c *queue.Config) { c.Lease = time.Second })
		id := triggerstest.Enqueue(t, store, triggerstest.Function(t, store, "p1"))
		require.Eventually(t, func() bool { return engine.Runs(id) == 1 }, patience, step)
		cut.gone.Store(true)
		start(t, store, engine)
		require.Eventually(t, func() bool { return engine.Runs(id) == 2 }, patience, step)
		cut.gone.Store(false)
		require.Eventually(t, func() bool { return engine.Running() == 1 }, patience, step, "the first run is cancelled")
		close(release)
		triggerstest.Await(t, store, id, picasso.StatusSucceeded)
		assert.Equal(t, 2, engine.Runs(id), "the second run goes on to its end")
		assert.EqualValues(t, 1, engine.cancels.Load())
	})
}

// TestLeaseIsLostAfterTheCall: there is nothing to cancel.
func TestLeaseIsLostAfterTheCall(t *testing.T) {
	databases(t, func(t *testing.T, store *db.Store) {
		sweep(t, store)
		engine := &counting{Engine: &triggerstest.Engine{Serve: triggerstest.Succeed}}
		cut := &faulty{Store: store}
		cut.noSettle.Store(true)
		first := start(t, cut, engine, func(c *queue.Config) { c.Lease = time.Second })
		id := triggerstest.Enqueue(t, store, triggerstest.Function(t, store, "p1"))
		require.Eventually(t, func() bool { return cut.settles.Load() >= 1 }, patience, step)
		cut.gone.Store(true)
		start(t, store, engine)
		triggerstest.Await(t, store, id, picasso.StatusSucceeded)
		cut.gone.Store(false)
		require.Eventually(t, func() bool { return cut.losses.Load() > 0 }, patience, step)
		first.end()
		assert.Zero(t, engine.cancels.Load())
	})
}

func TestProcessStops(t *testing.T) {
	databases(t, func(t *testing.T, store *db.Store) {
		release := make(chan struct{})
		engine := &triggerstest.Engine{Serve: func(call *picasso.Call, w http.ResponseWriter, cancelled <-chan struct{}) picasso.Outcome {
			select {
			case <-release:
				return triggerstest.Succeed(call, w, cancelled)
			case <-cancelled:
				return triggerstest.Fail(picasso.CodeCancelled)
			}
		}}
		p := start(t, store, engine)
		fn := triggerstest.Function(t, store, "p1")
		id := triggerstest.Enqueue(t, store, fn)
		require.Eventually(t, func() bool { return engine.Runs(id) == 1 }, patience, step)
		p.stop()
		late := triggerstest.Enqueue(t, store, fn)
		close(release)
		<-p.done
		triggerstest.Await(t, store, id, picasso.StatusSucceeded)
		assert.Zero(t, engine.Runs(late), "none is begun")
		triggerstest.Await(t, store, late, picasso.StatusQueued)
	})
}

func TestPatienceEnds(t *testing.T) {
	databases(t, func(t *testing.T, store *db.Store) {
		engine := &triggerstest.Engine{Serve: triggerstest.UntilCancelled}
		p := start(t, store, engine)
		id := triggerstest.Enqueue(t, store, triggerstest.Function(t, store, "p1", func(fn *picasso.Function) { fn.Retry.MaxAttempts = 1 }))
		require.Eventually(t, func() bool { return engine.Runs(id) == 1 }, patience, step)
		p.end()
		e := triggerstest.Await(t, store, id, picasso.StatusQueued)
		assert.Zero(t, e.Attempt)
		assert.Equal(t, "Service unavailable: the process that ran it was stopped", e.Reason)
		start(t, store, &triggerstest.Engine{Serve: triggerstest.Succeed})
		triggerstest.Await(t, store, id, picasso.StatusSucceeded)
	})
}

func TestCancel(t *testing.T) {
	databases(t, func(t *testing.T, store *db.Store) {
		engine := &triggerstest.Engine{Serve: triggerstest.UntilCancelled}
		start(t, store, engine, func(c *queue.Config) { c.Lease = time.Second })
		fn := triggerstest.Function(t, store, "p1", func(fn *picasso.Function) { fn.OnFailure = "https://127.0.0.1:1/" })

		queued := triggerstest.Enqueue(t, store, fn, func(s *picasso.Submission) { s.RunAt = s.RunAt.Add(time.Hour) })
		_, err := store.CancelExecution(t.Context(), "p1", queued, "by the test")
		require.NoError(t, err)

		running := triggerstest.Enqueue(t, store, fn)
		require.Eventually(t, func() bool { return engine.Runs(running) == 1 }, patience, step)
		_, err = store.CancelExecution(t.Context(), "p1", running, "by the test")
		require.NoError(t, err)
		require.Eventually(t, func() bool { return engine.Running() == 0 }, patience, step, "the lease is seen to be lost")

		for _, id := range []string{queued, running} {
			e := triggerstest.Await(t, store, id, picasso.StatusCancelled)
			assert.Contains(t, e.Reason, "by the test")
			_, err = store.CancelExecution(t.Context(), "p1", id, "again")
			assert.Equal(t, picasso.CodeConflict, picasso.CodeOf(err))
		}
		list, _, err := store.Executions(t.Context(), picasso.ExecutionFilter{}, picasso.Page{Limit: 10})
		require.NoError(t, err)
		assert.Len(t, list, 2, "nobody is told")
	})
}
