package api

import (
	"time"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/internal/guard"
)

const (
	followEvery    = 250 * time.Millisecond // a follower asks the store
	followOutage   = time.Minute            // a follower waits for a store that is unavailable
	maxFollowers   = 200                    // of this process: each asks the store eight times a second
	followersShare = 20                     // of one project
)

func (s *Server) showLog(req *request, a guard.Access) error {
	follow, err := flag(req.query, "follow")
	if err != nil {
		return err
	}
	ref := req.ref("execution")
	s.flushRecords(req, ref)
	e, err := s.Executions.Execution(req.Context(), a.Scope(ref), ref)
	if err != nil {
		return err
	}
	log := newLogAnswer(req, s.Logs, e.ID)
	if follow && !e.Status.Ended() {
		return s.follow(e, log)
	}
	return log.advance()
}

// follow writes the log until the execution has ended and all of it is out,
// the client is gone, or the server stops. Errors: rate_limited, those of the store.
func (s *Server) follow(e *picasso.Execution, log *logAnswer) error {
	req := log.req
	if !s.followers.Take(req.project, 1) {
		return tooManyFollowers()
	}
	defer s.followers.Give(req.project, 1)
	log.live = true
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for answered := time.Now(); ; {
		next, err := s.followStep(e, log)
		switch {
		case next == nil && err == nil, log.gone != nil:
			return nil
		case err == nil:
			e, answered = next, time.Now()
		case picasso.CodeOf(err) != picasso.CodeUnavailable || time.Since(answered) > followOutage:
			return err
		}
		select {
		case <-tick.C:
		case <-req.Context().Done():
			return nil
		case <-s.stopping:
			return nil
		}
	}
}

// followStep writes what is new and returns the execution as it is then, or
// nil when that was all: the log of an execution is whole before it ends.
func (s *Server) followStep(e *picasso.Execution, log *logAnswer) (*picasso.Execution, error) {
	if err := log.advance(); err != nil {
		return nil, err
	}
	if e.Status.Ended() {
		return nil, log.complete()
	}
	return s.Executions.Execution(log.req.Context(), e.ProjectID, e.ID)
}

func tooManyFollowers() error {
	return picasso.Errorf(picasso.CodeRateLimited, "follow: too many logs are being followed at once").WithRetryAfter(5 * time.Second)
}
