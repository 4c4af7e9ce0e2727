package schedule_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/db"
	"github.com/picasso-faas/picasso/db/dbtest"
	"github.com/picasso-faas/picasso/triggers/schedule"
)

// killed is a store whose process is killed now and then around a fire: before
// it, so that nothing happened, after it, so that nobody knows, or in its middle.
type killed struct {
	*db.Store
	mu     sync.Mutex
	random *rand.Rand
	kills  int
}

func (s *killed) Fire(ctx context.Context, f *picasso.Firing) error {
	dead := picasso.Errorf(picasso.CodeUnavailable, "killed")
	switch s.fate() {
	case 0:
		return dead
	case 1:
		_ = s.Store.Fire(ctx, f)
		return dead
	case 2: // somewhere on the way
		ctx, cancel := context.WithTimeout(ctx, time.Duration(s.roll(2000))*time.Microsecond)
		defer cancel()
		return s.Store.Fire(ctx, f)
	}
	return s.Store.Fire(ctx, f)
}

// fate is below 3 for a kill.
func (s *killed) fate() int {
	fate := s.roll(20)
	s.mu.Lock()
	defer s.mu.Unlock()
	if fate < 3 {
		s.kills++
	}
	return fate
}

func (s *killed) roll(sides int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.random.IntN(sides)
}

// year is what a kit expects of cron expressions and time zones over a span.
type year struct {
	from, until string
	pause       time.Duration // between two looks at the clock, at most
	crons       [][2]string
}

// run lets two processes that are killed again and again fire all of it. Every fire
// must happen once.
func (y year) run(t *testing.T, store *db.Store) {
	k := newKit(t, store, y.from)
	var triggers []*picasso.Trigger
	for i, cron := range y.crons {
		name := string(rune('a' + i))
		triggers = append(triggers, k.trigger(name, picasso.Schedule{Cron: cron[0], Timezone: cron[1], CatchUp: picasso.CatchUpAll}))
	}
	daily := k.trigger("every", picasso.Schedule{EveryS: 86400, CatchUp: picasso.CatchUpAll})

	random := rand.New(rand.NewPCG(3, 4))
	one := &killed{Store: store, random: rand.New(rand.NewPCG(5, 6))}
	two := &killed{Store: store, random: rand.New(rand.NewPCG(7, 8))}
	processes := []*schedule.Scheduler{k.scheduler(one), k.scheduler(two)}
	from, until := at(t, y.from), at(t, y.until)
	for now := from; now.Before(until); {
		now = now.Add(time.Duration(random.Int64N(int64(y.pause))))
		if now.After(until) {
			now = until.Add(-time.Nanosecond)
		}
		k.set(now)
		k.settleAll(processes)
		if random.IntN(10) == 0 { // the clock is set back, and nothing happens
			k.set(now.Add(-y.pause))
			k.settle(processes[0])
		}
		if now.Equal(until.Add(-time.Nanosecond)) {
			break
		}
	}
	assert.Greater(t, one.kills+two.kills, 10)
	for i, trigger := range triggers {
		want := oracle(t, y.crons[i][0], y.crons[i][1], from.Add(time.Minute), until)
		y.check(k, trigger, want)
	}
	var days []time.Time
	for day := from.AddDate(0, 0, 1); day.Before(until); day = day.AddDate(0, 0, 1) {
		days = append(days, day)
	}
	y.check(k, daily, days)
}

// settleAll has all of them fire side by side.
func (k *kit) settleAll(processes []*schedule.Scheduler) {
	var all sync.WaitGroup
	for _, process := range processes {
		all.Go(func() { k.settle(process) })
	}
	all.Wait()
	due, _, err := k.store.DueSchedules(k.Context(), k.Now(), 1)
	require.NoError(k, err)
	require.Empty(k, due)
}

func (y year) check(k *kit, trigger *picasso.Trigger, want []time.Time) {
	k.Helper()
	var got []time.Time
	for _, e := range k.executions(trigger) {
		got = append(got, at(k, e.EventID))
	}
	if !assert.Equal(k, len(want), len(got), "%s %s", trigger.Schedule.Cron, trigger.Schedule.Timezone) ||
		!assert.True(k, slices.EqualFunc(want, got, time.Time.Equal), "%s %s", trigger.Schedule.Cron, trigger.Schedule.Timezone) {
		return
	}
	clock := k.clock(trigger)
	assert.Equal(k, len(want), clock.Runs)
	assert.Equal(k, want[len(want)-1], clock.LastAt)
	next, err := schedule.Calendar{}.Next(trigger.Schedule, trigger.CreatedAt, clock.LastAt)
	require.NoError(k, err)
	assert.Equal(k, next, clock.NextAt)
}

func TestYear(t *testing.T) {
	year{
		from: "2026-01-01 00:00", until: "2027-01-01 00:00", pause: 400 * time.Hour,
		crons: [][2]string{
			{"30 2 * * *", "Europe/Berlin"}, {"15 */8 * * *", "Europe/Berlin"}, {"0 */12 * * *", "America/New_York"},
			{"45 1 * * *", "Australia/Lord_Howe"}, {"0 9 * * 1-5", "Asia/Kolkata"}, {"0 0 1 * *", "America/Santiago"},
			{"0 12 31 * *", "UTC"},
		},
	}.run(t, dbtest.SQLite(t))
}

func TestMonthOnMariaDB(t *testing.T) {
	year{
		from: "2026-03-15 00:00", until: "2026-04-15 00:00", pause: 30 * time.Hour,
		crons: [][2]string{{"30 2 * * *", "Europe/Berlin"}, {"*/20 * * * *", "Africa/Casablanca"}, {"50 1 * * *", "Australia/Lord_Howe"}},
	}.run(t, dbtest.MariaDB(t))
}
