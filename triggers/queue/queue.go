// Package queue runs asynchronous executions: it takes them from the queue as
// its places allow, fair between projects, has the engine invoke their
// functions, and settles what became of them.
//
// Promises: an execution is settled by whoever holds its lease and by nobody
// else; what the platform failed to do costs a function no attempt; a store
// that does not answer loses no outcome while this process lives and nobody
// else has taken over; logs never hold up a function. Delivery is at least
// once: where a process is killed, its executions run again.
package queue

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"

	"github.com/picasso-faas/picasso"
)

// Config is what a Runner works with. Everything but Delegator is required.
type Config struct {
	Options
	Queue        picasso.Queue
	Logs         picasso.LogStore
	Engine       picasso.Engine
	Destinations Destinations
	Delegator    picasso.Delegator // nil: executions that need credentials fail
	Log          *logrus.Logger

	Now    func() time.Time // the wall clock
	Jitter func() float64   // 0 to 1
}

// Destinations is who hears of executions that ended. Package destination
// implements it.
type Destinations interface {
	// Next returns what is to be queued for the destination of an execution
	// that has ended, nil when there is none. A destination that cannot be served is
	// nil, too, and told in problem, for the user. Errors: unavailable.
	Next(ctx context.Context, ended *Ended) (next *picasso.Submission, problem string, err error)
	// Deliver sends the input of an execution whose Destination is a URL there.
	// The answer is written to w, and it failed unless Outcome.Err is nil.
	Deliver(ctx context.Context, c *picasso.Claimed, w http.ResponseWriter) picasso.Outcome
}

// Ended is an execution that has ended, with what belongs to it.
type Ended struct {
	Function  *picasso.Function
	Execution *picasso.Execution
	Input     *picasso.Payload
	Result    *picasso.Payload // nil: none
}

// Runner runs the executions of a queue.
type Runner struct {
	Config
	ledger  *ledger
	brakes  *brakes
	logs    *scribe
	metrics *metrics
}

// New returns a Runner, which does nothing before Run.
func New(cfg Config) *Runner {
	m := newMetrics()
	r := &Runner{
		Config: cfg, ledger: newLedger(), brakes: &brakes{byFunction: map[string]*brake{}},
		logs: newScribe(cfg.Logs, cfg.Log, m.dropped.Inc), metrics: m,
	}
	m.running = r.ledger.running
	return r
}

// Run takes executions from the queue until work ends. Those that run then go
// on until they have ended or patience has; what is left is cancelled and
// given back to the queue, which takes a few seconds at most. Run can be
// called once.
func (r *Runner) Run(work, patience context.Context) {
	alive, end := context.WithCancel(context.WithoutCancel(work))
	defer end()
	var helpers, running sync.WaitGroup
	helpers.Go(func() { r.keepLeases(alive) })
	helpers.Go(func() { r.logs.run(alive) })
	l := &loop{Runner: r, served: map[string]int64{}, start: func(h *holding) {
		var call context.Context
		call, h.stop = context.WithCancel(alive)
		h.log = newLiveLog(h.Claimed)
		r.ledger.add(h)
		running.Go(func() { r.run(alive, call, h) })
	}}
	l.run(work)
	r.finish(alive, patience, &running)
	end()
	helpers.Wait()
}

// lastMoments is how long what was cancelled may take to end.
const lastMoments = 5 * time.Second

// finish waits for what runs, and cancels it when patience ends.
func (r *Runner) finish(alive, patience context.Context, running *sync.WaitGroup) {
	done := make(chan struct{})
	go func() { running.Wait(); close(done) }()
	select {
	case <-done:
		return
	case <-patience.Done():
	}
	for _, h := range r.ledger.all() {
		h.stopped.Store(true)
		go r.cancel(alive, h)
	}
	timer := time.NewTimer(lastMoments)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		r.Log.WithField("executions", r.ledger.running()).Warn("executions did not end; they run again when their leases have run out")
	}
}

// Metrics returns what the Runner counts.
func (r *Runner) Metrics() []prometheus.Collector { return r.metrics.all() }
