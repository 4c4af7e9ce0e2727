package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/picasso-faas/picasso/tools/bench/load"
)

// yardsticks measures what needs no Picasso.
func (b *bench) yardsticks(ctx context.Context) error {
	for _, c := range hotCases() {
		if _, err := b.compare(ctx, "hot", c, b.direct, b.bare); err != nil {
			return err
		}
	}
	for round := range b.options.coldRound {
		if err := b.dockerCold(ctx, round); err != nil {
			return err
		}
	}
	return nil
}

// allInOne is the rows of hot calls in one process, and of memory.
func (b *bench) allInOne(ctx context.Context) (err error) {
	s, err := b.start(ctx, "all-in-one", b.options.auth, "picasso-allinone")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if err := b.idleMemory(ctx, s); err != nil {
		return err
	}
	id, echo, err := s.createWarm(ctx, "echo", nil)
	if err != nil {
		return err
	}
	web, err := s.createWeb(ctx, "echo-web")
	if err != nil {
		return err
	}
	for _, c := range hotCases() {
		rounds, err := b.compare(ctx, "hot", c, b.direct, b.bare, echo, web)
		if err != nil {
			return err
		}
		b.report.addRatio("hot, "+c.name, rounds.ratio(echo.name, "bare", perSecond), atLeast(0.85))
		b.report.addRatio("hot, web, "+c.name, rounds.ratio(web.name, "bare", perSecond), atLeast(0.85))
		if c.name == "2 B, c=32" {
			b.report.addRatio("hot, "+c.name+", p99", rounds.ratio(echo.name, "bare", p99), atMost(1.5))
			b.report.addMemoryTarget("memory under c=32", s.name+", "+c.name, 80)
		}
		if err := b.noteSandboxes(ctx, s, id, c); err != nil {
			return err
		}
		if c.name == "2 B, c=1" {
			b.hot = load.Median(rounds[echo.name]).PerSecond
		}
	}
	return nil
}

// noteSandboxes writes down how far the pool has grown.
func (b *bench) noteSandboxes(ctx context.Context, s *service, id string, c hotCase) error {
	n, err := s.sandboxes(ctx, id)
	if err == nil {
		b.report.addNote(fmt.Sprintf("Sandboxes after hot, %s: %d.", c.name, n))
	}
	return err
}

// idleMemory measures a service that has done nothing yet.
func (b *bench) idleMemory(ctx context.Context, s *service) error {
	if err := wait(ctx, 3*time.Second); err != nil {
		return err
	}
	resident, err := residentBytes(s.processes[0].pid())
	if err != nil {
		return err
	}
	b.report.addMemory(s.name+", idle", resident)
	b.report.addMemoryTarget("memory, idle", s.name+", idle", 30)
	return nil
}

// apart is the row of API and so many engines in processes of their own.
func (b *bench) apart(ctx context.Context, name string, engines int) (err error) {
	binaries := append([]string{"picasso-api"}, slices.Repeat([]string{"picasso-engine"}, engines)...)
	s, err := b.start(ctx, name, b.options.auth, binaries...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	_, echo, err := s.createWarm(ctx, fmt.Sprintf("echo-%d", engines), nil)
	if err != nil {
		return err
	}
	web, err := s.createWeb(ctx, fmt.Sprintf("echo-web-%d", engines))
	if err != nil {
		return err
	}
	for _, c := range hotCases() {
		rounds, err := b.compare(ctx, "hot, "+name, c, b.bare, echo, web)
		if err != nil {
			return err
		}
		b.report.addRatio(name+", "+c.name, rounds.ratio(echo.name, "bare", perSecond), atLeast(0.5))
		b.report.addRatio(name+", web, "+c.name, rounds.ratio(web.name, "bare", perSecond), atLeast(0.5))
	}
	return nil
}

func (b *bench) twoProcesses(ctx context.Context) error { return b.apart(ctx, "two processes", 1) }
func (b *bench) threeEngines(ctx context.Context) error { return b.apart(ctx, "three engines", 3) }
