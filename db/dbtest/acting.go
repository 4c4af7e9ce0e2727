package dbtest

import (
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

const claimFor = time.Minute

// wantActing checks who may have done something, by their ids in any order.
func (s *suite) wantActing(a picasso.Acting, want ...string) {
	s.Helper()
	list, err := s.Acting(s.Context(), a)
	require.NoError(s, err)
	ids := []string{}
	for _, e := range list {
		ids = append(ids, e.ID)
		assert.Equal(s, s.wantStatus(e.ID, e.Status), &e)
	}
	assert.ElementsMatch(s, want, ids)
}

func (s *suite) acting() {
	ctx := s.Context()
	fn, plain, foreign := s.entrusted("p1", "f"), s.makeFunction("p1", picasso.DefaultApp, "plain"), s.entrusted("p2", "f")
	s.enqueue(fn, 3)
	s.enqueue(plain, 1)
	s.enqueue(foreign, 1)
	s.wantActing(picasso.Acting{ProjectID: "p1", UserID: "alice", At: time.Now()})
	claimed := s.claim(fn, 3, 3)
	s.claim(plain, 1, 1)
	theirs := s.claim(foreign, 1, 1)[0]
	now := time.Now()
	alice := picasso.Acting{ProjectID: "p1", UserID: "alice", At: now}
	s.wantActing(alice, claimed[0].ID, claimed[1].ID, claimed[2].ID)
	s.wantActing(picasso.Acting{ProjectID: "p2", UserID: "alice", At: now}, theirs.ID)
	s.wantActing(picasso.Acting{ProjectID: "p1", UserID: "bob", At: now})
	s.wantActing(picasso.Acting{ProjectID: "p3", UserID: "alice", At: now})

	s.settle(claimed[0], picasso.StatusSucceeded)
	_, err := s.CancelExecution(ctx, "p1", claimed[1].ID, "enough")
	require.NoError(s, err)
	again := claimed[2].Execution
	again.Status, again.RunAt = picasso.StatusQueued, now.Add(time.Hour)
	require.NoError(s, s.Settle(ctx, &picasso.Settlement{Lease: claimed[2].Lease, Execution: again}))
	s.wantActing(alice, claimed[0].ID, claimed[1].ID, claimed[2].ID)

	for _, at := range []time.Time{now.Add(-time.Minute), time.Now().Add(time.Minute)} { // before, and after
		s.wantActing(picasso.Acting{ProjectID: "p1", UserID: "alice", At: at})
		s.wantActing(picasso.Acting{ProjectID: "p1", UserID: "alice", At: at, Within: 2 * time.Minute}, claimed[0].ID, claimed[1].ID, claimed[2].ID)
	}
	s.wantActing(picasso.Acting{ProjectID: "p2", UserID: "alice", At: time.Now().Add(time.Minute)}, theirs.ID) // runs still
}

// actingTrigger: what waits of the trigger is told, too, whoever it will act as.
func (s *suite) actingTrigger() {
	ctx := s.Context()
	fn := s.entrusted("p1", "f")
	triggerID := newID()
	var ids []string
	for n := range 3 {
		sub := submission(fn, n)
		sub.TriggerID, sub.Subject = triggerID, numbered("photos/ü", n)
		_, err := s.Enqueue(ctx, sub)
		require.NoError(s, err)
		ids = append(ids, sub.ID)
	}
	other := submission(fn, 9)
	other.TriggerID = newID()
	_, err := s.Enqueue(ctx, other)
	require.NoError(s, err)
	ran := s.claim(fn, 1, 1)[0]
	s.settle(ran, picasso.StatusSucceeded)
	running := s.claim(fn, 1, 1)[0]
	assert.Equal(s, []string{ids[0], ids[1]}, []string{ran.ID, running.ID}, "oldest first")

	all := picasso.Acting{ProjectID: "p1", UserID: "alice", TriggerID: triggerID, At: time.Now(), Within: time.Minute}
	s.wantActing(all, ids...)
	all.UserID = "nobody"
	s.wantActing(all, ids[2])
	list, err := s.Acting(ctx, all)
	require.NoError(s, err)
	assert.Zero(s, list[0].StartedAt)
	assert.Equal(s, "photos/ü-002", list[0].Subject)
}

// actingBefore: a trust counts for those that were claimed with it, and what the
// platform lost has run, too.
func (s *suite) actingBefore() {
	ctx := s.Context()
	fn := s.entrusted("p1", "f")
	s.enqueue(fn, 2)
	claims := []picasso.Claim{{FunctionID: fn.ID, ProjectID: "p1", Count: 1}}
	lost, err := s.Claim(ctx, claims, time.Microsecond)
	require.NoError(s, err)
	require.Len(s, lost, 1)
	before := fn.UpdatedAt
	fn.Trust, fn.UpdatedAt = newTrust("bob"), fresh(1)
	require.NoError(s, s.UpdateFunction(ctx, fn, before))
	at := time.Now()
	require.Eventually(s, func() bool {
		n, err := s.Recover(ctx)
		return err == nil && n == 1
	}, time.Minute, time.Millisecond)
	var claimed []picasso.Claimed
	require.Eventually(s, func() bool {
		more, err := s.Claim(ctx, claims, claimFor)
		claimed = append(claimed, more...)
		return err == nil && len(claimed) == 2
	}, time.Minute, time.Millisecond)
	s.wantActing(picasso.Acting{ProjectID: "p1", UserID: "alice", At: at}, lost[0].ID)
	s.wantActing(picasso.Acting{ProjectID: "p1", UserID: "bob", At: time.Now()}, claimed[0].ID, claimed[1].ID)

	for _, c := range claimed {
		s.settle(c, picasso.StatusSucceeded)
	}
	_, err = s.Purge(ctx, picasso.Retention{Succeeded: time.Now()}, 100)
	require.NoError(s, err)
	s.wantActing(picasso.Acting{ProjectID: "p1", UserID: "bob", At: time.Now(), Within: time.Minute})
}

// actingMany: those that ran are found, however many wait behind them.
func (s *suite) actingMany() {
	const count = 300
	fn := s.entrusted("p1", "f")
	triggerID := newID()
	fill := func() {
		s.race(func(n int) error {
			for i := n; i < count; i += racers {
				sub := submission(fn, i)
				sub.TriggerID = triggerID
				if _, err := s.Enqueue(s.Context(), sub); err != nil {
					return err
				}
			}
			return nil
		})
	}
	fill()
	var ran []string
	for _, c := range s.claim(fn, 150, 150) {
		s.settle(c, picasso.StatusSucceeded)
		ran = append(ran, c.ID)
	}
	fill()
	list, err := s.Acting(s.Context(), picasso.Acting{ProjectID: "p1", UserID: "alice", TriggerID: triggerID, At: time.Now(), Within: time.Minute})
	require.NoError(s, err)
	assert.Equal(s, 150+100, len(list))
	var got []string
	for i := range list {
		got = append(got, list[i].ID)
	}
	assert.Subset(s, got, ran)
}
