package triggers

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/sirupsen/logrus"
)

const (
	purgeEvery = time.Hour
	purgeRows  = 500                   // of each kind in one step: a transaction of milliseconds
	purgeRest  = 50 * time.Millisecond // between two steps: purging is never in a hurry
)

// recoverLeases puts back into the queue what nobody runs any more. Leases that
// ran out while the store was away are still in hand: when it is back, one
// interval passes in which everybody renews his.
func (s *Service) recoverLeases(ctx context.Context) error {
	if s.storeWasAway {
		_, err := s.cfg.Queue.Renew(ctx, nil, 0) // only to see whether it answers
		s.storeWasAway = err != nil
		return err
	}
	for {
		n, err := s.cfg.Queue.Recover(ctx)
		s.storeWasAway = err != nil
		if err != nil || n == 0 {
			return err
		}
		s.cfg.Log.WithField("executions", n).Info("executions were recovered from processes that are gone")
	}
}

// purge deletes what is older than it is to be kept.
func (s *Service) purge(ctx context.Context) error {
	total := 0
	keep := s.cfg.Retention.before(s.now())
	for {
		n, err := s.cfg.Executions.Purge(ctx, keep, purgeRows)
		total += n
		if err != nil || n == 0 {
			if total > 0 {
				s.cfg.Log.WithField("rows", total).Info("old executions were purged")
			}
			return err
		}
		if !rest(ctx, purgeRest) {
			return nil
		}
	}
}

// every does something at an interval until ctx ends, for the first time after
// one. What fails is logged when it begins to, and tried at the next interval.
func (s *Service) every(ctx context.Context, interval time.Duration, name string, do func(context.Context) error) {
	failing := false
	for rest(ctx, interval) {
		err := s.guard(ctx, do)
		if ctx.Err() != nil {
			return
		}
		entry := s.cfg.Log.WithFields(logrus.Fields{"task": name})
		switch {
		case err != nil && !failing:
			entry.WithError(err).Warn("a recurring task failed; trying again")
		case err == nil && failing:
			entry.Info("a recurring task works again")
		}
		failing = err != nil
	}
}

// guard makes an error of a panic: one part must not end the others.
func (s *Service) guard(ctx context.Context, do func(context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			s.cfg.Log.WithField("stack", string(debug.Stack())).Error("a recurring task panicked")
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return do(ctx)
}

// rest waits and returns whether ctx let it.
func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}
