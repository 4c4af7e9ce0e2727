package dbtest

import (
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// settle ends what was claimed.
func (s *suite) settle(c picasso.Claimed, status picasso.Status) {
	s.Helper()
	e := c.Execution
	e.Status, e.FinishedAt = status, e.StartedAt.Add(time.Second)
	require.NoError(s, s.Settle(s.Context(), &picasso.Settlement{Lease: c.Lease, Execution: e}))
}

func (s *suite) settleLife() {
	ctx := s.Context()
	fn, next := s.makeFunction("p1", picasso.DefaultApp, "f"), s.makeFunction("p1", picasso.DefaultApp, "g")
	s.enqueue(fn, 1)
	c := s.claim(fn, 1, 1)[0]
	code := 3
	e := c.Execution
	e.Status, e.Reason, e.Revision, e.Host = picasso.StatusFailed, "it did", 7, "host"
	e.StartedAt, e.FinishedAt = start(), start().Add(time.Minute)
	e.WaitMS, e.ColdStartMS, e.RunMS, e.ExitCode, e.HTTPStatus, e.OutputBytes = 1, 2, 3, &code, 500, 9
	result := &picasso.Payload{Header: map[string][]string{"Content-Type": {"a/b"}}, Body: []byte("answer")}
	caused := submission(next, 2)
	caused.CausedBy, caused.Depth = e.ID, 1
	settlement := &picasso.Settlement{Lease: c.Lease, Execution: e, Result: result, Next: caused}
	require.NoError(s, s.Settle(ctx, settlement))

	e.RunAt = time.Time{}
	got := s.wantStatus(e.ID, picasso.StatusFailed)
	assert.Equal(s, &e, got)
	payload, err := s.ExecutionResult(ctx, "p1", e.ID)
	require.NoError(s, err)
	assert.Equal(s, result, payload)
	_, err = s.ExecutionResult(ctx, "p2", e.ID)
	s.wantCode(picasso.CodeNotFound, err, e.ID)
	n := s.claim(next, 1, 1)[0]
	assert.Equal(s, e.ID, n.CausedBy)
	assert.Equal(s, caused.Input, n.Input)
	_, err = s.ExecutionResult(ctx, "p1", n.ID)
	s.wantCode(picasso.CodeNotFound, err, "result")

	settlement.Execution.Status, settlement.Result, settlement.Next = picasso.StatusSucceeded, &picasso.Payload{}, submission(next, 3)
	s.wantCode(picasso.CodeConflict, s.Settle(ctx, settlement), "lease")
	s.wantStatus(e.ID, picasso.StatusFailed)
	s.claim(next, 1, 0)
}

// retry: what is to be tried again keeps everything it needs.
func (s *suite) retry() {
	ctx := s.Context()
	fn := s.makeFunction("p1", picasso.DefaultApp, "f")
	s.enqueue(fn, 1)
	for attempt := 1; attempt <= 3; attempt++ {
		c := s.claim(fn, 1, 1)[0]
		assert.Equal(s, attempt, c.Attempt)
		assert.EqualValues(s, attempt, c.Lease.Number)
		assert.Equal(s, numbered("input", 0), string(c.Input.Body))
		e := c.Execution
		e.Status, e.Reason, e.RunAt = picasso.StatusQueued, numbered("failure", attempt), start()
		e.FinishedAt = start()
		require.NoError(s, s.Settle(ctx, &picasso.Settlement{Lease: c.Lease, Execution: e}))
		got := s.wantStatus(c.ID, picasso.StatusQueued)
		assert.Equal(s, e.Reason, got.Reason)
		assert.Equal(s, start(), got.RunAt)
		assert.True(s, got.FinishedAt.IsZero(), "it has not ended")
	}
	c := s.claim(fn, 1, 1)[0] // the platform failed it: no attempt
	e := c.Execution
	e.Status, e.RunAt, e.Attempt = picasso.StatusQueued, start(), e.Attempt-1
	require.NoError(s, s.Settle(ctx, &picasso.Settlement{Lease: c.Lease, Execution: e}))
	c = s.claim(fn, 1, 1)[0]
	assert.Equal(s, 4, c.Attempt)
	assert.Equal(s, 1, c.Failures)
	e.RunAt = time.Now().Add(time.Hour)
	require.NoError(s, s.Settle(ctx, &picasso.Settlement{Lease: c.Lease, Execution: e}))
	s.claim(fn, 1, 0)
	s.wantBacklog()
}

// fencing: a lease that ran out is given to another, and the first has no say any more.
func (s *suite) fencing() {
	ctx := s.Context()
	fn := s.makeFunction("p1", picasso.DefaultApp, "f")
	s.enqueue(fn, 1) // years old: that alone loses nothing
	claims := []picasso.Claim{{FunctionID: fn.ID, ProjectID: "p1", Count: 1}}
	claimed, err := s.Claim(ctx, claims, time.Microsecond)
	require.NoError(s, err)
	require.Len(s, claimed, 1)
	first := claimed[0]
	recovered := 0
	require.Eventually(s, func() bool {
		n, err := s.Recover(ctx)
		require.NoError(s, err)
		recovered += n
		return recovered > 0
	}, time.Minute, time.Millisecond)
	assert.Equal(s, 1, recovered)
	got := s.wantStatus(first.ID, picasso.StatusQueued)
	assert.Zero(s, got.Attempt, "an attempt that the platform lost does not count")
	assert.Contains(s, got.Reason, "Host lost")

	require.Eventually(s, func() bool { // after a pause
		claimed, err = s.Claim(ctx, claims, time.Minute)
		require.NoError(s, err)
		return len(claimed) == 1
	}, time.Minute, time.Millisecond)
	second := claimed[0]
	assert.EqualValues(s, 2, second.Lease.Number)
	assert.Equal(s, 1, second.Attempt)
	assert.Equal(s, 1, second.Failures)

	lost, err := s.Renew(ctx, []picasso.Lease{first.Lease, second.Lease}, time.Minute)
	require.NoError(s, err)
	assert.Equal(s, []picasso.Lease{first.Lease}, lost)
	e := first.Execution
	e.Status = picasso.StatusSucceeded
	s.wantCode(picasso.CodeConflict, s.Settle(ctx, &picasso.Settlement{Lease: first.Lease, Execution: e}), "lease")
	s.settle(second, picasso.StatusSucceeded)
	n, err := s.Recover(ctx)
	require.NoError(s, err)
	assert.Zero(s, n)
}

// renewal keeps what would run out.
func (s *suite) renewal() {
	ctx := s.Context()
	fn := s.makeFunction("p1", picasso.DefaultApp, "f")
	s.enqueue(fn, 20)
	claimed, err := s.Claim(ctx, []picasso.Claim{{FunctionID: fn.ID, ProjectID: "p1", Count: 20}}, time.Microsecond)
	require.NoError(s, err)
	require.Len(s, claimed, 20)
	var held []picasso.Lease
	for _, c := range claimed {
		held = append(held, c.Lease)
	}
	s.settle(claimed[3], picasso.StatusSucceeded)
	_, err = s.CancelExecution(ctx, "p1", claimed[7].ID, "by the user")
	require.NoError(s, err)
	held = append(held, picasso.Lease{ExecutionID: newID(), Number: 1})
	lost, err := s.Renew(ctx, held, time.Minute) // still held: nobody else has claimed it
	require.NoError(s, err)
	assert.ElementsMatch(s, []picasso.Lease{held[3], held[7], held[20]}, lost)
	n, err := s.Recover(ctx)
	require.NoError(s, err)
	assert.Zero(s, n)
	lost, err = s.Renew(ctx, nil, time.Minute)
	require.NoError(s, err)
	assert.Empty(s, lost)
}

// orphans: what waits for a function that was deleted is cancelled and in nobody's way.
func (s *suite) orphans() {
	ctx := s.Context()
	gone, stays := s.makeFunction("p1", picasso.DefaultApp, "gone"), s.makeFunction("p1", picasso.DefaultApp, "stays")
	made := s.enqueue(gone, 1200)
	s.enqueue(stays, 1)
	require.NoError(s, s.DeleteFunction(ctx, "p1", gone.ID))
	s.claim(gone, 9, 0)
	s.wantBacklog(picasso.Backlog{ProjectID: "p1", FunctionID: stays.ID})
	n, err := s.Recover(ctx)
	require.NoError(s, err)
	assert.Zero(s, n, "no process has lost them")
	s.wantStatus(made[len(made)-1].ID, picasso.StatusCancelled)
	got := s.wantStatus(made[7].ID, picasso.StatusCancelled)
	assert.Contains(s, got.Reason, "function was deleted")
	assert.False(s, got.FinishedAt.IsZero())
	s.claim(stays, 9, 1)
}

func (s *suite) cancel() {
	ctx := s.Context()
	fn := s.makeFunction("p1", picasso.DefaultApp, "f")
	made := s.enqueue(fn, 2)
	c := s.claim(fn, 1, 1)[0]
	for n, e := range made {
		_, err := s.CancelExecution(ctx, "p2", e.ID, "x")
		s.wantCode(picasso.CodeNotFound, err, e.ID)
		before, err := s.CancelExecution(ctx, "p1", e.ID, "by the user")
		require.NoError(s, err)
		assert.Equal(s, []picasso.Status{picasso.StatusRunning, picasso.StatusQueued}[n], before.Status)
		got := s.wantStatus(e.ID, picasso.StatusCancelled)
		assert.Equal(s, "by the user", got.Reason)
		assert.False(s, got.FinishedAt.IsZero())
		assert.True(s, got.RunAt.IsZero())
		_, err = s.CancelExecution(ctx, "p1", e.ID, "again")
		s.wantCode(picasso.CodeConflict, err, "has ended")
	}
	lost, err := s.Renew(ctx, []picasso.Lease{c.Lease}, time.Minute)
	require.NoError(s, err)
	assert.Equal(s, []picasso.Lease{c.Lease}, lost)
	e := c.Execution
	e.Status = picasso.StatusSucceeded
	s.wantCode(picasso.CodeConflict, s.Settle(ctx, &picasso.Settlement{Lease: c.Lease, Execution: e}), "lease")
	s.claim(fn, 9, 0)
	s.wantBacklog()
}

// raceCancel: an execution that is cancelled and settled at once ends one way.
func (s *suite) raceCancel() {
	ctx := s.Context()
	fn := s.makeFunction("p1", picasso.DefaultApp, "f")
	s.enqueue(fn, 10)
	for _, c := range s.claim(fn, 10, 10) {
		var cancelled atomic.Bool
		won := s.race(func(n int) error {
			if n%2 == 0 {
				_, err := s.CancelExecution(ctx, "p1", c.ID, "by the user")
				if err == nil {
					cancelled.Store(true)
				}
				return err
			}
			e := c.Execution
			e.Status = picasso.StatusSucceeded
			return s.Settle(ctx, &picasso.Settlement{Lease: c.Lease, Execution: e})
		}, picasso.CodeConflict)
		assert.Equal(s, 1, won)
		status := picasso.StatusSucceeded
		if cancelled.Load() {
			status = picasso.StatusCancelled
		}
		s.wantStatus(c.ID, status)
	}
}
