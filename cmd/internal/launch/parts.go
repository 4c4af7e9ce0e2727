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
	"github.com/picasso-faas/picasso/engine"
	"github.com/picasso-faas/picasso/engine/docker"
	"github.com/picasso-faas/picasso/engine/rpc"
	"github.com/picasso-faas/picasso/keystone"
	"github.com/picasso-faas/picasso/keystone/policy"
	"github.com/picasso-faas/picasso/triggers/schedule"
)

// metricsName is the name of the listener for Prometheus.
const metricsName = "metrics"

// parts are what a program consists of.
type parts struct {
	listeners []*listener // the one that users know first
	tasks     []func(context.Context)
	worker    *worker                       // nil where nothing is invoked without a caller
	engines   []func(context.Context) error // closers: end the calls
	stores    []func(context.Context) error // closers: keep what calls have left, in this order
}

func (p *parts) build(ctx context.Context, role Role, cfg Config, log *logrus.Logger) error {
	var runs picasso.Engine
	var err error
	if role.hasEngine() {
		runs, err = p.localEngine(ctx, cfg, log)
	} else {
		runs, err = p.remoteEngine(cfg, log)
	}
	if err != nil {
		return err
	}
	if role == RoleEngine {
		server := rpc.NewServer(runs, []byte(cfg.RPC.Key), log)
		err := p.listen("engine", address(cfg.RPC.BindHost, cfg.RPC.BindPort), server, log)
		if err == nil { // a call's URL is sent twice, beside all of its headers
			p.listeners[len(p.listeners)-1].server.MaxHeaderBytes = 4 * maxHeaderBytes
		}
		return err
	}
	store, err := p.store(ctx, cfg, log)
	if err != nil {
		return err
	}
	if role.hasTriggers() {
		if err := p.triggers(cfg, store, runs, log); err != nil {
			return err
		}
	}
	if role == RoleTrigger {
		return p.listenTrigger(cfg.Triggers, log)
	}
	return p.api(cfg, store, runs, log)
}

func (p *parts) listen(name, address string, handler http.Handler, log *logrus.Logger) error {
	l, err := listen(name, address, handler, log)
	if err != nil {
		return err
	}
	p.listeners = append(p.listeners, l)
	return nil
}

func (p *parts) remoteEngine(cfg Config, log *logrus.Logger) (picasso.Engine, error) {
	client, err := rpc.NewClient(cfg.RPC.EngineURL, []byte(cfg.RPC.Key), log)
	if err != nil {
		return nil, err
	}
	p.engines = append(p.engines, func(context.Context) error { client.Close(); return nil })
	return client, nil
}

func (p *parts) localEngine(ctx context.Context, cfg Config, log *logrus.Logger) (picasso.Engine, error) {
	driver, err := docker.New(ctx, cfg.Docker, log)
	if err != nil {
		return nil, err
	}
	e := engine.New(cfg.Engine, driver, log)
	p.engines = append(p.engines, func(ctx context.Context) error { return errors.Join(e.Close(ctx), driver.Close()) })
	return e, nil
}

func (p *parts) api(cfg Config, store *db.Store, runs picasso.Engine, log *logrus.Logger) error {
	who, challenge, err := p.authenticator(cfg, log)
	if err != nil {
		return err
	}
	may, err := openPolicy(cfg.Policy, log)
	if err != nil {
		return err
	}
	server, err := api.New(api.Config{
		Authenticator: who, Authorizer: may, Challenge: challenge,
		Apps: store, Functions: store, Executions: store, Logs: store, Queue: store, Triggers: store,
		Calendar: schedule.Calendar{}, Engine: runs, Log: log,
		PublicEndpoint: cfg.API.PublicEndpoint, TrustProxyHeaders: cfg.API.ProxyHeaders,
		MaxRequestBytes: cfg.API.MaxRequestBytes, MaxLimit: cfg.API.MaxLimit, Disabled: exists(cfg.HealthCheck.DisableByFile),
	})
	if err != nil {
		return err
	}
	p.stores = append([]func(context.Context) error{server.Close}, p.stores...)
	p.tasks = append(p.tasks, (&warmer{functions: store, engine: runs, log: log}).run)
	return p.listenAPI(cfg.API, server, log)
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

func (p *parts) authenticator(cfg Config, log *logrus.Logger) (who picasso.Authenticator, challenge string, err error) {
	if cfg.General.AuthStrategy == AuthNone {
		log.Warn("auth_strategy is noauth: everybody on this host can do everything")
		return keystone.NoAuth{}, "", nil
	}
	if file := cfg.Keystone.CAFile; file != "" {
		if cfg.Keystone.CA, err = os.ReadFile(file); err != nil {
			return nil, "", fmt.Errorf("[keystone_authtoken] cafile: %w", err)
		}
	}
	a, err := keystone.New(cfg.Keystone)
	if err != nil {
		return nil, "", err
	}
	p.tasks = append(p.tasks, func(ctx context.Context) {
		if err := a.Check(ctx); err != nil && ctx.Err() == nil {
			log.WithError(err).Error("Keystone does not take the service user; requests with tokens get 503 until it does")
		}
	})
	return a, a.WWWAuthenticate(), nil
}

func openPolicy(cfg Policy, log *logrus.Logger) (*policy.Policy, error) {
	dir, name := filepath.Split(cfg.File)
	if dir == "" {
		dir = "."
	}
	return policy.New(policy.Source{Dir: os.DirFS(dir), Name: name, Required: !cfg.optional}, log)
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
	var stopping sync.WaitGroup
	if p.worker != nil {
		stopping.Go(func() { <-p.worker.done })
	}
	for _, l := range p.listeners {
		stopping.Go(func() { l.stop(ctx) })
	}
	stopping.Wait()
	for _, closeEngine := range p.engines {
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
