package queue_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/db"
	"github.com/picasso-faas/picasso/db/dbtest"
	"github.com/picasso-faas/picasso/triggers/destination"
	"github.com/picasso-faas/picasso/triggers/queue"
	"github.com/picasso-faas/picasso/triggers/triggerstest"
)

const (
	patience = triggerstest.Patience
	step     = 5 * time.Millisecond
)

// process is a Runner as it runs in a process of its own.
type process struct {
	*queue.Runner
	stop  context.CancelFunc // no new executions
	hurry context.CancelFunc // none of the old ones, either
	done  chan struct{}
}

// start starts a Runner, which ends with the test.
func start(t *testing.T, store triggerstest.Stores, engine picasso.Engine, edit ...func(*queue.Config)) *process {
	t.Helper()
	destinations, err := destination.New(destination.Config{
		Options: destination.Options{AllowPrivate: true}, Functions: store, Now: time.Now, NewID: triggerstest.NewID,
	})
	require.NoError(t, err)
	cfg := queue.Config{
		Options: queue.DefaultOptions(), Queue: store, Logs: store, Engine: engine, Destinations: destinations,
		Log: triggerstest.Logger(t), Now: time.Now, Jitter: rand.Float64,
	}
	cfg.Lease = 3 * time.Second
	for _, e := range edit {
		e(&cfg)
	}
	p := &process{Runner: queue.New(cfg), done: make(chan struct{})}
	var work, patience context.Context
	work, p.stop = context.WithCancel(context.Background())
	patience, p.hurry = context.WithCancel(context.Background())
	go func() { defer close(p.done); p.Run(work, patience) }()
	t.Cleanup(p.end)
	return p
}

// end stops it at once and waits for it.
func (p *process) end() {
	p.stop()
	p.hurry()
	<-p.done
}

// databases runs a test on both.
func databases(t *testing.T, test func(t *testing.T, store *db.Store)) {
	t.Helper()
	t.Run("SQLite", func(t *testing.T) { test(t, dbtest.SQLite(t)) })
	t.Run("MariaDB", func(t *testing.T) { test(t, dbtest.MariaDB(t)) })
}

// logOf is the whole log of an execution.
func logOf(t *testing.T, store picasso.LogStore, id string) (text string) {
	t.Helper()
	attempt, offset := 0, int64(0)
	for {
		parts, err := store.Log(t.Context(), id, attempt, offset)
		require.NoError(t, err)
		if len(parts) == 0 {
			return text
		}
		for _, p := range parts {
			text += string(p.Text)
			attempt, offset = p.Attempt, p.Offset+int64(len(p.Text))
		}
	}
}

func TestExecutionSucceeds(t *testing.T) {
	databases(t, func(t *testing.T, store *db.Store) {
		engine := &triggerstest.Engine{Serve: func(call *picasso.Call, w http.ResponseWriter, _ <-chan struct{}) picasso.Outcome {
			assert.Equal(t, 1, call.Attempt)
			assert.Equal(t, http.MethodPost, call.Method)
			assert.NotEmpty(t, call.RequestID)
			o := triggerstest.Answer(call, w, http.StatusCreated)
			o.Log, o.Started, o.Run = []byte("a line\n"), time.Now(), time.Millisecond
			return o
		}}
		start(t, store, engine)
		fn := triggerstest.Function(t, store, "p1")
		id := triggerstest.Enqueue(t, store, fn)
		e := triggerstest.Await(t, store, id, picasso.StatusSucceeded)
		assert.Equal(t, 1, e.Attempt)
		assert.Equal(t, fn.Revision, e.Revision)
		assert.Equal(t, http.StatusCreated, e.HTTPStatus)
		assert.Equal(t, "double", e.Host)
		assert.InDelta(t, 1, e.RunMS, 0)
		assert.False(t, e.StartedAt.IsZero() || e.FinishedAt.IsZero())
		assert.Zero(t, e.RunAt)
		assert.Empty(t, e.Reason)
		result, err := store.ExecutionResult(t.Context(), "p1", id)
		require.NoError(t, err)
		assert.Equal(t, &picasso.Payload{Header: map[string][]string{"Content-Type": {"text/plain"}}, Body: []byte("input")}, result)
		assert.Equal(t, "a line\n", logOf(t, store, id))
		assert.Equal(t, 1, engine.Runs(id))
	})
}

// script serves the attempts of each execution one after the other; the last
// one goes on.
func script(outcomes ...picasso.Outcome) func(*picasso.Call, http.ResponseWriter, <-chan struct{}) picasso.Outcome {
	var mu sync.Mutex
	served := map[string]int{}
	return func(call *picasso.Call, _ http.ResponseWriter, _ <-chan struct{}) picasso.Outcome {
		mu.Lock()
		defer mu.Unlock()
		n := min(served[call.ExecutionID], len(outcomes)-1)
		served[call.ExecutionID]++
		o := outcomes[n]
		o.Log = fmt.Appendf(nil, "attempt %d\n", call.Attempt)
		return o
	}
}

func TestExecutionIsTriedAgain(t *testing.T) {
	failed, busy, fine := triggerstest.Fail(picasso.CodeFunctionFailed), triggerstest.Fail(picasso.CodeBusy), picasso.Outcome{HTTPStatus: 200}
	tests := map[string]struct {
		outcomes []picasso.Outcome
		status   picasso.Status
		attempt  int
		runs     int
		reason   string
		log      string
	}{
		"until it works":     {[]picasso.Outcome{failed, failed, fine}, picasso.StatusSucceeded, 3, 3, "", "attempt 1\nattempt 2\nattempt 3\n"},
		"until no more":      {[]picasso.Outcome{failed}, picasso.StatusFailed, 3, 3, "Function failed: as the test wants", "attempt 1\nattempt 2\nattempt 3\n"},
		"not when pointless": {[]picasso.Outcome{{HTTPStatus: 422}}, picasso.StatusFailed, 1, 1, "Function failed: it answered with status 422", "attempt 1\n"},
		"the platform fails": {[]picasso.Outcome{busy, busy, fine}, picasso.StatusSucceeded, 1, 3, "", "attempt 1\n"},
		"both":               {[]picasso.Outcome{busy, failed, busy, failed, busy, fine}, picasso.StatusSucceeded, 3, 6, "", "attempt 1\nattempt 2\nattempt 3\n"},
	}
	databases(t, func(t *testing.T, store *db.Store) {
		for name, test := range tests {
			t.Run(name, func(t *testing.T) {
				engine := &triggerstest.Engine{Serve: script(test.outcomes...)}
				start(t, store, engine)
				id := triggerstest.Enqueue(t, store, triggerstest.Function(t, store, "p1"))
				e := triggerstest.Await(t, store, id, test.status)
				assert.Equal(t, test.attempt, e.Attempt)
				assert.Equal(t, test.reason, e.Reason)
				assert.Equal(t, test.runs, engine.Runs(id))
				assert.Equal(t, test.log, logOf(t, store, id))
			})
		}
	})
}

func TestExecutionIsLost(t *testing.T) {
	databases(t, func(t *testing.T, store *db.Store) {
		start(t, store, &triggerstest.Engine{Serve: script(triggerstest.Fail(picasso.CodeHostLost))})
		id := triggerstest.Enqueue(t, store, triggerstest.Function(t, store, "p1", func(fn *picasso.Function) { fn.Retry.MaxAgeS = 1 }))
		e := triggerstest.Await(t, store, id, picasso.StatusLost)
		assert.Zero(t, e.Attempt)
		assert.Contains(t, e.Reason, "Host lost during the call")
	})
}

// Whose process went away again and again until it was too old is lost, and
// its destination hears of it. What was only paused for so long gets its try.
func TestExecutionThatProcessesDieOf(t *testing.T) {
	databases(t, func(t *testing.T, store *db.Store) {
		fn := triggerstest.Function(t, store, "p1", func(fn *picasso.Function) { fn.Retry.MaxAgeS, fn.OnFailure = 1, "https://127.0.0.1:1/" })
		old := func(s *picasso.Submission) { s.CreatedAt = s.CreatedAt.AddDate(0, 0, -7) }
		poison := triggerstest.Enqueue(t, store, fn, old)
		for range 2 {
			dieWith(t, store, fn)
		}
		paused := triggerstest.Enqueue(t, store, fn, old)
		engine := &triggerstest.Engine{Serve: triggerstest.Succeed}
		start(t, store, engine)
		e := triggerstest.Await(t, store, poison, picasso.StatusLost)
		assert.Equal(t, "Host lost during the call: the process that had it in hand went away; not tried again, as retry.max_age_s says", e.Reason)
		assert.Zero(t, e.Attempt)
		assert.Zero(t, engine.Runs(poison))
		triggerstest.Await(t, store, paused, picasso.StatusSucceeded)
		list, _, err := store.Executions(t.Context(), picasso.ExecutionFilter{}, picasso.Page{Limit: 10})
		require.NoError(t, err)
		assert.True(t, slices.ContainsFunc(list, func(e picasso.Execution) bool { return e.CausedBy == poison }), "nobody is told")
	})
}

// dieWith claims an execution of the function, and is gone.
func dieWith(t *testing.T, store *db.Store, fn *picasso.Function) {
	t.Helper()
	require.Eventually(t, func() bool {
		claimed, err := store.Claim(t.Context(), []picasso.Claim{{FunctionID: fn.ID, ProjectID: fn.ProjectID, Count: 1}}, time.Microsecond)
		return err == nil && len(claimed) == 1
	}, patience, step)
	require.Eventually(t, func() bool {
		n, err := store.Recover(t.Context())
		return err == nil && n == 1
	}, patience, step)
}

func TestEngineThatPanics(t *testing.T) {
	store := dbtest.SQLite(t)
	var once sync.Once
	start(t, store, &triggerstest.Engine{Serve: func(call *picasso.Call, w http.ResponseWriter, c <-chan struct{}) picasso.Outcome {
		once.Do(func() { panic("for once") })
		return triggerstest.Succeed(call, w, c)
	}})
	e := triggerstest.Await(t, store, triggerstest.Enqueue(t, store, triggerstest.Function(t, store, "p1")), picasso.StatusSucceeded)
	assert.Equal(t, 1, e.Attempt)
}

func TestPausedFunctionsWait(t *testing.T) {
	databases(t, func(t *testing.T, store *db.Store) {
		engine := &triggerstest.Engine{Serve: triggerstest.Succeed}
		start(t, store, engine)
		paused := triggerstest.Function(t, store, "p1", func(fn *picasso.Function) { fn.Enabled = false })
		id := triggerstest.Enqueue(t, store, paused)
		other := triggerstest.Enqueue(t, store, triggerstest.Function(t, store, "p1"))
		triggerstest.Await(t, store, other, picasso.StatusSucceeded)
		assert.Zero(t, engine.Runs(id))
		resume(t, store, paused)
		triggerstest.Await(t, store, id, picasso.StatusSucceeded)
	})
}

func resume(t *testing.T, store picasso.FunctionStore, fn *picasso.Function) {
	t.Helper()
	before := fn.UpdatedAt
	fn.Enabled, fn.UpdatedAt = true, before.Add(time.Second)
	require.NoError(t, store.UpdateFunction(t.Context(), fn, before))
}

func TestDelay(t *testing.T) {
	databases(t, func(t *testing.T, store *db.Store) {
		start(t, store, &triggerstest.Engine{Serve: func(call *picasso.Call, w http.ResponseWriter, c <-chan struct{}) picasso.Outcome {
			o := triggerstest.Succeed(call, w, c)
			o.Started = time.Now()
			return o
		}})
		due := time.Now().Add(time.Second)
		id := triggerstest.Enqueue(t, store, triggerstest.Function(t, store, "p1"), func(s *picasso.Submission) { s.RunAt = due })
		e := triggerstest.Await(t, store, id, picasso.StatusSucceeded)
		assert.False(t, e.StartedAt.Before(due), "%v before %v", e.StartedAt, due)
	})
}
