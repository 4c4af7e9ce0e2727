package record

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// store remembers batches; it can refuse them, or be held up. (The real store is behind
// the recorder in the tests of package api.)
type store struct {
	picasso.ExecutionStore
	mu      sync.Mutex
	err     error
	batches [][]picasso.Execution
	tried   int
	hold    chan struct{}
}

func (s *store) RecordExecutions(ctx context.Context, batch []picasso.Execution) error {
	s.mu.Lock()
	hold := s.hold
	s.mu.Unlock()
	if hold != nil {
		<-hold
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tried++
	if s.err != nil {
		return s.err
	}
	s.batches = append(s.batches, batch)
	return ctx.Err()
}

func (s *store) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func (s *store) attempts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.tried
}

func (s *store) ids() (ids []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, batch := range s.batches {
		for _, e := range batch {
			ids = append(ids, e.ID)
		}
	}
	return ids
}

func unavailable() error { return picasso.Errorf(picasso.CodeUnavailable, "down") }

func setup(t *testing.T, s *store) (*Recorder, *test.Hook) {
	log, hook := test.NewNullLogger()
	r := New(s, log)
	t.Cleanup(func() {
		s.fail(nil)
		assert.NoError(t, r.Close(context.Background()))
	})
	return r, hook
}

func add(r *Recorder, from, to int) (ids []string) {
	for i := from; i < to; i++ {
		ids = append(ids, fmt.Sprint(i))
		r.Add(&picasso.Execution{ID: fmt.Sprint(i)})
	}
	return ids
}

func TestRecordsAreWrittenByThemselves(t *testing.T) {
	s := &store{}
	r, _ := setup(t, s)
	want := add(r, 0, 3)
	require.Eventually(t, func() bool { return len(s.ids()) == 3 }, 10*time.Second, time.Millisecond)
	assert.Equal(t, want, s.ids())
	assert.Zero(t, r.Queued())
}

func TestBatches(t *testing.T) {
	s := &store{hold: make(chan struct{})}
	r, _ := setup(t, s)
	want := add(r, 0, 1201)
	close(s.hold)
	require.NoError(t, r.Flush(t.Context()))
	assert.Equal(t, want, s.ids())
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, batch := range s.batches {
		assert.LessOrEqual(t, len(batch), batchSize)
	}
}

func TestFlushWaitsForWhatIsBeingWritten(t *testing.T) {
	s := &store{hold: make(chan struct{})}
	r, _ := setup(t, s)
	add(r, 0, 1)
	require.Eventually(t, func() bool { return r.Queued() == 0 }, 10*time.Second, time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(r.Flush(ctx)), "the store is slow, ctx ends")
	close(s.hold)
	require.NoError(t, r.Flush(t.Context()))
	assert.Equal(t, []string{"0"}, s.ids())
}

func TestAReaderWaitsNoLongerThanItMay(t *testing.T) {
	s := &store{hold: make(chan struct{})}
	r, _ := setup(t, s)
	t.Cleanup(func() { close(s.hold) })
	add(r, 0, 1)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	read := make(chan error, 2)
	go func() { read <- r.Flush(ctx) }() // most likely it is this one that writes
	go func() { read <- r.Flush(ctx) }()
	for range 2 {
		select {
		case err := <-read:
			assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(err))
		case <-time.After(10 * time.Second):
			t.Fatal("a store that hangs holds up a reader")
		}
	}
}

func TestCloseWaitsNoLongerThanItMay(t *testing.T) {
	s := &store{hold: make(chan struct{})}
	log, _ := test.NewNullLogger()
	r := New(s, log)
	add(r, 0, 1)
	require.Eventually(t, func() bool { return r.Queued() == 0 }, 10*time.Second, time.Millisecond, "being written")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	closed := make(chan error, 1)
	go func() { closed <- r.Close(ctx) }()
	select {
	case err := <-closed:
		assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(err), "a record may be lost")
	case <-time.After(10 * time.Second):
		t.Error("a store that hangs holds up the end of the process")
	}
	close(s.hold)
}

func TestAReaderThatLeavesLosesNothing(t *testing.T) {
	s := &store{}
	r, _ := setup(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	want := add(r, 0, 2)
	cancel()
	_ = r.Flush(ctx)
	require.NoError(t, r.Flush(t.Context()))
	assert.Equal(t, want, s.ids())
}

func TestAnOutageLosesNothing(t *testing.T) {
	s := &store{err: unavailable()}
	r, hook := setup(t, s)
	want := add(r, 0, 700)
	require.Eventually(t, func() bool { return s.attempts() > 2 }, 10*time.Second, time.Millisecond)
	require.Error(t, r.Flush(t.Context()))
	s.fail(nil)
	require.NoError(t, r.Flush(t.Context()))
	assert.Equal(t, want, s.ids(), "in order, each once")
	var messages []string
	for _, entry := range hook.AllEntries() {
		messages = append(messages, entry.Message)
	}
	assert.Equal(t, []string{"execution records cannot be stored, keeping them", "execution records are being stored again"}, messages)
}

func TestTheOldestAreDropped(t *testing.T) {
	s := &store{err: unavailable()}
	r, hook := setup(t, s)
	want := add(r, 0, maxQueued+1000)[1000:]
	require.Eventually(t, func() bool { return r.Queued() == maxQueued && r.Dropped() == 1000 }, 10*time.Second, time.Millisecond)
	s.fail(nil)
	require.NoError(t, r.Flush(t.Context()))
	assert.Equal(t, want, s.ids())
	assert.Equal(t, 1, dropping(hook), "one line for a burst")
}

func TestDroppingIsToldAlsoWhenABatchComesBack(t *testing.T) {
	s := &store{err: unavailable(), hold: make(chan struct{})}
	r, hook := setup(t, s)
	add(r, 0, 1)
	require.Eventually(t, func() bool { return r.Queued() == 0 }, 10*time.Second, time.Millisecond, "being written")
	add(r, 1, 1+maxQueued)
	assert.Zero(t, r.Dropped())
	close(s.hold)
	require.Eventually(t, func() bool { return dropping(hook) == 1 }, 10*time.Second, time.Millisecond)
	assert.EqualValues(t, 1, r.Dropped())
}

// dropping counts the lines that say records are being lost.
func dropping(hook *test.Hook) (lines int) {
	for _, entry := range hook.AllEntries() {
		if entry.Message == "execution records are being dropped, the store is too slow" {
			lines++
		}
	}
	return lines
}

func TestLogsAreBounded(t *testing.T) {
	s := &store{err: unavailable()}
	r, _ := setup(t, s)
	log := make([]byte, 1<<20)
	for range 70 {
		r.Add(&picasso.Execution{ID: "x", Log: log})
	}
	require.Eventually(t, func() bool { return r.Queued() == maxLogBytes>>20 }, 10*time.Second, time.Millisecond)
	assert.EqualValues(t, 70-maxLogBytes>>20, r.Dropped())
}

func TestARefusedBatchIsNotTriedForever(t *testing.T) {
	s := &store{err: errors.New("a row nobody can store")}
	r, hook := setup(t, s)
	add(r, 0, 3)
	require.Eventually(t, func() bool { return r.Dropped() == 3 }, 10*time.Second, time.Millisecond)
	assert.Zero(t, r.Queued())
	require.Eventually(t, func() bool { return hook.LastEntry() != nil }, 10*time.Second, time.Millisecond)
	assert.Equal(t, "execution records were refused by the store and dropped", hook.LastEntry().Message)
}

func TestWait(t *testing.T) {
	s := &store{}
	r, _ := setup(t, s)
	r.Wait(t.Context(), "unknown")
	r.Begin("x")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r.Wait(ctx, "x") // does not wait longer than its ctx
	var waiting sync.WaitGroup
	for range 3 {
		waiting.Go(func() { r.Wait(context.Background(), "x") })
	}
	r.End("x")
	r.End("x")
	waiting.Wait()
	assert.Empty(t, r.calls)
}

func BenchmarkAdd(b *testing.B) {
	log, _ := test.NewNullLogger()
	r := New(&store{}, log)
	defer func() { _ = r.Close(context.Background()) }()
	e := &picasso.Execution{ID: "x"}
	b.ReportAllocs()
	for b.Loop() {
		r.Add(e)
	}
}
