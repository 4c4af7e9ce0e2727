package dbtest

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

const racers = 16

// race runs n at once and counts how many succeed; the others must fail with one of the codes.
func (s *suite) race(do func(n int) error, losers ...picasso.Code) (winners int) {
	var won atomic.Int32
	var all sync.WaitGroup
	begin := make(chan struct{})
	for n := range racers {
		all.Go(func() {
			<-begin
			if err := do(n); err == nil {
				won.Add(1)
			} else {
				assert.Contains(s, losers, picasso.CodeOf(err), "%v", err)
			}
		})
	}
	close(begin)
	all.Wait()
	return int(won.Load())
}

func (s *suite) raceCreateApp() {
	for round := range 5 {
		name := numbered("app", round)
		won := s.race(func(int) error { return s.CreateApp(s.Context(), newApp("p1", name)) }, picasso.CodeConflict)
		assert.Equal(s, 1, won)
	}
}

func (s *suite) raceCreateFunction() {
	s.makeApp("p1", "shop")
	for round := range 5 {
		name := numbered("fn", round)
		won := s.race(func(int) error { return s.CreateFunction(s.Context(), newFunction("p1", "shop", name)) }, picasso.CodeConflict)
		assert.Equal(s, 1, won)
	}
}

func (s *suite) raceDefaultApp() {
	for round := range 5 {
		project := numbered("project", round)
		won := s.race(func(n int) error {
			return s.CreateFunction(s.Context(), newFunction(project, picasso.DefaultApp, numbered("fn", n)))
		})
		assert.Equal(s, racers, won)
		apps, _, err := s.Apps(s.Context(), picasso.AppFilter{ProjectID: project}, picasso.Page{})
		require.NoError(s, err)
		assert.Len(s, apps, 1)
	}
}

func (s *suite) raceUpdateApp() {
	app := s.makeApp("p1", "shop")
	fn := s.makeFunction("p1", "shop", "f")
	for round := range 5 {
		before := app.UpdatedAt
		won := s.race(func(n int) error {
			mine := *app
			mine.Config = map[string]string{"N": fmt.Sprint(round, n)}
			mine.UpdatedAt = fresh(1 + round*racers + n)
			return s.UpdateApp(s.Context(), &mine, before)
		}, picasso.CodeConflict)
		assert.Equal(s, 1, won)
		var err error
		app, err = s.App(s.Context(), "p1", "shop")
		require.NoError(s, err)
		got, err := s.Function(s.Context(), "p1", fn.ID)
		require.NoError(s, err)
		assert.EqualValues(s, 2+round, got.Revision, "one winner, one revision")
		assert.Equal(s, app.Config, got.AppConfig)
	}
}

// raceRevisions: no update of a function takes back the revision that an update
// of its app has made at the same time.
func (s *suite) raceRevisions() {
	ctx := s.Context()
	app := s.makeApp("p1", "shop")
	fn := s.makeFunction("p1", "shop", "f")
	var changes atomic.Int64
	for round := range 10 {
		beforeApp, beforeFn := app.UpdatedAt, fn.UpdatedAt
		s.race(func(n int) error {
			at := fresh(1 + round*racers + n)
			if n%2 == 0 {
				mine := *app
				mine.Config, mine.UpdatedAt = map[string]string{"N": at.String()}, at
				return count(&changes, s.UpdateApp(ctx, &mine, beforeApp))
			}
			mine := *fn
			mine.Revision, mine.UpdatedAt = fn.Revision+1, at
			return count(&changes, s.UpdateFunction(ctx, &mine, beforeFn))
		}, picasso.CodeConflict)
		var err error
		app, err = s.App(ctx, "p1", "shop")
		require.NoError(s, err)
		fn, err = s.Function(ctx, "p1", fn.ID)
		require.NoError(s, err)
		assert.Equal(s, 1+changes.Load(), fn.Revision)
	}
}

func count(n *atomic.Int64, err error) error {
	if err == nil {
		n.Add(1)
	}
	return err
}

// raceDeleteApp: either the app goes and the function is refused, or the other way round.
func (s *suite) raceDeleteApp() {
	for round := range 5 {
		app := s.makeApp("p1", numbered("app", round))
		s.race(func(n int) error {
			if n == racers/2 {
				return s.DeleteApp(s.Context(), "p1", app.ID)
			}
			return s.CreateFunction(s.Context(), newFunction("p1", app.Name, numbered("fn", n)))
		}, picasso.CodeConflict, picasso.CodeNotFound)
		fns, _, err := s.Functions(s.Context(), picasso.FunctionFilter{App: app.ID}, picasso.Page{})
		require.NoError(s, err)
		_, err = s.App(s.Context(), "p1", app.ID)
		assert.Equal(s, len(fns) > 0, err == nil)
	}
}

// raceRecord: overlapping batches, as after a retry, and a purge between them.
func (s *suite) raceRecord() {
	ctx := s.Context()
	var batch []picasso.Execution
	for i := range 400 {
		e := newExecution("p1", newID(), i)
		e.Log = []byte("log")
		batch = append(batch, e)
	}
	s.race(func(n int) error {
		if n%4 == 0 {
			_, err := s.Purge(ctx, picasso.Retention{Succeeded: batch[200].CreatedAt}, 100)
			return err
		}
		return s.RecordExecutions(ctx, batch[n*20:])
	})
	list, _, err := s.Executions(ctx, picasso.ExecutionFilter{Since: batch[200].CreatedAt}, picasso.Page{})
	require.NoError(s, err)
	assert.Len(s, list, 200)
}
