// Package load generates HTTP load and measures what comes back. It is a
// closed loop: every connection sends its next request when the answer to the
// last one has arrived. It spends as little as it can, since it shares the
// processors with what it measures: requests are written as prepared bytes,
// and every answer is checked, status and body, while it is read.
package load

import (
	"context"
	"fmt"
	"net"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// Target is what is asked, and what must come back.
type Target struct {
	Network, Address string // as net.Dial takes them: "tcp" or "unix"
	Request          []byte // a whole HTTP/1.1 request
	Status           int    // of every answer
	Body             []byte // of every answer; nil accepts any
}

// Options say how much is asked.
type Options struct {
	Connections int           // at once; each its own loop
	WarmUp      time.Duration // before counting starts
	Duration    time.Duration // of counting; 0: until Requests
	Requests    int           // per connection, when Duration is 0
}

// Result is what one run measured.
type Result struct {
	Requests  int           `json:"requests"` // that count
	Asked     int           `json:"asked"`    // with those of the warm-up
	Elapsed   time.Duration `json:"elapsed_ns"`
	PerSecond float64       `json:"per_second"`
	P50       time.Duration `json:"p50_ns"`
	P99       time.Duration `json:"p99_ns"`
	Max       time.Duration `json:"max_ns"`
}

// Run asks until it has measured enough. The first wrong answer or broken
// connection ends it with an error.
func Run(ctx context.Context, target Target, options Options) (Result, error) {
	workers := make([]*worker, options.Connections)
	for i := range workers {
		w, err := newWorker(ctx, target)
		if err != nil {
			return Result{}, err
		}
		defer w.close()
		workers[i] = w
	}
	began := time.Now()
	var group errgroup.Group
	for _, w := range workers {
		group.Go(func() error { return w.run(ctx, began, options) })
	}
	if err := group.Wait(); err != nil {
		return Result{}, fmt.Errorf("load on %s: %w", target.Address, err)
	}
	counted := time.Since(began)
	if options.Duration > 0 {
		counted = options.Duration
	}
	return summarize(workers, counted), nil
}

// worker is one connection.
type worker struct {
	conn      net.Conn
	target    Target
	reader    *reader
	latencies []time.Duration
	asked     int
}

func newWorker(ctx context.Context, target Target) (*worker, error) {
	conn, err := new(net.Dialer).DialContext(ctx, target.Network, target.Address)
	if err != nil {
		return nil, err
	}
	return &worker{
		conn: conn, target: target, reader: newReader(conn),
		latencies: make([]time.Duration, 0, 1<<16),
	}, nil
}

func (w *worker) close() { _ = w.conn.Close() }

func (w *worker) run(ctx context.Context, began time.Time, options Options) error {
	stop := context.AfterFunc(ctx, w.close)
	defer stop()
	counting := began.Add(options.WarmUp)
	end := counting.Add(options.Duration)
	for n := 0; options.Duration > 0 || n < options.Requests; n++ {
		sent := time.Now()
		if options.Duration > 0 && sent.After(end) {
			return nil
		}
		if err := w.ask(); err != nil {
			return err
		}
		w.asked++
		if answered := time.Now(); sent.After(counting) && (options.Duration == 0 || answered.Before(end)) {
			w.latencies = append(w.latencies, answered.Sub(sent))
		}
	}
	return nil
}

func (w *worker) ask() error {
	if _, err := w.conn.Write(w.target.Request); err != nil {
		return err
	}
	return w.reader.read(w.target.Status, w.target.Body)
}

func summarize(workers []*worker, elapsed time.Duration) Result {
	r := Result{Elapsed: elapsed}
	var all []time.Duration
	for _, w := range workers {
		all = append(all, w.latencies...)
		r.Asked += w.asked
	}
	slices.Sort(all)
	r.Requests = len(all)
	if len(all) == 0 {
		return r
	}
	r.PerSecond = float64(len(all)) / elapsed.Seconds()
	r.P50, r.P99, r.Max = all[len(all)/2], all[len(all)*99/100], all[len(all)-1]
	return r
}

// Median returns the result in the middle by throughput, with the medians of
// the other figures. It is the zero Result for none.
func Median(results []Result) Result {
	if len(results) == 0 {
		return Result{}
	}
	sorted := slices.Clone(results)
	slices.SortFunc(sorted, func(a, b Result) int { return int(a.PerSecond - b.PerSecond) })
	middle := sorted[len(sorted)/2]
	middle.P50 = medianOf(results, func(r Result) time.Duration { return r.P50 })
	middle.P99 = medianOf(results, func(r Result) time.Duration { return r.P99 })
	middle.Max = medianOf(results, func(r Result) time.Duration { return r.Max })
	return middle
}

func medianOf(results []Result, of func(Result) time.Duration) time.Duration {
	values := make([]time.Duration, len(results))
	for i, r := range results {
		values[i] = of(r)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
