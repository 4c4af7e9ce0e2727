package dbtest

import (
	"slices"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// purgeRecords: the oldest of each kind go first, with all that belongs to them.
func (s *suite) purgeRecords() {
	ctx := s.Context()
	fn := s.makeFunction("p1", picasso.DefaultApp, "f")
	good, bad := s.ended(fn, 0, picasso.StatusSucceeded), s.ended(fn, 0, picasso.StatusTimedOut)
	fresh := s.ended(fn, time.Hour, picasso.StatusSucceeded)
	then := start().Add(time.Minute)

	s.wantPurged(0, picasso.Retention{}, 10)
	s.wantPurged(0, picasso.Retention{Succeeded: start(), Ended: start()}, 10)
	s.wantPurged(0, picasso.Retention{Succeeded: then}, 0)
	s.wantPurged(1, picasso.Retention{Succeeded: then}, 10)
	_, err := s.Execution(ctx, "p1", good)
	s.wantCode(picasso.CodeNotFound, err, good)
	assert.Empty(s, s.log(good))
	_, err = s.ExecutionResult(ctx, "p1", good)
	s.wantCode(picasso.CodeNotFound, err, good)
	s.wantStatus(bad, picasso.StatusTimedOut)
	s.wantPurged(1, picasso.Retention{Ended: then}, 10)
	_, err = s.Execution(ctx, "p1", bad)
	s.wantCode(picasso.CodeNotFound, err, bad)
	s.wantStatus(fresh, picasso.StatusSucceeded)
	assert.Equal(s, "log", string(s.log(fresh)))
}

func (s *suite) wantPurged(want int, keep picasso.Retention, limit int) {
	s.Helper()
	n, err := s.Purge(s.Context(), keep, limit)
	require.NoError(s, err)
	assert.Equal(s, want, n)
}

// purgeMany: more than fit one transaction or one look, between others that stay.
func (s *suite) purgeMany() {
	var batch []picasso.Execution
	for i := range 5000 {
		e := newExecution("p1", newID(), i/10)
		if i%3 == 0 {
			e.Status = picasso.StatusFailed
		}
		e.Log = []byte("log")
		batch = append(batch, e)
	}
	for some := range slices.Chunk(batch, 500) {
		s.record(some...)
	}
	oldest := picasso.Retention{Succeeded: batch[4000].CreatedAt}
	s.wantPurged(2, oldest, 2)
	_, err := s.Execution(s.Context(), "p1", batch[4999].ID)
	require.NoError(s, err, "oldest first")
	s.wantPurged(4000*2/3-2, oldest, 5000)
	s.wantPurged(0, oldest, 5000)
	s.wantPurged(1334, picasso.Retention{Ended: batch[4000].CreatedAt}, 5000)
	list, _, err := s.Executions(s.Context(), picasso.ExecutionFilter{}, picasso.Page{})
	require.NoError(s, err)
	assert.Len(s, list, 1000)
	assert.Equal(s, "log", string(s.log(batch[4500].ID)))
}

// purgeParts: inputs, results and logs go by their own age, but never those of an execution
// that has not ended, nor its record.
func (s *suite) purgeParts() {
	ctx := s.Context()
	fn := s.makeFunction("p1", picasso.DefaultApp, "f")
	done := s.ended(fn, 0, picasso.StatusFailed)
	queued := submission(fn, 1)
	_, err := s.Enqueue(ctx, queued)
	require.NoError(s, err)
	require.NoError(s, s.AppendLogs(ctx, []picasso.LogPart{
		{ExecutionID: queued.ID, Attempt: 1, Text: []byte("kept")},
		{ExecutionID: newID(), Attempt: 1, Text: []byte("of no execution")},
	}))
	soon := time.Now().Add(time.Hour)

	s.wantPurged(2, picasso.Retention{Logs: soon}, 10)
	assert.Empty(s, s.log(done))
	assert.Equal(s, "kept", string(s.log(queued.ID)))
	s.wantPurged(2, picasso.Retention{Payloads: soon}, 10)
	_, err = s.ExecutionResult(ctx, "p1", done)
	s.wantCode(picasso.CodeNotFound, err, "result")
	_, _, err = s.Redrive(ctx, picasso.Redrive{ProjectID: "p1", ID: done})
	s.wantCode(picasso.CodeConflict, err, "input was purged")
	s.wantStatus(done, picasso.StatusFailed)
	s.wantPurged(1, picasso.Retention{Succeeded: soon, Ended: soon, Payloads: soon, Logs: soon}, 10)
	c := s.claim(fn, 1, 1)[0]
	s.wantPurged(0, picasso.Retention{Succeeded: soon, Ended: soon, Payloads: soon, Logs: soon}, 10)
	assert.Equal(s, queued.Input, c.Input)
	s.settle(c, picasso.StatusSucceeded)
	s.wantPurged(1, picasso.Retention{Succeeded: soon}, 10)
}

// racePurge: nobody who writes is in the way of who purges, and the other way round.
func (s *suite) racePurge() {
	ctx := s.Context()
	fn := s.makeFunction("p1", picasso.DefaultApp, "f")
	made := s.enqueue(fn, 160)
	soon := time.Now().Add(time.Hour)
	s.race(func(n int) error {
		switch n % 4 {
		case 0:
			_, err := s.Purge(ctx, picasso.Retention{Succeeded: soon, Ended: soon, Payloads: soon, Logs: soon}, 100)
			return err
		case 1:
			return s.RecordExecutions(ctx, []picasso.Execution{newExecution("p1", fn.ID, n)})
		}
		claimed, err := s.Claim(ctx, []picasso.Claim{{FunctionID: fn.ID, ProjectID: "p1", Count: 10}}, time.Minute)
		for _, c := range claimed {
			assert.NotEmpty(s, c.Input.Body)
			s.settle(c, picasso.StatusSucceeded)
		}
		return err
	})
	s.claim(fn, len(made), len(made)-10*racers/2)
}
