package launch

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/sirupsen/logrus"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/db"
	"github.com/picasso-faas/picasso/triggers"
	"github.com/picasso-faas/picasso/triggers/hook"
)

// worker invokes functions with nobody waiting.
type worker struct {
	*triggers.Service
	done chan struct{} // closed when it has stopped
}

func (w *worker) run(work, patience context.Context) {
	defer close(w.done)
	w.Run(work, patience)
}

func (p *parts) triggers(cfg Config, g *ground) error {
	store := g.store
	service, err := triggers.New(triggers.Config{
		Options: cfg.Queue, Destinations: cfg.Destinations, Retention: cfg.Retention,
		AMQP: cfg.AMQP, Notifications: cfg.Notify, Region: cmp.Or(cfg.Delegation.Region, cfg.Keystone.RegionName),
		Queue: store, Executions: store, Logs: store, Functions: store, Triggers: store, Events: store, Trusts: store,
		Engine: g.engine, Delegator: g.delegator, Log: g.log,
	})
	if err != nil {
		return inSection("destinations", err)
	}
	p.worker = &worker{Service: service, done: make(chan struct{})}
	return nil
}

// hooks fire triggers by requests, with executions numbered as all others are.
func hooks(store *db.Store) picasso.Hooks {
	return hook.New(hook.Config{Queue: store, Functions: store, Now: time.Now, NewID: newID})
}

// newID makes ids that sort by time, as those of all executions do.
func newID() string {
	id, _ := uuid.NewV7() // fails never: crypto/rand does not
	return id.String()
}

// listenTrigger opens the listener of picasso-trigger.
func (p *parts) listenTrigger(cfg Triggers, log *logrus.Logger) error {
	if cfg.MetricsBindPort < 0 {
		return nil
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	registry.MustRegister(p.worker.Metrics()...)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthcheck", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "OK")
	})
	return p.listen(metricsName, address(cfg.MetricsBindHost, cfg.MetricsBindPort), mux, log)
}
