package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"golang.org/x/sync/errgroup"
)

const (
	functionsPerProject = 10
	populators          = 8 // requests at once while functions are stored
)

// scale compares hot calls of one function before and after many others are
// stored and have been looked at, each time relative to the bare proxy. It
// runs without Keystone, which alone lets it act in a thousand projects.
func (b *bench) scale(ctx context.Context) (err error) {
	s, err := b.start(ctx, "all-in-one, noauth", authNone, "picasso-allinone")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	_, echo, err := s.createWarm(ctx, "one-of-many", project(0))
	if err != nil {
		return err
	}
	before, err := b.scaleRounds(ctx, "hot, one function", echo)
	if err != nil {
		return err
	}
	if err := b.populate(ctx, s); err != nil {
		return err
	}
	after, err := b.scaleRounds(ctx, fmt.Sprintf("hot, %d functions", b.options.functions), echo)
	if err != nil {
		return err
	}
	for i, c := range scaleCases() {
		b.report.addRatio(fmt.Sprintf("%d functions : one, %s", b.options.functions, c.name), after[i]/before[i], atLeast(0.95))
	}
	resident, err := residentBytes(s.processes[0].pid())
	if err != nil {
		return err
	}
	name := fmt.Sprintf("all-in-one with %d functions", b.options.functions)
	b.report.addMemory(name, resident)
	b.report.addMemoryTarget("memory, "+name, name, 100)
	return nil
}

func scaleCases() []hotCase {
	cases := hotCases()
	return []hotCase{cases[0], cases[2]} // 2 B, c=1 and c=32
}

// scaleRounds returns throughput relative to the bare proxy, case by case.
func (b *bench) scaleRounds(ctx context.Context, row string, echo subject) ([]float64, error) {
	var ratios []float64
	for _, c := range scaleCases() {
		rounds, err := b.compare(ctx, row, c, b.bare, echo)
		if err != nil {
			return nil, err
		}
		ratios = append(ratios, rounds.ratio(echo.name, "bare", perSecond))
	}
	return ratios, nil
}

// populate stores functions and asks for each of them once.
func (b *bench) populate(ctx context.Context, s *service) error {
	var group errgroup.Group
	group.SetLimit(populators)
	for i := range b.options.functions {
		group.Go(func() error {
			owner := project(1 + i/functionsPerProject)
			id, _, err := s.create(ctx, function{Name: fmt.Sprintf("f-%d", i), Image: echoImage}, owner)
			if err != nil {
				return err
			}
			_, err = s.ask(ctx, http.MethodGet, "/v2/functions/"+url.PathEscape(id), owner, nil)
			return err
		})
		if i%1000 == 0 {
			b.say("scale: %d of %d functions", i, b.options.functions)
		}
	}
	return group.Wait()
}

// project is the header that names a project to a service without Keystone.
func project(n int) http.Header { return http.Header{"X-Project-Id": {fmt.Sprintf("bench-%d", n)}} }
