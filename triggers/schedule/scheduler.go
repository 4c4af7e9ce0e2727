package schedule

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sync/errgroup"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/triggers/submission"
)

const (
	pollInterval = time.Second            // at most; a schedule that is new is seen so late
	yieldFor     = 100 * time.Millisecond // when everything due was somebody else's, or failed
	batch        = 256                    // schedules looked at in one step
	firingAtOnce = 8                      // their commits share a write of the log on disk
)

// Config is what a Scheduler works with. Everything is required.
type Config struct {
	Triggers  picasso.TriggerStore
	Functions picasso.FunctionStore
	Events    picasso.EventStore
	Log       *logrus.Logger
	Now       func() time.Time
	NewID     func() string  // of executions, in the order of their making
	Jitter    func() float64 // 0..1: where to begin, so that processes do not collide
}

// Scheduler fires schedules that are due.
type Scheduler struct {
	cfg   Config
	maker submission.Maker
}

// New returns a Scheduler, which does nothing before Run.
func New(cfg Config) *Scheduler {
	return &Scheduler{cfg: cfg, maker: submission.Maker{Now: cfg.Now, NewID: cfg.NewID}}
}

// Run fires until ctx ends. A store that does not answer is logged once, and
// asked again every second.
func (s *Scheduler) Run(ctx context.Context) {
	down := false
	for ctx.Err() == nil {
		next, err := s.Step(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !down:
			s.cfg.Log.WithError(err).Warn("schedules do not fire: the store does not answer")
		case err == nil && down:
			s.cfg.Log.Info("schedules fire again")
		}
		down = err != nil
		s.sleep(ctx, next)
	}
}

// sleep ends at the given time (zero: none), but takes pollInterval at most:
// schedules change, and the clock may be set.
func (s *Scheduler) sleep(ctx context.Context, until time.Time) {
	pause := pollInterval
	if !until.IsZero() {
		pause = min(pause, until.Sub(s.cfg.Now()))
	}
	if pause <= 0 {
		return
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// Step fires what is due now and returns when to come again; zero: nothing is
// planned. Errors: unavailable; then, too, some may have fired.
func (s *Scheduler) Step(ctx context.Context) (next time.Time, err error) {
	now := s.cfg.Now().UTC()
	due, next, err := s.cfg.Triggers.DueSchedules(ctx, now, batch)
	if err != nil || len(due) == 0 {
		return next, err
	}
	var fired atomic.Int64
	var group errgroup.Group
	group.SetLimit(firingAtOnce)
	start := int(s.cfg.Jitter() * float64(len(due)))
	for i := range due {
		t := &due[(start+i)%len(due)]
		group.Go(func() error {
			err := s.fire(ctx, t, now)
			if err == nil {
				fired.Add(1)
			}
			return s.failed(ctx, t, err)
		})
	}
	if err := group.Wait(); err != nil {
		return time.Time{}, err
	}
	if fired.Load() == 0 {
		return now.Add(yieldFor), nil
	}
	return now, nil // there may be more, or the same ones again
}

// failed logs what only concerns one schedule and returns what concerns all.
// A conflict is no failure: another process fired it, or somebody changed it.
func (s *Scheduler) failed(ctx context.Context, t *picasso.Trigger, err error) error {
	switch code := picasso.CodeOf(err); {
	case err == nil, code == picasso.CodeConflict, code == picasso.CodeNotFound:
		return nil
	case code == picasso.CodeUnavailable, ctx.Err() != nil:
		return err
	}
	s.log(t).WithError(err).Error("schedule does not fire")
	return nil
}

func (s *Scheduler) log(t *picasso.Trigger) *logrus.Entry {
	return s.cfg.Log.WithFields(logrus.Fields{"trigger": t.ID, "project": t.ProjectID})
}
