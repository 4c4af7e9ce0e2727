// Package triggers is everything that invokes functions with no caller
// waiting: the queue of asynchronous executions (package queue), schedules
// (package schedule) and what hears of executions that ended (package
// destination), with the sweeps that keep the queue in order.
package triggers

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/triggers/destination"
	"github.com/picasso-faas/picasso/triggers/queue"
	"github.com/picasso-faas/picasso/triggers/schedule"
)

// Config is what a Service works with. Everything is required.
type Config struct {
	Options      queue.Options
	Destinations destination.Options
	Retention    Retention

	Queue      picasso.Queue
	Executions picasso.ExecutionStore
	Logs       picasso.LogStore
	Functions  picasso.FunctionStore
	Triggers   picasso.TriggerStore
	Engine     picasso.Engine
	Log        *logrus.Logger
}

// Service runs the parts of the package side by side.
type Service struct {
	cfg       Config
	runner    *queue.Runner
	schedules *schedule.Scheduler
	now       func() time.Time

	storeWasAway bool // when leases were last to be recovered; see there
}

// New returns a Service, which does nothing before Run. Errors: invalid
// (destinations.cafile).
func New(cfg Config) (*Service, error) {
	destinations, err := destination.New(destination.Config{
		Options: cfg.Destinations, Functions: cfg.Functions, Now: time.Now, NewID: newID,
	})
	if err != nil {
		return nil, err
	}
	runner := queue.New(queue.Config{
		Options: cfg.Options, Queue: cfg.Queue, Logs: cfg.Logs, Engine: cfg.Engine, Destinations: destinations,
		Log: cfg.Log, Now: time.Now, Jitter: rand.Float64,
	})
	schedules := schedule.New(schedule.Config{
		Triggers: cfg.Triggers, Functions: cfg.Functions, Log: cfg.Log, Now: time.Now, NewID: newID, Jitter: rand.Float64,
	})
	return &Service{cfg: cfg, runner: runner, schedules: schedules, now: time.Now}, nil
}

// newID makes ids that sort by time, as those of all executions do.
func newID() string {
	id, _ := uuid.NewV7() // fails never: crypto/rand does not
	return id.String()
}

// Run works until work ends. Executions that run then go on until they have
// ended or patience has; what is left is cancelled and given back to the
// queue, which takes a few seconds at most. What fails on the way is logged
// and tried again. Run can be called once.
func (s *Service) Run(work, patience context.Context) {
	var others sync.WaitGroup
	others.Go(func() { s.every(work, time.Second, "schedules", s.fire) })
	others.Go(func() { s.every(work, s.cfg.Options.Lease/3, "recover", s.recoverLeases) })
	others.Go(func() { s.every(work, purgeEvery, "purge", s.purge) })
	s.runner.Run(work, patience)
	others.Wait()
}

// fire fires schedules until ctx ends; it comes back before only by a panic.
func (s *Service) fire(ctx context.Context) error {
	s.schedules.Run(ctx)
	return nil
}

// Metrics returns what the parts count.
func (s *Service) Metrics() []prometheus.Collector { return s.runner.Metrics() }
