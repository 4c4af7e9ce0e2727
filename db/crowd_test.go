package db_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/db"
	"github.com/picasso-faas/picasso/db/dbtest"
)

// crowding is a store with a limit and a clock of its own, and a function in each of two projects.
type crowding struct {
	*testing.T
	store *db.Store
	clock atomic.Pointer[time.Time]
}

func eachCrowding(t *testing.T, limit int, run func(*crowding)) {
	t.Helper()
	for name, open := range map[string]func(testing.TB) *db.Store{"SQLite": dbtest.SQLite, "MariaDB": dbtest.MariaDB} {
		t.Run(name, func(t *testing.T) {
			k := &crowding{T: t, store: open(t)}
			k.store.LimitQueued(limit)
			k.pass(0)
			k.store.SetNow(func() time.Time { return *k.clock.Load() })
			run(k)
		})
	}
}

func (k *crowding) pass(d time.Duration) {
	now := time.Now().Add(d)
	if last := k.clock.Load(); last != nil {
		now = last.Add(d)
	}
	k.clock.Store(&now)
}

func (k *crowding) function(project string) *picasso.Function {
	k.Helper()
	fn := &picasso.Function{ID: uuid.NewString(), ProjectID: project, FunctionSpec: picasso.DefaultFunctionSpec(), Revision: 1}
	fn.Name, fn.Image, fn.CreatedAt = "f-"+fn.ID[:8], "i", time.Now().UTC().Truncate(time.Microsecond)
	fn.UpdatedAt = fn.CreatedAt
	require.NoError(k, k.store.CreateFunction(k.Context(), fn))
	return fn
}

func (k *crowding) enqueue(fn *picasso.Function, status picasso.Status) (*picasso.Execution, error) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	return k.store.Enqueue(k.Context(), &picasso.Submission{Execution: picasso.Execution{
		ID: uuid.NewString(), ProjectID: fn.ProjectID, FunctionID: fn.ID, Function: fn.Name, App: fn.App,
		Status: status, MaxAttempts: 1, CreatedAt: now, RunAt: now,
	}})
}

func (k *crowding) queued(fn *picasso.Function) (last *picasso.Execution) {
	k.Helper()
	last, err := k.enqueue(fn, picasso.StatusQueued)
	require.NoError(k, err)
	return last
}

func (k *crowding) refused(fn *picasso.Function) {
	k.Helper()
	_, err := k.enqueue(fn, picasso.StatusQueued)
	require.Equal(k, picasso.CodeRateLimited, picasso.CodeOf(err))
	require.Equal(k, time.Second, picasso.AsError(err).RetryAfter)
}

func TestAQueueIsLimited(t *testing.T) {
	eachCrowding(t, 3, func(k *crowding) {
		one, other, elsewhere := k.function("p1"), k.function("p1"), k.function("p2")
		k.queued(one)
		k.queued(other)
		last := k.queued(one)
		k.refused(one)
		k.refused(other)
		k.queued(elsewhere)
		_, err := k.enqueue(one, picasso.StatusFailed)
		require.NoError(k, err, "what is only recorded")
		for project, want := range map[string]int{"p1": 3, "p2": 1, "p3": 0} {
			queued, limit, err := k.store.Queued(k.Context(), project)
			require.NoError(k, err)
			assert.Equal(k, []int{want, 3}, []int{queued, limit}, project)
		}

		k.pass(time.Minute)
		k.refused(one)
		_, err = k.store.CancelExecution(k.Context(), "p1", last.ID, "")
		require.NoError(k, err)
		k.refused(one) // it is not yet known that there is room
		k.pass(time.Minute)
		k.queued(other)
		k.refused(other)
	})
}

func TestAProcessNeverQueuesMoreThanTheLimit(t *testing.T) {
	eachCrowding(t, 10, func(k *crowding) {
		fn := k.function("p1")
		var admitted atomic.Int32
		var all sync.WaitGroup
		for range 40 {
			all.Go(func() {
				if _, err := k.enqueue(fn, picasso.StatusQueued); err == nil {
					admitted.Add(1)
				}
			})
		}
		all.Wait()
		assert.LessOrEqual(k, admitted.Load(), int32(10))
		assert.GreaterOrEqual(k, admitted.Load(), int32(5))
		k.pass(time.Minute)
		for admitted.Load() < 10 { // what was committed while another counted was counted twice until now
			k.queued(fn)
			admitted.Add(1)
		}
		k.refused(fn)
	})
}

func TestAQueueWithoutALimit(t *testing.T) {
	eachCrowding(t, 0, func(k *crowding) {
		fn := k.function("p1")
		k.queued(fn)
		queued, limit, err := k.store.Queued(k.Context(), "p1")
		require.NoError(k, err)
		assert.Equal(k, []int{0, 0}, []int{queued, limit})
	})
}
