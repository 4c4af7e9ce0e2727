package lookup_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/internal/lookup"
)

const id = "00000000-0000-4000-8000-000000000001"

// store has one function, counts the questions, and can be unavailable or held up. (The real
// stores are behind the cache in the tests of package api.)
type store struct {
	picasso.FunctionStore
	mu    sync.Mutex
	fn    *picasso.Function // nil: not there
	down  bool
	asked int
	hold  chan struct{} // when set, a question waits for it to close
	clock time.Time
}

func (s *store) Function(_ context.Context, projectID, ref string) (*picasso.Function, error) {
	s.mu.Lock()
	s.asked++
	fn, down, hold := s.fn, s.down, s.hold
	s.mu.Unlock()
	if hold != nil {
		<-hold
	}
	switch {
	case down:
		return nil, picasso.Errorf(picasso.CodeUnavailable, "down")
	case fn == nil, ref != fn.ID && (projectID != fn.ProjectID || ref != fn.Name && ref != fn.App+":"+fn.Name):
		return nil, picasso.Errorf(picasso.CodeNotFound, "no %s", ref)
	}
	return fn, nil
}

func (s *store) set(change func(*store)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

func (s *store) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clock
}

func (s *store) questions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

func (s *store) pass(d time.Duration) { s.set(func(s *store) { s.clock = s.clock.Add(d) }) }

func revision(n int64) *picasso.Function {
	return &picasso.Function{ID: id, ProjectID: "alpha", AppID: "app", Revision: n,
		FunctionSpec: picasso.FunctionSpec{Name: "f", App: picasso.DefaultApp}}
}

func setup(t *testing.T) (*store, *lookup.Functions) {
	s := &store{fn: revision(1), clock: time.Unix(1e9, 0)}
	functions, err := lookup.New(s, 10<<10, s.now)
	require.NoError(t, err)
	return s, functions
}

func get(t *testing.T, f *lookup.Functions, ref string) int64 {
	t.Helper()
	fn, err := f.Get(t.Context(), "alpha", ref)
	require.NoError(t, err)
	return fn.Revision
}

func TestFreshness(t *testing.T) {
	s, f := setup(t)
	assert.EqualValues(t, 1, get(t, f, id))
	s.set(func(s *store) { s.fn = revision(2) })
	s.pass(499 * time.Millisecond)
	assert.EqualValues(t, 1, get(t, f, id))
	assert.Equal(t, 1, s.questions(), "fresh")

	s.pass(100 * time.Millisecond)
	assert.EqualValues(t, 1, get(t, f, id), "served while it is being fetched")
	require.Eventually(t, func() bool { return get(t, f, id) == 2 }, 10*time.Second, time.Millisecond)
	assert.Equal(t, 2, s.questions(), "once in the background")

	s.set(func(s *store) { s.fn = revision(3) })
	s.pass(time.Second)
	assert.EqualValues(t, 3, get(t, f, id), "too old to be served")
}

func TestForget(t *testing.T) {
	s, f := setup(t)
	get(t, f, id)
	s.set(func(s *store) { s.fn = revision(2) })
	f.Forget(id)
	assert.EqualValues(t, 2, get(t, f, id))
}

func TestWhatWasAskedBeforeAForgetIsNotKept(t *testing.T) {
	for _, ref := range []string{id, "f"} {
		s, f := setup(t)
		hold := make(chan struct{})
		s.set(func(s *store) { s.hold = hold })
		old, fresh := make(chan int64), make(chan int64)
		ask := func(answer chan int64) { fn, _ := f.Get(context.Background(), "alpha", ref); answer <- fn.Revision }
		go ask(old)
		require.Eventually(t, func() bool { return s.questions() == 1 }, 10*time.Second, time.Millisecond)

		s.set(func(s *store) { s.fn, s.hold = revision(2), nil })
		f.Forget(id)
		go ask(fresh)
		select {
		case revision := <-fresh:
			assert.EqualValues(t, 2, revision)
		case <-time.After(10 * time.Second):
			t.Errorf("%s: joins the older question", ref)
		}
		close(hold)
		assert.EqualValues(t, 1, <-old)
		assert.EqualValues(t, 2, get(t, f, ref), "the older answer did not replace the newer")
	}
}

func TestOneQuestionForManyCallers(t *testing.T) {
	s, f := setup(t)
	hold := make(chan struct{})
	s.set(func(s *store) { s.hold = hold })
	var callers sync.WaitGroup
	for range 50 {
		callers.Go(func() {
			_, err := f.Get(context.Background(), "alpha", "f")
			assert.NoError(t, err)
		})
	}
	require.Eventually(t, func() bool { return s.questions() > 0 }, 10*time.Second, time.Millisecond)
	left, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := f.Get(left, "alpha", "f")
	assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(err), "who leaves does not wait")
	close(hold)
	callers.Wait()
	assert.Less(t, s.questions(), 5, "one, and one for who just missed it")
}

func TestNames(t *testing.T) {
	s, f := setup(t)
	assert.EqualValues(t, 1, get(t, f, "f"))
	assert.EqualValues(t, 1, get(t, f, "default:f"))
	asked := s.questions()
	for _, ref := range []string{"f", "default:f", id} {
		get(t, f, ref)
	}
	assert.Equal(t, asked, s.questions(), "known under all of its names")

	_, err := f.Get(t.Context(), "beta", "f")
	assert.Equal(t, picasso.CodeNotFound, picasso.CodeOf(err), "a name is of a project")

	renamed := revision(2)
	renamed.Name = "g"
	s.set(func(s *store) { s.fn = renamed })
	f.Forget(id)
	_, err = f.Get(t.Context(), "alpha", "f")
	assert.Equal(t, picasso.CodeNotFound, picasso.CodeOf(err), "the old name is gone")
	assert.EqualValues(t, 2, get(t, f, "g"))
}

func TestAMissingIDIsRememberedForAMoment(t *testing.T) {
	s, f := setup(t)
	s.set(func(s *store) { s.fn = nil })
	for range 3 {
		_, err := f.Get(t.Context(), "", id)
		assert.Equal(t, picasso.CodeNotFound, picasso.CodeOf(err))
	}
	assert.Equal(t, 1, s.questions())
	s.set(func(s *store) { s.fn = revision(1) })
	s.pass(499 * time.Millisecond)
	_, err := f.Get(t.Context(), "", id)
	assert.Equal(t, picasso.CodeNotFound, picasso.CodeOf(err))
	s.pass(time.Millisecond)
	get(t, f, id)

	s.set(func(s *store) { s.fn = nil }) // deleted by another process
	s.pass(2 * time.Second)
	for range 2 {
		_, err = f.Get(t.Context(), "", id)
		assert.Equal(t, picasso.CodeNotFound, picasso.CodeOf(err))
	}
	assert.Equal(t, 3, s.questions())
}

func TestAMissingNameIsNotRemembered(t *testing.T) {
	s, f := setup(t)
	s.set(func(s *store) { s.fn = nil })
	_, err := f.Get(t.Context(), "alpha", "f")
	assert.Equal(t, picasso.CodeNotFound, picasso.CodeOf(err))
	s.set(func(s *store) { s.fn = revision(1) })
	get(t, f, "f")
	get(t, f, id)
}

func TestAnOutageIsNotTakenForAMissingID(t *testing.T) {
	s, f := setup(t)
	s.set(func(s *store) { s.down = true })
	_, err := f.Get(t.Context(), "", id)
	assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(err))
	s.set(func(s *store) { s.down = false })
	get(t, f, id)
}

func TestAnOutageIsBridged(t *testing.T) {
	s, f := setup(t)
	get(t, f, id)
	s.set(func(s *store) { s.down = true })
	s.pass(10 * time.Second)
	for range 100 {
		get(t, f, id)
	}
	assert.Equal(t, 2, s.questions(), "a store that is down is not asked for every call")
	s.pass(40 * time.Second)
	get(t, f, id)
	s.pass(20 * time.Second)
	_, err := f.Get(t.Context(), "", id)
	assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(err), "older than a minute")

	s.set(func(s *store) { s.down = false })
	get(t, f, id)
}

func TestSizeIsChecked(t *testing.T) {
	for _, bytes := range []int{-1, 0, 1023} {
		_, err := lookup.New(&store{}, bytes, time.Now)
		assert.Error(t, err, bytes)
	}
}

func TestAFloodOfStrangersLeavesTheStoreToOthers(t *testing.T) {
	s, f := setup(t)
	get(t, f, id)
	hold := make(chan struct{})
	s.set(func(s *store) { s.hold = hold })
	ctx, leave := context.WithCancel(t.Context())
	var flood sync.WaitGroup
	for n := range 100 {
		flood.Go(func() { _, _ = f.Get(ctx, "", fmt.Sprintf("00000000-0000-4000-8000-%012d", 1000+n)) })
	}
	require.Eventually(t, func() bool { return s.questions() == 1+8 }, 10*time.Second, time.Millisecond)
	s.set(func(s *store) { s.hold, s.fn = nil, revision(2) }) // the store answers again, but not those who wait
	s.pass(time.Minute)
	assert.EqualValues(t, 2, get(t, f, id), "a known function is not behind them")
	assert.Equal(t, 1+8+1, s.questions())
	leave()
	close(hold)
	flood.Wait()
}
