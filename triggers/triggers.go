// Package triggers is everything that invokes functions with no caller
// waiting: the queue of asynchronous executions (package queue), schedules
// (package schedule), notifications of other services (package notify, which
// package amqp brings them) and what hears of executions that ended (package
// destination), with the sweeps that keep the queue and trusts in order.
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
	"github.com/picasso-faas/picasso/triggers/amqp"
	"github.com/picasso-faas/picasso/triggers/destination"
	"github.com/picasso-faas/picasso/triggers/notify"
	"github.com/picasso-faas/picasso/triggers/queue"
	"github.com/picasso-faas/picasso/triggers/schedule"
)

// Config is what a Service works with. Everything is required but Delegator and Region.
type Config struct {
	Options       queue.Options
	Destinations  destination.Options
	Retention     Retention
	AMQP          amqp.Config // without a transport_url, no notifications come
	Notifications notify.Options
	Region        string // of the cloud, in the source of events

	Queue      picasso.Queue
	Executions picasso.ExecutionStore
	Logs       picasso.LogStore
	Functions  picasso.FunctionStore
	Triggers   picasso.TriggerStore
	Events     picasso.EventStore
	Trusts     picasso.TrustStore
	Engine     picasso.Engine
	Delegator  picasso.Delegator // nil, without Keystone: what needs credentials fails
	Log        *logrus.Logger
}

// Service runs the parts of the package side by side.
type Service struct {
	cfg       Config
	runner    *queue.Runner
	schedules *schedule.Scheduler
	notify    *notify.Handler
	consumer  *amqp.Consumer // nil: no notifications
	now       func() time.Time

	storeWasAway bool // when leases were last to be recovered; see there
}

// New returns a Service, which does nothing before Run. Errors: invalid
// (destinations.cafile, options of notifications).
func New(cfg Config) (*Service, error) {
	destinations, err := destination.New(destination.Config{
		Options: cfg.Destinations, Functions: cfg.Functions, Now: time.Now, NewID: newID,
	})
	if err != nil {
		return nil, err
	}
	s := &Service{cfg: cfg, now: time.Now}
	s.runner = queue.New(queue.Config{
		Options: cfg.Options, Queue: cfg.Queue, Logs: cfg.Logs, Engine: cfg.Engine, Destinations: destinations, Delegator: cfg.Delegator,
		Log: cfg.Log, Now: time.Now, Jitter: rand.Float64,
	})
	s.schedules = schedule.New(schedule.Config{
		Triggers: cfg.Triggers, Functions: cfg.Functions, Events: cfg.Events, Log: cfg.Log, Now: time.Now, NewID: newID, Jitter: rand.Float64,
	})
	if !cfg.AMQP.Enabled() {
		return s, nil
	}
	s.notify, err = notify.New(notify.Config{
		Options: cfg.Notifications, Region: cfg.Region, Queue: cfg.Queue, Functions: cfg.Functions, Executions: cfg.Executions,
		Events: cfg.Events, Delegator: cfg.Delegator, Looks: cfg.AMQP.Options.Prefetch / 2, Log: cfg.Log, Now: time.Now, NewID: newID,
	})
	if err != nil {
		return nil, err
	}
	s.consumer, err = amqp.New(cfg.AMQP, s.notify, cfg.Log)
	return s, err
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
	if s.cfg.Delegator != nil {
		others.Go(func() { s.every(work, revokeEvery, "revoke trusts", s.revokeTrusts) })
	}
	if s.consumer != nil {
		others.Go(func() { s.notify.Run(work) })
		others.Go(func() { s.consumer.Run(work, patience) })
	}
	s.runner.Run(work, patience)
	others.Wait()
}

// fire fires schedules until ctx ends; it comes back before only by a panic.
func (s *Service) fire(ctx context.Context) error {
	s.schedules.Run(ctx)
	return nil
}

// Metrics returns what the parts count.
func (s *Service) Metrics() []prometheus.Collector {
	list := s.runner.Metrics()
	if s.consumer != nil {
		list = append(append(list, s.notify.Metrics()...), s.consumer.Metrics()...)
	}
	return list
}
