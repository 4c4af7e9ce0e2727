package triggers

import (
	"context"
	"errors"
	"sync/atomic"
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

func newService(t *testing.T, store *db.Store, engine picasso.Engine) *Service {
	t.Helper()
	cfg := Config{
		Options: queue.DefaultOptions(), Retention: DefaultRetention(),
		Queue: store, Executions: store, Logs: store, Functions: store, Triggers: store, Events: store, Trusts: store, Engine: engine, Log: triggerstest.Logger(t),
	}
	cfg.Options.Lease = time.Second
	s, err := New(cfg)
	require.NoError(t, err)
	return s
}

// run runs the service until the test ends, or the returned function is called.
func run(t *testing.T, s *Service) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx, ctx) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

func TestService(t *testing.T) {
	for name, open := range map[string]func(testing.TB) *db.Store{"SQLite": dbtest.SQLite, "MariaDB": dbtest.MariaDB} {
		t.Run(name, func(t *testing.T) {
			store := open(t)
			engine := &triggerstest.Engine{Serve: triggerstest.Succeed}
			stop := run(t, newService(t, store, engine))
			fn := triggerstest.Function(t, store, "p1")

			triggerstest.Await(t, store, triggerstest.Enqueue(t, store, fn), picasso.StatusSucceeded)

			now := time.Now().UTC().Truncate(time.Microsecond)
			trigger := &picasso.Trigger{ID: triggerstest.NewID(), ProjectID: "p1", CreatedAt: now, UpdatedAt: now, TriggerSpec: picasso.TriggerSpec{
				Name: "soon", Function: fn.ID, Type: picasso.TriggerSchedule, Enabled: true, Schedule: &picasso.Schedule{At: now.Add(time.Second)},
			}, Clock: &picasso.Clock{NextAt: now.Add(time.Second)}}
			require.NoError(t, trigger.Validate())
			require.NoError(t, store.CreateTrigger(t.Context(), trigger))
			require.Eventually(t, func() bool {
				list, _, err := store.Executions(t.Context(), picasso.ExecutionFilter{TriggerID: trigger.ID, Status: picasso.StatusSucceeded}, picasso.Page{Limit: 2})
				return err == nil && len(list) == 1
			}, patience, step)

			// What nobody runs any more is recovered.
			stop()
			orphan := triggerstest.Enqueue(t, store, fn)
			claimed, err := store.Claim(t.Context(), []picasso.Claim{{FunctionID: fn.ID, ProjectID: "p1", Count: 1}}, time.Second)
			require.NoError(t, err)
			require.Len(t, claimed, 1)
			run(t, newService(t, store, engine))
			e := triggerstest.Await(t, store, orphan, picasso.StatusSucceeded)
			assert.Equal(t, 1, e.Attempt)
			assert.Equal(t, 1, engine.Runs(orphan))
		})
	}
}

// away is a queue that does not answer.
type away struct {
	picasso.Queue
	gone bool
}

func (a *away) Recover(ctx context.Context) (int, error) {
	if a.gone {
		return 0, picasso.Errorf(picasso.CodeUnavailable, "away")
	}
	return a.Queue.Recover(ctx)
}

func (a *away) Renew(ctx context.Context, held []picasso.Lease, lease time.Duration) ([]picasso.Lease, error) {
	if a.gone {
		return nil, picasso.Errorf(picasso.CodeUnavailable, "away")
	}
	return a.Queue.Renew(ctx, held, lease)
}

// A store that was away for longer than leases last costs nobody his: who runs
// an execution renews before others may take it.
func TestLeasesOutliveTheStore(t *testing.T) {
	store := dbtest.SQLite(t)
	queue := &away{Queue: store}
	s := newService(t, store, &triggerstest.Engine{})
	s.cfg.Queue = queue
	fn := triggerstest.Function(t, store, "p1")
	id := triggerstest.Enqueue(t, store, fn)
	_, err := store.Claim(t.Context(), []picasso.Claim{{FunctionID: fn.ID, ProjectID: "p1", Count: 1}}, time.Microsecond)
	require.NoError(t, err)

	queue.gone = true
	require.Error(t, s.recoverLeases(t.Context()))
	require.Error(t, s.recoverLeases(t.Context()))
	queue.gone = false
	require.NoError(t, s.recoverLeases(t.Context()))
	triggerstest.Await(t, store, id, picasso.StatusRunning)
	require.NoError(t, s.recoverLeases(t.Context()))
	triggerstest.Await(t, store, id, picasso.StatusQueued)
}

func TestPurge(t *testing.T) {
	store := dbtest.SQLite(t)
	s := newService(t, store, &triggerstest.Engine{Serve: triggerstest.Succeed})
	fn := triggerstest.Function(t, store, "p1")
	stop := run(t, s)
	for range 2*purgeRows + 10 {
		_, err := store.Enqueue(t.Context(), triggerstest.Submission(fn, func(s *picasso.Submission) { s.Status, s.FinishedAt = picasso.StatusFailed, s.CreatedAt }))
		require.NoError(t, err)
	}
	id := triggerstest.Enqueue(t, store, fn)
	triggerstest.Await(t, store, id, picasso.StatusSucceeded)
	stop()

	s.now = func() time.Time { return time.Now().AddDate(0, 0, 8) }
	require.NoError(t, s.purge(t.Context()))
	_, err := store.Execution(t.Context(), "", id)
	assert.Equal(t, picasso.CodeNotFound, picasso.CodeOf(err))
	assert.Len(t, left(t, store), 1000, "what failed stays longer")
	s.now = func() time.Time { return time.Now().AddDate(0, 0, 31) }
	require.NoError(t, s.purge(t.Context()))
	assert.Empty(t, left(t, store))
}

func left(t *testing.T, store picasso.ExecutionStore) []picasso.Execution {
	t.Helper()
	list, _, err := store.Executions(t.Context(), picasso.ExecutionFilter{}, picasso.Page{Limit: 1000})
	require.NoError(t, err)
	return list
}

// What fails or panics is tried again.
func TestEvery(t *testing.T) {
	s := newService(t, dbtest.SQLite(t), &triggerstest.Engine{})
	var calls atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.every(ctx, time.Millisecond, "test", func(context.Context) error {
			switch calls.Add(1) {
			case 1, 2:
				return errors.New("fails")
			case 3:
				panic("for once")
			}
			return nil
		})
	}()
	require.Eventually(t, func() bool { return calls.Load() > 5 }, patience, step)
	cancel()
	<-done
}

func TestRetention(t *testing.T) {
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	keep := Retention{SucceededDays: 1, FailedDays: 30, LogDays: 2}.before(now)
	assert.Equal(t, picasso.Retention{Succeeded: now.AddDate(0, 0, -1), Ended: now.AddDate(0, 0, -30), Logs: now.AddDate(0, 0, -2)}, keep)

	require.NoError(t, DefaultRetention().Validate())
	err := Retention{SucceededDays: -1, FailedDays: 36501, PayloadDays: -1, LogDays: -1}.Validate()
	for _, option := range []string{"succeeded_days", "failed_days", "payload_days", "log_days"} {
		assert.ErrorContains(t, err, option+": must be from 0 to 36500")
	}
}

func TestBadDestinations(t *testing.T) {
	_, err := New(Config{Destinations: destination.Options{CA: []byte("none")}})
	assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err))
}
