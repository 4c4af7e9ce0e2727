// Package launch puts the parts of Picasso together. It is the only place that
// knows them all: a Program is one of the daemons as a value, which the
// binaries and the end-to-end tests run alike.
package launch

import (
	"context"
	"errors"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sync/errgroup"
)

// Program is a set of parts, listening but not serving yet.
type Program struct {
	cfg   Config
	log   *logrus.Logger
	parts parts
}

// New builds the parts of the role and opens their sockets. cfg has to be
// complete (see Config.Complete). Errors: whatever keeps the process from ever
// working, such as an invalid option, a schema that is too old, a socket in
// use. That Keystone or the database does not answer is only logged: they may
// come up later.
func New(ctx context.Context, role Role, cfg Config, log *logrus.Logger) (*Program, error) {
	if err := errors.Join(cfg.readFiles(role), cfg.Validate(role)); err != nil {
		return nil, err
	}
	p := &Program{cfg: cfg, log: log}
	if err := p.parts.build(ctx, role, cfg, log); err != nil {
		ended, cancel := context.WithCancel(ctx)
		cancel()
		p.parts.worker = nil // which was never started
		return nil, errors.Join(err, p.parts.close(ended, log))
	}
	return p, nil
}

// URL is where the API listens, for RoleEngine its RPC, for RoleTrigger its
// health check; "" when there is no listener.
func (p *Program) URL() string {
	if len(p.parts.listeners) == 0 {
		return ""
	}
	return p.parts.listeners[0].url()
}

// MetricsURL is where /metrics is, "" when it is switched off.
func (p *Program) MetricsURL() string {
	for _, l := range p.parts.listeners {
		if l.name == metricsName {
			return l.url() + "/metrics"
		}
	}
	return ""
}

// Run serves until work ends, and then stops: new connections are refused,
// calls in flight go on until they have ended, graceful_shutdown_timeout has
// passed or patience ends; then everything that is left is cut off, records
// are stored and sandboxes removed. Run can be called once.
func (p *Program) Run(work, patience context.Context) error {
	group, broken := errgroup.WithContext(work)
	for _, l := range p.parts.listeners {
		p.log.WithField("url", l.url()).Info(l.name + " is listening")
		group.Go(l.serve)
	}
	for _, task := range p.parts.tasks {
		group.Go(func() error { task(broken); return nil })
	}
	calls, cut := context.WithCancel(context.WithoutCancel(work))
	defer cut()
	if w := p.parts.worker; w != nil {
		group.Go(func() error { w.run(broken, calls); return nil })
	}
	<-broken.Done()
	p.log.Info("stopping")
	ctx, cancel := context.WithTimeout(patience, p.cfg.General.ShutdownTimeout)
	defer cancel()
	context.AfterFunc(ctx, cut)
	stopped := p.parts.close(ctx, p.log)
	return errors.Join(group.Wait(), stopped)
}

// lastMoments is for what must be done although patience has ended: waiting for
// calls that were cut off to say so, and storing their records.
const lastMoments = 8 * time.Second
