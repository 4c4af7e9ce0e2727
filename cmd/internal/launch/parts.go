package launch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api"
	"github.com/picasso-faas/picasso/db"
	"github.com/picasso-faas/picasso/triggers/match"
	"github.com/picasso-faas/picasso/triggers/schedule"
)

// metricsName is the name of the listener for Prometheus.
const metricsName = "metrics"

// parts are what a program consists of.
type parts struct {
	listeners []*listener // the one that users know first
	tasks     []func(context.Context)
	drains    []func(context.Context)       // what comes before all else when it ends
	worker    *worker                       // nil where nothing is invoked without a caller
	closers   []func(context.Context) error // end the calls
	stores    []func(context.Context) error // closers: keep what calls have left, in this order
}

// ground is what API and triggers stand on.
type ground struct {
	store     *db.Store
	engine    picasso.Engine
	delegator picasso.Delegator // nil: there is no Keystone
	deaf      string            // why no notifications come in, where that is certain
	log       *logrus.Logger
}

func (p *parts) build(ctx context.Context, role Role, cfg Config, log *logrus.Logger) error {
	if role == RoleEngine {
		return p.engineAlone(ctx, cfg, log)
	}
	g := &ground{log: log}
	var err error
	if g.store, err = p.store(ctx, cfg, log); err != nil {
		return err
	}
	if role.hasEngine() {
		g.engine, err = p.engineWithin(ctx, cfg, g.store, log)
	} else {
		g.engine, err = p.engines(ctx, cfg, g.store, log)
	}
	if err != nil {
		return err
	}
	if g.delegator, err = delegator(role, cfg, log); err != nil {
		return err
	}
	if role == RoleAllInOne && cfg.AMQP.Transport.TransportURL == "" {
		g.deaf = "it cannot fire: no notifications come in here, for [oslo_messaging_notifications] transport_url is not set"
	}
	if role.hasTriggers() {
		if err := p.triggers(cfg, g); err != nil {
			return err
		}
	}
	if role == RoleTrigger {
		return p.listenTrigger(cfg.Triggers, log)
	}
	return p.api(cfg, g)
}

func (p *parts) listen(name, address string, handler http.Handler, log *logrus.Logger) error {
	l, err := listen(name, address, handler, log)
	if err != nil {
		return err
	}
	p.listeners = append(p.listeners, l)
	return nil
}

func (p *parts) api(cfg Config, g *ground) error {
	who, challenge, err := p.authenticator(cfg, g.log)
	if err != nil {
		return err
	}
	may, err := openPolicy(cfg.Policy, g.log)
	if err != nil {
		return err
	}
	store := g.store
	server, err := api.New(api.Config{
		Authenticator: who, Authorizer: may, Challenge: challenge,
		Apps: store, Functions: store, Executions: store, Logs: store, Queue: store, Triggers: store, Trusts: store,
		Calendar: schedule.Calendar{}, CheckNotification: match.Check, Deaf: g.deaf, Hooks: hooks(store), Engine: g.engine, Log: g.log,
		Hosts: store, Usage: store, GiveUp: cfg.Hosts.GiveUpAfter,
		Delegator: g.delegator, TriggerRoles: cfg.Delegation.TriggerRoles,
		PublicEndpoint: cfg.API.PublicEndpoint, TrustProxyHeaders: cfg.API.ProxyHeaders,
		MaxRequestBytes: cfg.API.MaxRequestBytes, MaxLimit: cfg.API.MaxLimit, ProjectConcurrency: cfg.API.Concurrency, Disabled: exists(cfg.HealthCheck.DisableByFile),
	})
	if err != nil {
		return err
	}
	p.stores = append([]func(context.Context) error{server.Close}, p.stores...)
	p.tasks = append(p.tasks, (&warmer{functions: store, engine: g.engine, log: g.log}).run)
	return p.listenAPI(cfg.API, server, g.log)
}

func (p *parts) listenAPI(cfg API, server *api.Server, log *logrus.Logger) error {
	if err := p.listen("API", address(cfg.BindHost, cfg.BindPort), server, log); err != nil {
		return err
	}
	if cfg.MetricsBindPort < 0 {
		return nil
	}
	var others []prometheus.Collector
	if p.worker != nil {
		others = p.worker.Metrics()
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", server.Metrics(others...))
	return p.listen(metricsName, address(cfg.MetricsBindHost, cfg.MetricsBindPort), mux, log)
}

// store opens the database. One in a SQLite file is nobody's business but
// ours, so it is made and migrated on the way.
func (p *parts) store(ctx context.Context, cfg Config, log *logrus.Logger) (*db.Store, error) {
	if err := makeParent(cfg.Database.Connection); err != nil {
		return nil, err
	}
	store, err := db.Open(cfg.Database)
	if err != nil {
		return nil, err
	}
	store.LimitQueued(cfg.Queue.MaxQueued)
	p.stores = append(p.stores, func(context.Context) error { return store.Close() })
	if isSQLite(cfg.Database.Connection) {
		return store, store.Migrate(ctx)
	}
	err = store.CheckVersion(ctx)
	if picasso.CodeOf(err) == picasso.CodeUnavailable {
		log.WithError(err).Error("the database does not answer; carrying on until it does")
		err = nil
	}
	return store, err
}

func isSQLite(connection string) bool { return strings.HasPrefix(connection, "sqlite:") }

func makeParent(connection string) error {
	path, ok := strings.CutPrefix(connection, "sqlite:///")
	if !ok || path == "" || path == ":memory:" {
		return nil
	}
	return os.MkdirAll(filepath.Dir(path), 0o700)
}

// exists returns whether there is a file of that name, whenever it is asked.
func exists(path string) func() bool {
	return func() bool {
		if path == "" {
			return false
		}
		_, err := os.Stat(path)
		return err == nil
	}
}

// close stops everything, first what takes requests, then what serves them,
// last what keeps their records. Calls may go on until ctx ends.
func (p *parts) close(ctx context.Context, log *logrus.Logger) error {
	for _, drain := range p.drains {
		drain(ctx)
	}
	var stopping sync.WaitGroup
	if p.worker != nil {
		stopping.Go(func() { <-p.worker.done })
	}
	for _, l := range p.listeners {
		stopping.Go(func() { l.stop(ctx) })
	}
	stopping.Wait()
	for _, closeEngine := range p.closers {
		if err := closeEngine(ctx); err != nil {
			log.WithError(err).Warn("the engine was not done") // as ordered by who ended the patience
		}
	}
	final, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastMoments)
	defer cancel()
	for _, l := range p.listeners {
		l.settled(final)
	}
	var wrong []error
	for _, closeStore := range p.stores {
		wrong = append(wrong, closeStore(final))
	}
	if err := errors.Join(wrong...); err != nil {
		return fmt.Errorf("stopping: %w", err)
	}
	return nil
}
