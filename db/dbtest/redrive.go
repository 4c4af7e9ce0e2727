package dbtest

import (
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

func (s *suite) redriveOne() {
	ctx := s.Context()
	fn := s.makeFunction("p1", picasso.DefaultApp, "f")
	sub := submission(fn, 0)
	sub.TriggerID, sub.EventID, sub.Subject, sub.Depth, sub.Key = newID(), "event", "photos/a", 2, "key"
	sub.Input.Body = pattern(3<<20, 251)
	_, err := s.Enqueue(ctx, sub)
	require.NoError(s, err)
	_, _, err = s.Redrive(ctx, picasso.Redrive{ProjectID: "p1", ID: sub.ID})
	s.wantCode(picasso.CodeConflict, err, "has not ended")
	s.settle(s.claim(fn, 1, 1)[0], picasso.StatusLost)
	<-s.Enqueued()

	_, _, err = s.Redrive(ctx, picasso.Redrive{ProjectID: "p2", ID: sub.ID})
	s.wantCode(picasso.CodeNotFound, err, sub.ID)
	made, more, err := s.Redrive(ctx, picasso.Redrive{ProjectID: "p1", ID: sub.ID, RequestID: "req-again"})
	require.NoError(s, err)
	require.Len(s, made, 1)
	assert.False(s, more)
	select {
	case <-s.Enqueued():
	default:
		assert.Fail(s, "nobody was told")
	}
	again := made[0]
	assert.Equal(s, &again, s.wantStatus(again.ID, picasso.StatusQueued))
	assert.Equal(s, sub.ID, again.RedriveOf)
	assert.Equal(s, "req-again", again.RequestID)
	assert.Equal(s, again.ID, s.wantStatus(sub.ID, picasso.StatusLost).RedrivenAs)
	c := s.claim(fn, 1, 1)[0]
	assert.Equal(s, sub.Input, c.Input)
	assert.Equal(s, 1, c.Attempt)
	assert.Equal(s, []any{sub.TriggerID, sub.EventID, "photos/a", 2, 3}, []any{c.TriggerID, c.EventID, c.Subject, c.Depth, c.MaxAttempts})

	_, _, err = s.Redrive(ctx, picasso.Redrive{ProjectID: "p1", ID: sub.ID})
	s.wantCode(picasso.CodeConflict, err, "redriven already, as "+again.ID)
	s.settle(c, picasso.StatusSucceeded)
	_, _, err = s.Redrive(ctx, picasso.Redrive{ID: again.ID})
	s.wantCode(picasso.CodeConflict, err, "has succeeded")
	sync := newExecution("p1", fn.ID, 1)
	sync.Status = picasso.StatusFailed
	s.record(sync)
	_, _, err = s.Redrive(ctx, picasso.Redrive{ID: sync.ID})
	s.wantCode(picasso.CodeConflict, err, "synchronous")
	last := s.ended(fn, 0, picasso.StatusFailed)
	require.NoError(s, s.DeleteFunction(ctx, "p1", fn.ID))
	_, _, err = s.Redrive(ctx, picasso.Redrive{ID: last})
	s.wantCode(picasso.CodeConflict, err, "function was deleted")
}

// redriveMany: of a function and a time, oldest first, each once; others are passed over.
func (s *suite) redriveMany() {
	ctx := s.Context()
	fn, other := s.makeFunction("p1", picasso.DefaultApp, "f"), s.makeFunction("p1", picasso.DefaultApp, "g")
	statuses := []picasso.Status{picasso.StatusFailed, picasso.StatusTimedOut, picasso.StatusLost}
	var want []string
	for n := range 12 {
		want = append(want, s.ended(fn, time.Duration(n)*time.Minute, statuses[n%3]))
	}
	cancelled := s.ended(fn, time.Minute, picasso.StatusCancelled)
	s.ended(fn, time.Minute, picasso.StatusSucceeded)
	s.ended(other, time.Minute, picasso.StatusFailed)
	sync := newExecution("p1", fn.ID, 1)
	sync.Status = picasso.StatusFailed
	s.record(sync)

	_, _, err := s.Redrive(ctx, picasso.Redrive{ProjectID: "p2", Function: fn.ID, Limit: 5})
	s.wantCode(picasso.CodeNotFound, err, fn.ID)
	all := picasso.Redrive{ProjectID: "p1", Function: fn.ID, Since: start().Add(time.Minute), Until: start().Add(11 * time.Minute), Limit: 4}
	var got []string
	for more := true; more; {
		var made []picasso.Execution
		made, more, err = s.Redrive(ctx, all)
		require.NoError(s, err)
		for _, e := range made {
			got = append(got, e.RedriveOf)
		}
	}
	assert.Equal(s, want[1:11], got)
	made, more, err := s.Redrive(ctx, all)
	require.NoError(s, err)
	assert.Empty(s, made)
	assert.False(s, more)
	s.claim(fn, 100, 10)
	_, _, err = s.Redrive(ctx, picasso.Redrive{ID: cancelled})
	require.NoError(s, err, "by its id alone")
	s.claim(other, 100, 0)
}

// raceRedrive: each is redriven once, however many ask for it.
func (s *suite) raceRedrive() {
	fn := s.makeFunction("p1", picasso.DefaultApp, "f")
	for range 10 {
		s.ended(fn, 0, picasso.StatusFailed)
	}
	s.race(func(int) error {
		_, _, err := s.Redrive(s.Context(), picasso.Redrive{ProjectID: "p1", Function: fn.ID, Limit: 100})
		return err
	})
	s.claim(fn, 100, 10)
}
