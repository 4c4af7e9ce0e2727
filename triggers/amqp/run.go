package amqp

import (
	"context"
	"errors"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	firstPause = 100 * time.Millisecond
	// After a restart of the broker, publishers of transient exchanges are
	// heard by those only who are back before them; oslo.messaging tries every second.
	mostPause = time.Second
	// A broker that answers, but not as it should, is not asked as often.
	mostRefusedPause = 30 * time.Second
	settled          = 10 * time.Second // a connection that lived longer was a good one
)

// Run takes messages until work ends, and then waits until those that are being
// handled are done with or patience ends; what is left comes again. No
// broker is waited for, without end. Run can be called once.
func (c *Consumer) Run(work, patience context.Context) {
	defer c.post.close()
	pause, away := firstPause, false
	for {
		began := time.Now()
		s, err := c.open(work)
		if err == nil {
			away = false
			err = s.run(work, patience)
		}
		if work.Err() != nil {
			return
		}
		if !away {
			c.log.WithError(err).Error("notifications cannot be taken; connecting again and again")
		}
		away = true
		if time.Since(began) > settled {
			pause = firstPause
		}
		if !sleep(work, time.Duration(float64(pause)*(1+c.jitter())/2)) {
			return
		}
		pause = nextPause(pause, err)
	}
}

// nextPause doubles it.
func nextPause(pause time.Duration, err error) time.Duration {
	e, ok := errors.AsType[*amqp.Error](err)
	if ok && e.Code >= amqp.AccessRefused && (e.Server || e.Code == amqp.AccessRefused) || errors.Is(err, errCancelled) {
		return min(2*pause, mostRefusedPause)
	}
	return min(2*pause, mostPause)
}

// sleep waits and returns whether ctx let it.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return ctx.Err() == nil
	}
}
