package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/picasso-faas/picasso/tools/bench/load"
)

// subject is something that answers calls with their body.
type subject struct {
	name             string
	network, address string
	path             string
	header           http.Header
	logFile          string // of its first process; its end explains errors
	pids             []int  // of its processes, the API's first; none when they are not watched
}

func (s *subject) target(body []byte) load.Target {
	return load.Target{Network: s.network, Address: s.address, Request: request(s.path, s.header, body), Status: 200, Body: body}
}

// request writes out an HTTP/1.1 POST.
func request(path string, header http.Header, body []byte) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: %s\r\n", path, strconv.Itoa(len(body)))
	_ = header.Write(&b) // to memory: cannot fail
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}

// hotCase is one kind of hot call.
type hotCase struct {
	name        string
	body        []byte
	connections int
}

func hotCases() []hotCase {
	var cases []hotCase
	for _, c := range []int{1, 8, 32} {
		cases = append(cases, hotCase{name: fmt.Sprintf("2 B, c=%d", c), body: []byte("ok"), connections: c})
	}
	for _, c := range []int{1, 8, 32} {
		cases = append(cases, hotCase{name: fmt.Sprintf("64 KiB, c=%d", c), body: []byte(strings.Repeat("0123456789abcdef", 4096)), connections: c})
	}
	return cases
}

// rounds are the results of a case by the subject's name.
type rounds map[string][]load.Result

// compare runs the rounds of a case, alternating between the subjects.
func (b *bench) compare(ctx context.Context, row string, c hotCase, subjects ...subject) (rounds, error) {
	rounds, processor := rounds{}, map[string][]time.Duration{}
	for round := range b.options.rounds {
		for _, s := range subjects {
			result, spent, err := b.hotRound(ctx, c, s)
			if err != nil {
				return nil, fmt.Errorf("%s: %w\n%s", s.name, err, tail(s.logFile))
			}
			rounds[s.name] = append(rounds[s.name], result)
			processor[s.name] = append(processor[s.name], spent)
			b.say("%s, %s, round %d of %d: %s %.0f req/s", row, c.name, round+1, b.options.rounds, s.name, result.PerSecond)
		}
	}
	for _, s := range subjects {
		b.report.Hot = append(b.report.Hot, hotFigure{
			Row: row, Case: c.name, Subject: s.name, Median: load.Median(rounds[s.name]), Rounds: rounds[s.name],
			Processor: processor[s.name],
		})
	}
	return rounds, nil
}

// ratio is the median of the rounds' own ratios: what else happens on the
// machine touches both subjects of a round, but not every round alike.
func (r rounds) ratio(subject, to string, of func(load.Result) float64) float64 {
	var ratios []float64
	for i := range min(len(r[subject]), len(r[to])) {
		ratios = append(ratios, of(r[subject][i])/of(r[to][i]))
	}
	if len(ratios) == 0 {
		return 0
	}
	slices.Sort(ratios)
	return ratios[len(ratios)/2]
}

func perSecond(r load.Result) float64 { return r.PerSecond }
func p99(r load.Result) float64       { return float64(r.P99) }

// hotRound also tells how much processor time the subject spent on a call.
func (b *bench) hotRound(ctx context.Context, c hotCase, s subject) (r load.Result, perCall time.Duration, err error) {
	stop := b.watchMemory(s, c)
	defer stop()
	before := processorTime(s.pids)
	r, err = load.Run(ctx, s.target(c.body), load.Options{
		Connections: c.connections, WarmUp: b.options.warmUp, Duration: b.options.duration,
	})
	return r, (processorTime(s.pids) - before) / time.Duration(max(r.Asked, 1)), err
}

// once measures a single call on a connection of its own.
func once(ctx context.Context, s subject, body []byte) (time.Duration, error) {
	r, err := load.Run(ctx, s.target(body), load.Options{Connections: 1, Requests: 1})
	return r.Elapsed, err
}
