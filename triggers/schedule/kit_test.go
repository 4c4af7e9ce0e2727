package schedule_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/sirupsen/logrus"
	"github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/db"
	"github.com/picasso-faas/picasso/triggers/schedule"
)

// kit is a store with a function in a project of its own, and a clock that tests set.
type kit struct {
	testing.TB
	store *db.Store
	fn    *picasso.Function
	log   *logrus.Logger
	said  *test.Hook

	mu  sync.Mutex
	now time.Time
}

func newKit(t testing.TB, store *db.Store, now string) *kit {
	t.Helper()
	k := &kit{TB: t, store: store, now: at(t, now)}
	k.log, k.said = test.NewNullLogger()
	spec := picasso.DefaultFunctionSpec()
	spec.Name, spec.Image, spec.Retry.MaxAttempts = "f", "image", 7
	k.fn = &picasso.Function{ID: newID(), ProjectID: "p-" + newID(), FunctionSpec: spec, CreatedAt: k.now, UpdatedAt: k.now}
	require.NoError(t, store.CreateFunction(t.Context(), k.fn))
	return k
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

func (k *kit) set(now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.now = now
}

func (k *kit) Now() time.Time {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.now
}

// scheduler is one on the kit's store, or on another one.
func (k *kit) scheduler(triggers picasso.TriggerStore) *schedule.Scheduler {
	if triggers == nil {
		triggers = k.store
	}
	return schedule.New(k.config(triggers, k.Now))
}

// realScheduler goes by the real clock.
func (k *kit) realScheduler() *schedule.Scheduler {
	return schedule.New(k.config(k.store, time.Now))
}

func (k *kit) config(triggers picasso.TriggerStore, now func() time.Time) schedule.Config {
	return schedule.Config{Triggers: triggers, Functions: k.store, Events: k.store, Log: k.log, Now: now, NewID: newID, Jitter: rand.Float64}
}

// trigger makes one as the API does.
func (k *kit) trigger(name string, s picasso.Schedule) *picasso.Trigger {
	k.Helper()
	t := &picasso.Trigger{
		ID: newID(), ProjectID: k.fn.ProjectID, CreatedAt: k.Now(), UpdatedAt: k.Now(), Clock: &picasso.Clock{},
		TriggerSpec: picasso.TriggerSpec{Name: name, Function: "f", Type: picasso.TriggerSchedule, Enabled: true, Schedule: &s},
	}
	require.NoError(k, t.Validate())
	var err error
	t.Clock.NextAt, err = schedule.Calendar{}.Next(t.Schedule, t.CreatedAt, k.Now())
	require.NoError(k, err)
	require.NoError(k, k.store.CreateTrigger(k.Context(), t))
	return t
}

// pass lets the time come and everything fire that is due, and returns how
// many steps that took.
func (k *kit) pass(now string) (steps int) {
	k.Helper()
	k.set(at(k, now))
	return k.settle(k.scheduler(nil))
}

// settle goes on until nothing is due, or all of it is being fired by others;
// a store that does not answer is asked again.
func (k *kit) settle(s *schedule.Scheduler) (steps int) {
	k.Helper()
	for {
		next, err := s.Step(context.WithoutCancel(k.Context()))
		steps++
		require.Less(k, steps, 100_000)
		if err != nil {
			require.Equal(k, picasso.CodeUnavailable, picasso.CodeOf(err), "%v", err)
			continue
		}
		if next.IsZero() || next.After(k.Now()) {
			return steps
		}
	}
}

// executions of the trigger in the order of their events.
func (k *kit) executions(t *picasso.Trigger) (list []picasso.Execution) {
	k.Helper()
	for page := (picasso.Page{}); ; page.Marker = list[len(list)-1].ID {
		part, more, err := k.store.Executions(k.Context(), picasso.ExecutionFilter{TriggerID: t.ID}, page)
		require.NoError(k, err)
		if list = append(list, part...); !more {
			break
		}
	}
	slices.SortFunc(list, func(a, b picasso.Execution) int { return at(k, a.EventID).Compare(at(k, b.EventID)) })
	return list
}

// fired lists when what fired was due.
func (k *kit) fired(t *picasso.Trigger) (due []string) {
	k.Helper()
	for _, e := range k.executions(t) {
		due = append(due, at(k, e.EventID).Format("01-02 15:04:05"))
	}
	return due
}

// clock is where the schedule stands.
func (k *kit) clock(t *picasso.Trigger) picasso.Clock {
	k.Helper()
	got, err := k.store.Trigger(k.Context(), "", t.ID)
	require.NoError(k, err)
	return *got.Clock
}
