package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// idle compares the first call after a long pause with the calls behind it.
func (b *bench) idle(ctx context.Context) (err error) {
	s, err := b.start(ctx, "all-in-one", b.options.auth, "picasso-allinone")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	const paused, hot = "first call after a pause", "hot call, on a new connection"
	ok := []byte("ok")
	var functions []subject
	for i := range b.options.coldRound {
		_, called, err := s.create(ctx, function{Name: fmt.Sprintf("idle-%d", i), Image: echoImage, IdleTimeoutS: 600}, nil)
		if err != nil {
			return err
		}
		if _, err := once(ctx, called, ok); err != nil {
			return err
		}
		functions = append(functions, called)
	}
	b.say("idle: %s of pause", b.options.pause)
	if err := wait(ctx, b.options.pause); err != nil {
		return err
	}
	for _, f := range functions {
		took, err := once(ctx, f, ok)
		if err != nil {
			return err
		}
		b.report.addTime(paused, took)
		if took, err = medianCall(ctx, f, ok); err != nil {
			return err
		}
		b.report.addTime(hot, took)
	}
	b.report.addExtra("idle sandbox, called after "+b.options.pause.String(), b.report.median(paused)-b.report.median(hot), 2*time.Millisecond)
	return nil
}

// medianCall is the median of some calls one by one, a moment apart.
func medianCall(ctx context.Context, s subject, body []byte) (time.Duration, error) {
	var times []time.Duration
	for range 11 {
		if err := wait(ctx, 10*time.Millisecond); err != nil {
			return 0, err
		}
		took, err := once(ctx, s, body)
		if err != nil {
			return 0, err
		}
		times = append(times, took)
	}
	return median(times), nil
}
