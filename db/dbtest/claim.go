package dbtest

import (
	"maps"
	"sync"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

func (s *suite) claimLife() {
	ctx := s.Context()
	fn := s.makeFunction("p1", picasso.DefaultApp, "f")
	for n := range 5 { // youngest first
		_, err := s.Enqueue(ctx, submission(fn, 5-n))
		require.NoError(s, err)
	}
	claimed := s.claim(fn, 3, 3)
	for n, c := range claimed {
		assert.Equal(s, numbered("input", n+1), string(c.Input.Body), "oldest first")
		assert.Equal(s, picasso.StatusRunning, c.Status)
		assert.Equal(s, 1, c.Attempt)
		assert.Zero(s, c.Failures)
		assert.Equal(s, picasso.Lease{ExecutionID: c.ID, Number: 1}, c.Lease)
		assert.Equal(s, fn, c.Function)
		got := s.wantStatus(c.ID, picasso.StatusRunning)
		assert.Equal(s, 1, got.Attempt)
		assert.Equal(s, c.StartedAt, got.StartedAt)
		assert.True(s, got.RunAt.IsZero())
	}
	s.claim(fn, 9, 2)
	s.claim(fn, 9, 0)
	none, err := s.Claim(ctx, nil, time.Minute)
	require.NoError(s, err)
	assert.Empty(s, none)
}

// claimMany: several functions in one go, each its own share.
func (s *suite) claimMany() {
	var claims []picasso.Claim
	want := 0
	for n := range 70 {
		fn := s.makeFunction(numbered("p", n%3), picasso.DefaultApp, numbered("f", n))
		s.enqueue(fn, n%5)
		claims = append(claims, picasso.Claim{FunctionID: fn.ID, ProjectID: fn.ProjectID, Count: 3})
		want += min(3, n%5)
	}
	claims = append(claims, picasso.Claim{FunctionID: newID(), Count: 3}, picasso.Claim{FunctionID: "no id", Count: 3})
	claimed, err := s.Claim(s.Context(), claims, time.Minute)
	require.NoError(s, err)
	assert.Len(s, claimed, want)
	counts := map[string]int{}
	for _, c := range claimed {
		counts[c.FunctionID]++
		assert.Equal(s, c.FunctionID, c.Function.ID)
		assert.NotEmpty(s, c.Input.Body)
	}
	for n, c := range claims[:70] {
		assert.Equal(s, min(3, n%5), counts[c.FunctionID])
	}
}

// raceClaim: of many who claim at once, each gets what nobody else has.
func (s *suite) raceClaim() {
	const count, workers = 800, 8
	fn := s.makeFunction("p1", picasso.DefaultApp, "f")
	s.enqueue(fn, count)
	var mu sync.Mutex
	times := map[string]int{}
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for {
				claimed, err := s.Claim(s.Context(), []picasso.Claim{{FunctionID: fn.ID, ProjectID: "p1", Count: 7}}, time.Minute)
				if !assert.NoError(s, err) {
					return
				}
				mu.Lock()
				for _, c := range claimed {
					times[c.ID]++
				}
				done := len(times) == count
				mu.Unlock()
				if done {
					return
				}
			}
		})
	}
	all.Wait()
	for id, n := range times {
		assert.Equal(s, 1, n, id)
	}
}

// limits hold strictly, however many claim at once.
func (s *suite) limits() {
	ctx := s.Context()
	f, g := s.makeFunction("p1", picasso.DefaultApp, "f"), s.makeFunction("p1", picasso.DefaultApp, "g")
	s.enqueue(f, 40)
	s.enqueue(g, 40)
	claims := []picasso.Claim{
		{FunctionID: g.ID, ProjectID: "p1", Count: 4, ProjectLimit: 10},
		{FunctionID: f.ID, ProjectID: "p1", Count: 4, Limit: 6, ProjectLimit: 10},
	}
	for range 3 {
		var mu sync.Mutex
		var running []picasso.Claimed
		s.race(func(int) error {
			claimed, err := s.Claim(ctx, claims, time.Minute)
			mu.Lock()
			defer mu.Unlock()
			running = append(running, claimed...)
			return err
		})
		ofF := 0
		for _, c := range running {
			if c.FunctionID == f.ID {
				ofF++
			}
		}
		assert.Len(s, running, 10)
		assert.LessOrEqual(s, ofF, 6)
		for _, c := range running {
			s.settle(c, picasso.StatusSucceeded)
		}
	}
	claimed, err := s.Claim(ctx, []picasso.Claim{{FunctionID: f.ID, ProjectID: "p1", Count: 100, Limit: 6}}, time.Minute)
	require.NoError(s, err)
	assert.Len(s, claimed, 6)
}

func (s *suite) backlogLife() {
	ctx := s.Context()
	backlog, err := s.Backlog(ctx)
	require.NoError(s, err)
	assert.Empty(s, backlog)

	f, g, other := s.makeFunction("p1", picasso.DefaultApp, "f"), s.makeFunction("p1", "default", "g"), s.makeFunction("p2", picasso.DefaultApp, "f")
	paused := s.makeFunction("p1", picasso.DefaultApp, "paused")
	f.Priority, f.MaxSandboxes, f.Concurrency, f.UpdatedAt = 2, 3, 5, fresh(1)
	require.NoError(s, s.UpdateFunction(ctx, f, start()))
	paused.Enabled, paused.UpdatedAt = false, fresh(1)
	require.NoError(s, s.UpdateFunction(ctx, paused, start()))
	for _, fn := range []*picasso.Function{f, g, other, paused} {
		s.enqueue(fn, 3)
	}
	s.claim(f, 2, 2)
	s.claim(g, 3, 3)
	s.claim(other, 1, 1)
	s.wantBacklog(
		picasso.Backlog{ProjectID: "p1", FunctionID: f.ID, Priority: 2, Limit: 15, Running: 2, ProjectRunning: 5},
		picasso.Backlog{ProjectID: "p2", FunctionID: other.ID, Running: 1, ProjectRunning: 1},
	)

	app, err := s.App(ctx, "p2", picasso.DefaultApp)
	require.NoError(s, err)
	before := app.UpdatedAt
	app.Enabled, app.UpdatedAt = false, fresh(2)
	require.NoError(s, s.UpdateApp(ctx, app, before))
	require.NoError(s, s.DeleteFunction(ctx, "p1", g.ID))
	s.wantBacklog(picasso.Backlog{ProjectID: "p1", FunctionID: f.ID, Priority: 2, Limit: 15, Running: 2, ProjectRunning: 5})
	s.claim(paused, 1, 1) // whoever plans decides; a pause that comes late stops nothing
}

func (s *suite) wantBacklog(want ...picasso.Backlog) {
	s.Helper()
	backlog, err := s.Backlog(s.Context())
	require.NoError(s, err)
	assert.ElementsMatch(s, want, backlog)
}

// backlogTurns: of more functions than are looked at in one go, each has its turn;
// those with nothing due cost nobody his.
func (s *suite) backlogTurns() {
	const count = 500
	app := s.makeApp("p1", "shop")
	ready := map[string]bool{}
	var all sync.WaitGroup
	var mu sync.Mutex
	for worker := range racers {
		all.Go(func() {
			for n := worker; n < count; n += racers {
				fn := newFunction("p1", app.Name, numbered("f", n))
				assert.NoError(s, s.CreateFunction(s.Context(), fn))
				sub := submission(fn, n)
				if n%2 == 0 {
					sub.RunAt = time.Now().Add(time.Hour)
				} else {
					mu.Lock()
					ready[fn.ID] = true
					mu.Unlock()
				}
				_, err := s.Enqueue(s.Context(), sub)
				assert.NoError(s, err)
			}
		})
	}
	all.Wait()
	seen := map[string]bool{}
	for range 8 {
		backlog, err := s.Backlog(s.Context())
		require.NoError(s, err)
		assert.NotEmpty(s, backlog)
		for _, b := range backlog {
			seen[b.FunctionID] = true
		}
	}
	assert.True(s, maps.Equal(ready, seen), "%d of %d", len(seen), len(ready))
}
