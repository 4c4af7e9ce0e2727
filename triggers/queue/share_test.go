package queue_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/db"
	"github.com/picasso-faas/picasso/db/dbtest"
	"github.com/picasso-faas/picasso/triggers/queue"
	"github.com/picasso-faas/picasso/triggers/triggerstest"
)

// slowly is a Serve whose calls take a moment, so that some run at once.
func slowly(call *picasso.Call, w http.ResponseWriter, cancelled <-chan struct{}) picasso.Outcome {
	select {
	case <-time.After(20 * time.Millisecond):
	case <-cancelled:
		return triggerstest.Fail(picasso.CodeCancelled)
	}
	return triggerstest.Succeed(call, w, cancelled)
}

// fill queues n executions of the function.
func fill(t *testing.T, store picasso.Queue, fn *picasso.Function, n int) []string {
	t.Helper()
	ids := make([]string, n)
	var group errgroup.Group
	group.SetLimit(512) // committed together
	for i := range ids {
		group.Go(func() error {
			e, err := store.Enqueue(t.Context(), triggerstest.Submission(fn))
			if err == nil {
				ids[i] = e.ID
			}
			return err
		})
	}
	require.NoError(t, group.Wait())
	return ids
}

// fillMuch queues n executions of the function in large transactions, as a
// schedule that catches up does.
func fillMuch(t *testing.T, store *db.Store, fn *picasso.Function, n int) {
	t.Helper()
	due := time.Now().UTC().Truncate(time.Second)
	trigger := &picasso.Trigger{ID: triggerstest.NewID(), ProjectID: fn.ProjectID, CreatedAt: due, UpdatedAt: due, TriggerSpec: picasso.TriggerSpec{
		Name: "fill", Function: fn.ID, Type: picasso.TriggerSchedule, Enabled: true, Schedule: &picasso.Schedule{EveryS: 1},
	}, Clock: &picasso.Clock{NextAt: due}}
	require.NoError(t, trigger.Validate())
	require.NoError(t, store.CreateTrigger(t.Context(), trigger))
	for left := n; left > 0; left -= 500 {
		f := &picasso.Firing{TriggerID: trigger.ID, Due: due}
		for range min(left, 500) {
			f.Submissions = append(f.Submissions, *triggerstest.Submission(fn))
		}
		due = due.Add(time.Second)
		f.Clock.NextAt = due
		require.NoError(t, store.Fire(t.Context(), f))
	}
}

// A project with 100,000 queued executions does not delay another's single one
// by more than a moment: it need not wait for any of them.
func TestFairness(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { fairness(t, dbtest.SQLite(t), 10_000) }) // more take long with the race detector
	t.Run("MariaDB", func(t *testing.T) { fairness(t, dbtest.MariaDB(t), 100_000) })
}

func fairness(t *testing.T, store *db.Store, n int) {
	engine := &triggerstest.Engine{Serve: func(call *picasso.Call, w http.ResponseWriter, cancelled <-chan struct{}) picasso.Outcome {
		if call.Function.ProjectID == "crowd" {
			return triggerstest.UntilCancelled(call, w, cancelled)
		}
		return triggerstest.Succeed(call, w, cancelled)
	}}
	crowd, single := triggerstest.Function(t, store, "crowd"), triggerstest.Function(t, store, "single")
	fillMuch(t, store, crowd, n)
	start(t, store, engine)
	require.Eventually(t, func() bool { return engine.Running() == 96 }, patience, step, "three quarters of the places")
	began := time.Now()
	triggerstest.Await(t, store, triggerstest.Enqueue(t, store, single), picasso.StatusSucceeded)
	t.Logf("it took %v", time.Since(began))
	assert.Equal(t, 96, engine.Most(crowd.ID))
}

// Two projects, many and few short executions: the few do not go last.
func TestTurns(t *testing.T) {
	store := dbtest.SQLite(t)
	var mu sync.Mutex
	var order []string
	engine := &triggerstest.Engine{Serve: func(call *picasso.Call, w http.ResponseWriter, c <-chan struct{}) picasso.Outcome {
		mu.Lock()
		order = append(order, call.Function.ProjectID)
		mu.Unlock()
		return triggerstest.Succeed(call, w, c)
	}}
	many, few := triggerstest.Function(t, store, "p1"), triggerstest.Function(t, store, "p2")
	last := fill(t, store, many, 60)
	fill(t, store, few, 5)
	start(t, store, engine, func(c *queue.Config) { c.Workers = 1 })
	for _, id := range last {
		triggerstest.Await(t, store, id, picasso.StatusSucceeded)
	}
	mu.Lock()
	defer mu.Unlock()
	assert.Equal(t, 5, count(order[:12], "p2"), "%v", order)
}

func count(list []string, what string) (n int) {
	for _, s := range list {
		if s == what {
			n++
		}
	}
	return n
}

func TestPriority(t *testing.T) {
	databases(t, func(t *testing.T, store *db.Store) {
		var mu sync.Mutex
		var order []int
		engine := &triggerstest.Engine{Serve: func(call *picasso.Call, w http.ResponseWriter, c <-chan struct{}) picasso.Outcome {
			mu.Lock()
			order = append(order, call.Function.Priority)
			mu.Unlock()
			return triggerstest.Succeed(call, w, c)
		}}
		var ids []string
		for _, priority := range []int{0, 2, 1} {
			fn := triggerstest.Function(t, store, "p1", func(fn *picasso.Function) { fn.Priority = priority })
			ids = append(ids, triggerstest.Enqueue(t, store, fn), triggerstest.Enqueue(t, store, fn))
		}
		start(t, store, engine, func(c *queue.Config) { c.Workers = 1 })
		for _, id := range ids {
			triggerstest.Await(t, store, id, picasso.StatusSucceeded)
		}
		assert.Equal(t, []int{2, 2, 1, 1, 0, 0}, order)
	})
}

func TestLimitsHoldInAllProcesses(t *testing.T) {
	databases(t, func(t *testing.T, store *db.Store) {
		engine := &triggerstest.Engine{Serve: slowly} // one host, two processes
		limited := triggerstest.Function(t, store, "p1", func(fn *picasso.Function) { fn.MaxSandboxes = 2 })
		var ids []string
		ids = append(ids, fill(t, store, limited, 40)...)
		for range 2 {
			ids = append(ids, fill(t, store, triggerstest.Function(t, store, "p2"), 40)...)
		}
		projects := newGauge(engine)
		for range 2 {
			start(t, store, projects, func(c *queue.Config) { c.ProjectConcurrency = 5 })
		}
		for _, id := range ids {
			e := triggerstest.Await(t, store, id, picasso.StatusSucceeded)
			assert.Equal(t, 1, e.Attempt)
			assert.Equal(t, 1, engine.Runs(id))
		}
		assert.Equal(t, 2, engine.Most(limited.ID))
		assert.Equal(t, 5, projects.most["p2"])
	})
}

// Two processes share what is queued, each execution once.
func TestTwoProcesses(t *testing.T) {
	databases(t, func(t *testing.T, store *db.Store) {
		engines := []*triggerstest.Engine{{Serve: slowly}, {Serve: slowly}}
		ids := fill(t, store, triggerstest.Function(t, store, "p1"), 300)
		for _, engine := range engines {
			start(t, store, engine, func(c *queue.Config) { c.Workers = 16 })
		}
		shares := [2]int{}
		for _, id := range ids {
			triggerstest.Await(t, store, id, picasso.StatusSucceeded)
			for i, engine := range engines {
				shares[i] += engine.Runs(id)
			}
		}
		assert.Equal(t, len(ids), shares[0]+shares[1])
		assert.Positive(t, min(shares[0], shares[1]), "%v", shares)
	})
}

// A full host is not asked with everything that is queued.
func TestBusyHost(t *testing.T) {
	store := dbtest.SQLite(t)
	var mu sync.Mutex
	room, refused := 4, 0
	engine := &triggerstest.Engine{Serve: func(call *picasso.Call, w http.ResponseWriter, c <-chan struct{}) picasso.Outcome {
		mu.Lock()
		if room == 0 {
			refused++
			mu.Unlock()
			return triggerstest.Fail(picasso.CodeBusy)
		}
		room--
		mu.Unlock()
		defer func() { mu.Lock(); room++; mu.Unlock() }()
		return slowly(call, w, c)
	}}
	ids := fill(t, store, triggerstest.Function(t, store, "p1"), 300)
	start(t, store, engine)
	for _, id := range ids {
		assert.Equal(t, 1, triggerstest.Await(t, store, id, picasso.StatusSucceeded).Attempt)
	}
	mu.Lock()
	defer mu.Unlock()
	t.Logf("%d refused", refused)
	assert.Less(t, refused, 250, "most of them when it was asked for the first time")
}

// gauge counts the calls of projects at once.
type gauge struct {
	*triggerstest.Engine
	mu        sync.Mutex
	now, most map[string]int
}

func newGauge(engine *triggerstest.Engine) *gauge {
	g := &gauge{Engine: engine, now: map[string]int{}, most: map[string]int{}}
	serve := engine.Serve
	engine.Serve = func(call *picasso.Call, w http.ResponseWriter, c <-chan struct{}) picasso.Outcome {
		project := call.Function.ProjectID
		g.mu.Lock()
		g.now[project]++
		g.most[project] = max(g.most[project], g.now[project])
		g.mu.Unlock()
		defer func() { g.mu.Lock(); g.now[project]--; g.mu.Unlock() }()
		return serve(call, w, c)
	}
	return g
}
