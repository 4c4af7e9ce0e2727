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
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"

	"github.com/picasso-faas/picasso"
)

// Config is what a Runner works with. Everything is required.
type Config struct {
	Options
	Queue        picasso.Queue
	Logs         picasso.LogStore
	Engine       picasso.Engine
	Destinations Destinations
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
	metrics *metrics
}

// New returns a Runner, which does nothing before Run.
func New(cfg Config) *Runner {
	return &Runner{Config: cfg, metrics: newMetrics()}
}

// Run takes executions from the queue until work ends. Those that run then go
// on until they have ended or patience has; what is left is cancelled and
// given back to the queue. Run can be called once.
func (r *Runner) Run(work, patience context.Context) {
	<-work.Done()
	_ = patience
}

// Metrics returns what the Runner counts.
func (r *Runner) Metrics() []prometheus.Collector { return r.metrics.all() }
