package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/picasso-faas/picasso/tools/bench/load"
)

// settle is the pause before a cold start, in which the engine prepares a
// network namespace again and Docker finishes what it does after a removal.
const settle = time.Second

// The rows of times.
const (
	coldDocker = "cold start, docker"
	coldOurs   = "cold start, all-in-one"
	coldRun    = "container per call, docker"
	coldStdio  = "container per call, all-in-one (stdio)"
)

// cold compares first answers with Docker's quickest, and hot calls with a
// container for each call.
func (b *bench) cold(ctx context.Context) (err error) {
	s, err := b.start(ctx, "all-in-one", b.options.auth, "picasso-allinone")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	_, perCall, err := s.create(ctx, function{Name: "per-call", Image: testImage, Contract: "stdio", Command: []string{"echo"}}, nil)
	if err != nil {
		return err
	}
	for round := range b.options.coldRound {
		if err := b.dockerCold(ctx, round); err != nil {
			return err
		}
		took, err := b.coldCall(ctx, s, function{Name: fmt.Sprintf("cold-%d", round), Image: echoImage}, []byte("ok"))
		if err != nil {
			return err
		}
		b.report.addTime(coldOurs, took)
		b.say("cold, round %d of %d: all-in-one %.0f ms", round+1, b.options.coldRound, milliseconds(took))
		if took, err = once(ctx, perCall, []byte("ok")); err != nil {
			return err
		}
		b.report.addTime(coldStdio, took)
	}
	b.report.addRatio("cold start, × docker", ratio(b.report.median(coldOurs), b.report.median(coldDocker)), atMost(1.15))
	b.report.addHotCold(b.hot)
	return nil
}

// dockerCold measures the yardsticks of a cold start.
func (b *bench) dockerCold(ctx context.Context, round int) error {
	if err := wait(ctx, settle); err != nil {
		return err
	}
	took, err := b.docker.ColdStart(ctx, echoImage, okCall())
	if err != nil {
		return err
	}
	b.report.addTime(coldDocker, took)
	b.say("cold, round %d of %d: docker %.0f ms", round+1, b.options.coldRound, milliseconds(took))
	if took, err = b.docker.RunOnce(ctx, testImage, "count"); err != nil {
		return err
	}
	b.report.addTime(coldRun, took)
	return nil
}

// coldCall measures the first call of a new function, and deletes it.
func (b *bench) coldCall(ctx context.Context, s *service, f function, body []byte) (time.Duration, error) {
	id, called, err := s.create(ctx, f, nil)
	if err != nil {
		return 0, err
	}
	if err := wait(ctx, settle); err != nil {
		return 0, err
	}
	target := called.target(body)
	if f.Image == testImage {
		target.Body = nil // it answers with something of its own
	}
	r, err := load.Run(ctx, target, load.Options{Connections: 1, Requests: 1})
	return r.Elapsed, errors.Join(err, s.remove(ctx, id))
}

// okCall is a call of the echo function, for the yardsticks.
func okCall() load.Target {
	ok := []byte("ok")
	return load.Target{Request: request("/", nil, ok), Status: 200, Body: ok}
}
