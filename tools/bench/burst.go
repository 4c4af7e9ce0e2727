package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/picasso-faas/picasso/tools/bench/load"
)

// burst is the rows of many calls at once of a function that nobody has called.
func (b *bench) burst(ctx context.Context) (err error) {
	s, err := b.start(ctx, "all-in-one", b.options.auth, "picasso-allinone")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	lone, all := "one cold call of 2 ms", fmt.Sprintf("burst of %d calls of 2 ms, all answered", b.options.burst)
	most := 0
	for round := range b.options.rounds {
		took, err := b.coldCall(ctx, s, sleeper("lone", round, 2), nil)
		if err != nil {
			return err
		}
		b.report.addTime(lone, took)
		answered, sandboxes, err := b.burstOf(ctx, s, sleeper("burst", round, 2))
		if err != nil {
			return err
		}
		b.report.addTime(all, answered)
		most = max(most, sandboxes)
		b.say("burst of 2 ms, round %d of %d: %.0f ms (one: %.0f), %d sandboxes", round+1, b.options.rounds, milliseconds(answered), milliseconds(took), sandboxes)
	}
	b.report.addRatio(fmt.Sprintf("burst of %d × 2 ms, × one cold start", b.options.burst), ratio(b.report.median(all), b.report.median(lone)), atMost(1.5))
	b.report.addCount(fmt.Sprintf("burst of %d × 2 ms, sandboxes", b.options.burst), most, 4)
	return b.longBurst(ctx, s)
}

// longBurst is the burst that needs many sandboxes. It is compared with what
// the rate of starts would allow if all of them were used at once.
func (b *bench) longBurst(ctx context.Context, s *service) error {
	const run = 2 * time.Second
	rate, err := b.docker.StartRate(ctx, echoImage, okCall(), 16)
	if err != nil {
		return err
	}
	answered, sandboxes, err := b.burstOf(ctx, s, sleeper("long", 0, int(run.Milliseconds())))
	if err != nil {
		return err
	}
	best := bestBurst(b.options.burst, run, rate)
	row := fmt.Sprintf("burst of %d calls of 2 s", b.options.burst)
	b.report.addTime(row+", all answered", answered)
	b.report.addTime(row+", at Docker's rate of starts", best)
	b.report.addNote(fmt.Sprintf("The %s: %d sandboxes. Docker starts %.1f containers/s, two at a time.", row, sandboxes, rate))
	b.say("burst of 2 s: %.1f s, %d sandboxes; at %.1f starts/s it could be %.1f s", answered.Seconds(), sandboxes, rate, best.Seconds())
	return nil
}

// burstOf calls a new function many times at once, and counts its sandboxes.
func (b *bench) burstOf(ctx context.Context, s *service, f function) (time.Duration, int, error) {
	id, called, err := s.create(ctx, f, nil)
	if err != nil {
		return 0, 0, err
	}
	if err := wait(ctx, settle); err != nil {
		return 0, 0, err
	}
	target := called.target([]byte("x"))
	target.Body = nil
	r, err := load.Run(ctx, target, load.Options{Connections: b.options.burst, Requests: 1})
	if err != nil {
		return 0, 0, err
	}
	n, err := s.sandboxes(ctx, id)
	return r.Elapsed, n, errors.Join(err, s.remove(ctx, id))
}

// sleeper is a function whose calls take a while and no processor time.
func sleeper(name string, round, milliseconds int) function {
	return function{Name: fmt.Sprintf("%s-%d", name, round), Image: testImage, Command: []string{"sleep", strconv.Itoa(milliseconds)}, QueueS: 120}
}

// bestBurst is how soon n calls can have ended when the ith sandbox is ready
// after i/rate seconds and each then takes one call after the other.
func bestBurst(n int, run time.Duration, rate float64) time.Duration {
	const step = 10 * time.Millisecond
	for end := run; ; end += step {
		calls := 0
		for i := 1; i <= n; i++ {
			ready := time.Duration(float64(i) / rate * float64(time.Second))
			if ready < end {
				calls += int((end - ready) / run)
			}
		}
		if calls >= n {
			return end
		}
	}
}
