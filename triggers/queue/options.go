package queue

import (
	"errors"
	"time"

	"github.com/picasso-faas/picasso"
)

// Options is section [queue] of picasso.conf.
type Options struct {
	Workers            int           `ini:"workers" help:"How many asynchronous executions this process has running at once at most, 1 to 4096. One project alone gets three quarters of them, so that there is always room for a newcomer."`
	Lease              time.Duration `ini:"lease" help:"How long an execution belongs to the process that runs it, 5 to 3600 seconds. It is renewed three times as often; the executions of a process that was killed are run again when it has passed."`
	PollInterval       time.Duration `ini:"poll_interval" help:"Time between two looks into an empty queue, 0.001 to 60 seconds. What this process queues itself is seen at once. The pause is longer when a look takes long."`
	ProjectConcurrency int           `ini:"project_concurrency" help:"How many asynchronous executions of one project run at once at most, in all processes. 0: any number."`
	MaxQueued          int           `ini:"max_queued" help:"How many executions of one project may be queued, 0 to 10000000, those that wait for another attempt included. More calls are answered 429, and more notifications wait in RabbitMQ. What schedules, destinations and redrives queue counts, and is never refused. A process counts about once a second: what others let in within that second may go beyond it. The same for picasso-api and picasso-trigger. 0: any number."`
}

// DefaultOptions returns the defaults.
func DefaultOptions() Options {
	return Options{Workers: 128, Lease: 30 * time.Second, PollInterval: 20 * time.Millisecond, MaxQueued: 100_000}
}

// Validate checks the values. Errors: invalid, naming the option.
func (o Options) Validate() error {
	return errors.Join(
		check(o.Workers >= 1 && o.Workers <= 4096, "workers: must be from 1 to 4096"),
		check(o.Lease >= 5*time.Second && o.Lease <= time.Hour, "lease: must be from 5 to 3600 seconds"),
		check(o.PollInterval >= time.Millisecond && o.PollInterval <= time.Minute, "poll_interval: must be from 0.001 to 60 seconds"),
		check(o.ProjectConcurrency >= 0, "project_concurrency: must not be negative"),
		check(o.MaxQueued >= 0 && o.MaxQueued <= 10_000_000, "max_queued: must be from 0 to 10000000"),
	)
}

func check(ok bool, complaint string) error {
	if ok {
		return nil
	}
	return picasso.Errorf(picasso.CodeInvalid, "%s", complaint)
}
