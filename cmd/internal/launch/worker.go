package launch

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/sirupsen/logrus"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/db"
	"github.com/picasso-faas/picasso/triggers"
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

func (p *parts) triggers(cfg Config, store *db.Store, runs picasso.Engine, log *logrus.Logger) (err error) {
	if file := cfg.Destinations.CAFile; file != "" {
		if cfg.Destinations.CA, err = os.ReadFile(file); err != nil {
			return fmt.Errorf("[destinations] cafile: %w", err)
		}
	}
	service, err := triggers.New(triggers.Config{
		Options: cfg.Queue, Destinations: cfg.Destinations, Retention: cfg.Retention,
		Queue: store, Executions: store, Logs: store, Functions: store, Triggers: store, Engine: runs, Log: log,
	})
	if err != nil {
		return inSection("destinations", err)
	}
	p.worker = &worker{Service: service, done: make(chan struct{})}
	return nil
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
