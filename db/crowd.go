package db

import (
	"context"
	"fmt"
	"time"

	"github.com/picasso-faas/picasso"
)

const (
	crowdEvery = time.Second // a project's queue is counted at most so often,
	crowdShare = 20          // and in no more than this part of the time
)

// crowd is what this process knows of the queue of a project.
type crowd struct {
	counted  int       // the last time
	admitted int       // by this process since
	next     time.Time // when to count again
	counting bool
}

// LimitQueued makes Enqueue refuse what a project queues beyond so many executions; 0 is any
// number. The queue is counted about once a second, and what this process lets in meanwhile is
// added: what others let in within that second, and what is being committed, may go beyond the
// limit; what is committed while it counts is taken twice until it counts again. What Fire,
// Settle and Redrive queue counts, and is never refused. Call it before all other methods.
func (s *Store) LimitQueued(limit int) {
	s.maxQueued, s.crowds = limit, map[string]*crowd{}
}

// admit lets a submission in, or not. Errors: rate_limited, unavailable.
func (s *Store) admit(ctx context.Context, sub *picasso.Submission) error {
	if s.maxQueued == 0 || sub.Status.Ended() {
		return nil
	}
	if err := s.recount(ctx, sub.ProjectID); err != nil {
		return err
	}
	s.crowdMu.Lock()
	defer s.crowdMu.Unlock()
	c := s.crowds[sub.ProjectID]
	if c.counted+c.admitted >= s.maxQueued {
		return picasso.Errorf(picasso.CodeRateLimited, "the project has as many executions queued as it may, %d", s.maxQueued).WithRetryAfter(crowdEvery)
	}
	c.admitted++
	return nil
}

// recount counts the queue of a project if it is time to, and nobody does already.
func (s *Store) recount(ctx context.Context, project string) error {
	c, before := s.mayCount(project)
	if c == nil {
		return nil
	}
	began := s.now()
	queued, _, err := s.Queued(ctx, project)
	s.crowdMu.Lock()
	defer s.crowdMu.Unlock()
	c.counting = false
	if err == nil {
		now := s.now()
		c.counted, c.next = queued, now.Add(max(crowdEvery, crowdShare*now.Sub(began)))
		c.admitted -= before
	}
	return err
}

// mayCount returns the crowd that its caller has to count now, and what was admitted before
// that; nil for none.
func (s *Store) mayCount(project string) (c *crowd, before int) {
	s.crowdMu.Lock()
	defer s.crowdMu.Unlock()
	c = s.crowds[project]
	if c == nil {
		c = &crowd{}
		s.crowds[project] = c
	}
	if c.counting || s.now().Before(c.next) {
		return nil, 0
	}
	c.counting = true
	return c, c.admitted
}

// Queued implements picasso.UsageStore. It counts no further than the limit.
func (s *Store) Queued(ctx context.Context, projectID string) (queued, limit int, err error) {
	if s.maxQueued == 0 {
		return 0, 0, nil
	}
	err = s.try(ctx, "queue", func(ctx context.Context) error {
		return s.read.QueryRowContext(ctx, s.queuedSQL(), projectID).Scan(&queued)
	})
	return queued, s.maxQueued, err
}

// queuedSQL reads the part of the queue's index that each function of the project has.
func (s *Store) queuedSQL() string {
	join := "CROSS JOIN"
	if s.place.mysql != nil {
		join = "STRAIGHT_JOIN"
	}
	return fmt.Sprintf("SELECT COUNT(*) FROM (SELECT f.id FROM functions f %s executions%s ON open_as = f.id WHERE f.project_id = ? LIMIT %d) some",
		join, s.byQueue(), s.maxQueued)
}
