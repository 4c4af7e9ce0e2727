package dbtest

import (
	"strings"
	"sync"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// submission is one of a function, due for as long as the test lasts.
func submission(fn *picasso.Function, n int) *picasso.Submission {
	at := start().Add(time.Duration(n) * time.Millisecond)
	return &picasso.Submission{
		Execution: picasso.Execution{
			ID: newID(), ProjectID: fn.ProjectID, FunctionID: fn.ID, Function: fn.Name, App: fn.App,
			MaxAttempts: 3, RunAt: at, CreatedAt: at, RequestID: "req-" + newID(),
		},
		Input: picasso.Payload{Header: map[string][]string{"Content-Type": {"text/plain"}}, Body: []byte(numbered("input", n))},
	}
}

// enqueue puts count of a function into the queue.
func (s *suite) enqueue(fn *picasso.Function, count int) (made []*picasso.Execution) {
	s.Helper()
	made = make([]*picasso.Execution, count)
	var all sync.WaitGroup
	for worker := range racers {
		all.Go(func() {
			for i := worker; i < count; i += racers {
				e, err := s.Enqueue(s.Context(), submission(fn, i))
				assert.NoError(s, err)
				made[i] = e
			}
		})
	}
	all.Wait()
	return made
}

// claim takes up to count of a function and expects as many as given.
func (s *suite) claim(fn *picasso.Function, count, want int) []picasso.Claimed {
	s.Helper()
	claimed, err := s.Claim(s.Context(), []picasso.Claim{{FunctionID: fn.ID, ProjectID: fn.ProjectID, Count: count}}, time.Minute)
	require.NoError(s, err)
	require.Len(s, claimed, want)
	return claimed
}

// wantStatus checks the record.
func (s *suite) wantStatus(id string, status picasso.Status) *picasso.Execution {
	s.Helper()
	e, err := s.Execution(s.Context(), "", id)
	require.NoError(s, err)
	require.Equal(s, status, e.Status)
	return e
}

func (s *suite) enqueueLife() {
	ctx := s.Context()
	fn := s.makeFunction("p1", picasso.DefaultApp, "f")
	sub := submission(fn, 1)
	sub.TriggerID, sub.EventID, sub.CausedBy, sub.RedriveOf = newID(), "event "+strings.Repeat("ü", 200), newID(), newID()
	sub.Subject = "photos/" + strings.Repeat("ü", 508)
	sub.Depth, sub.Destination = 3, "https://host/path?query"
	e, err := s.Enqueue(ctx, sub)
	require.NoError(s, err)
	want := sub.Execution
	want.Status, want.Async, want.InputBytes = picasso.StatusQueued, true, int64(len(sub.Input.Body))
	want.EventID = e.EventID
	assert.Equal(s, &want, e)
	got := s.wantStatus(sub.ID, picasso.StatusQueued)
	assert.True(s, strings.HasPrefix(sub.EventID, got.EventID) && len(got.EventID) > 250, "%q", got.EventID)
	want.EventID = got.EventID
	assert.Equal(s, &want, got)
	select {
	case <-s.Enqueued():
	default:
		assert.Fail(s, "nobody was told")
	}

	again, err := s.Enqueue(ctx, sub) // after an answer that was lost
	require.NoError(s, err)
	assert.Equal(s, sub.ID, again.ID)
	c := s.claim(fn, 9, 1)[0]
	assert.Equal(s, sub.Input, c.Input)
	_, err = s.Enqueue(ctx, sub)
	require.NoError(s, err)
	s.wantStatus(sub.ID, picasso.StatusRunning)

	_, err = s.Enqueue(ctx, submission(&picasso.Function{ID: newID(), ProjectID: "p1"}, 1))
	s.wantCode(picasso.CodeNotFound, err, "function")
}

// recordedOnly: what ended before it began is in the list, but not in the queue.
func (s *suite) recordedOnly() {
	fn := s.makeFunction("p1", picasso.DefaultApp, "f")
	sub := submission(fn, 1)
	sub.Status, sub.Reason, sub.FinishedAt = picasso.StatusFailed, "the chain is too long", sub.CreatedAt
	_, err := s.Enqueue(s.Context(), sub)
	require.NoError(s, err)
	got := s.wantStatus(sub.ID, picasso.StatusFailed)
	assert.Equal(s, sub.Reason, got.Reason)
	assert.Equal(s, sub.FinishedAt, got.FinishedAt)
	assert.True(s, got.Async)
	s.claim(fn, 1, 0)
}

// later: what is not due is not seen.
func (s *suite) later() {
	ctx := s.Context()
	fn := s.makeFunction("p1", picasso.DefaultApp, "f")
	sub := submission(fn, 1)
	sub.RunAt = time.Now().Add(time.Hour)
	e, err := s.Enqueue(ctx, sub)
	require.NoError(s, err)
	assert.WithinDuration(s, sub.RunAt, e.RunAt, time.Microsecond)
	assert.WithinDuration(s, sub.RunAt, s.wantStatus(sub.ID, picasso.StatusQueued).RunAt, time.Microsecond)
	backlog, err := s.Backlog(ctx)
	require.NoError(s, err)
	assert.Empty(s, backlog)
	s.claim(fn, 1, 0)
	select {
	case <-s.Enqueued():
		assert.Fail(s, "there was nothing to tell")
	default:
	}
}

// dedupe: of many with one key, one gets in.
func (s *suite) dedupe() {
	ctx := s.Context()
	fn, other := s.makeFunction("p1", picasso.DefaultApp, "f"), s.makeFunction("p1", picasso.DefaultApp, "g")
	for round := range 3 {
		key := numbered("key", round)
		var mu sync.Mutex
		ids := map[string]bool{}
		s.race(func(n int) error {
			sub := submission(fn, n)
			sub.Key, sub.Input.Body = key, []byte("same")
			e, err := s.Enqueue(ctx, sub)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				ids[e.ID] = true
			}
			return err
		})
		assert.Len(s, ids, 1)
		s.claim(fn, 100, 1)
	}
	first := submission(fn, 1)
	first.Key = "a"
	_, err := s.Enqueue(ctx, first)
	require.NoError(s, err)
	for _, change := range []func(*picasso.Submission){
		func(sub *picasso.Submission) { sub.Input.Body = []byte("another") },
		func(sub *picasso.Submission) { sub.Input.Header = map[string][]string{"Content-Type": {"text/html"}} },
		func(sub *picasso.Submission) { sub.Input = picasso.Payload{} },
	} {
		sub := submission(fn, 1)
		sub.Key = "a"
		change(sub)
		_, err := s.Enqueue(ctx, sub)
		s.wantCode(picasso.CodeConflict, err, "was used with another input")
	}
	for _, change := range []func(*picasso.Submission){
		func(sub *picasso.Submission) { sub.Key = "a " },
		func(sub *picasso.Submission) { sub.Key = "A" },
		func(sub *picasso.Submission) { sub.TriggerID = newID() },
		func(sub *picasso.Submission) { sub.FunctionID = other.ID },
		func(sub *picasso.Submission) { sub.Key = "" },
	} {
		sub := submission(fn, 1)
		sub.Key = "a"
		change(sub)
		e, err := s.Enqueue(ctx, sub)
		require.NoError(s, err)
		assert.Equal(s, sub.ID, e.ID)
	}
}

// hostileQueue: text that has broken programs goes in and comes out.
func (s *suite) hostileQueue() {
	ctx := s.Context()
	fn := s.makeFunction("p1", picasso.DefaultApp, "f")
	for n, text := range append(hostile(), "\xff\xfe", strings.Repeat("\x00", 3<<20)) {
		sub := submission(fn, n)
		sub.Key, sub.EventID, sub.Subject = text, text, text
		sub.Input = picasso.Payload{Header: map[string][]string{"X-Text": {text, ""}}, Body: []byte(text)}
		if text == "\xff\xfe" || len(text) > 1<<20 { // no text, or more than a request may have of it
			sub.Input.Header = nil
		}
		_, err := s.Enqueue(ctx, sub)
		require.NoError(s, err, "%.20q", text)
		c := s.claim(fn, 1, 1)[0]
		assert.True(s, string(c.Input.Body) == text, "%.20q", text)
		assert.Equal(s, sub.Input.Header, c.Input.Header)
		e := c.Execution
		e.Status, e.Reason, e.Host = picasso.StatusFailed, text, text
		require.NoError(s, s.Settle(ctx, &picasso.Settlement{Lease: c.Lease, Execution: e, Result: &sub.Input}))
		result, err := s.ExecutionResult(ctx, "p1", e.ID)
		require.NoError(s, err)
		assert.True(s, string(result.Body) == text, "%.20q", text)
		_, err = s.CancelExecution(ctx, "p1"+text, e.ID, text)
		require.Error(s, err)
	}
}

// badMember: one that cannot be stored fails only itself.
func (s *suite) badMember() {
	fn := s.makeFunction("p1", picasso.DefaultApp, "f")
	won := s.race(func(n int) error {
		sub := submission(fn, n)
		if n%4 == 0 {
			sub.ID = strings.Repeat("x", 100)
			sub.WaitMS = nan()
		}
		_, err := s.Enqueue(s.Context(), sub)
		return err
	}, picasso.CodeInvalid, picasso.CodeInternal, picasso.CodeConflict)
	assert.Equal(s, racers*3/4, won)
	s.claim(fn, racers, racers*3/4)
}
