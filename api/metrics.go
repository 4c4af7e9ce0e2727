package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/picasso-faas/picasso"
)

// metrics are what the server counts. No label grows with functions or projects.
type metrics struct {
	registry  *prometheus.Registry
	requests  *prometheus.CounterVec
	calls     *prometheus.CounterVec
	succeeded prometheus.Counter // of calls, looked up once
	accepted  prometheus.Counter
	wait      prometheus.Histogram
	coldStart prometheus.Histogram
	run       prometheus.Histogram
}

// Metrics serves the metrics of the process in the format of Prometheus, with
// those of other parts in it. It is for a listener of its own, which the users of the API cannot reach.
func (s *Server) Metrics(others ...prometheus.Collector) http.Handler {
	s.metrics.registry.MustRegister(others...)
	return promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{})
}

func newMetrics(s *Server) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: counters("picasso_http_requests_total", "Requests answered.", "method", "route", "status"),
		calls:    counters("picasso_calls_total", "Calls of functions that ended, by code of the error or succeeded.", "outcome"),
		accepted: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "picasso_async_calls_accepted_total", Help: "Asynchronous calls put into the queue."}),
		wait: seconds("picasso_call_wait_seconds", "Time that calls waited for a sandbox."),
		coldStart: seconds("picasso_call_cold_start_seconds",
			"Time that sandboxes took to start, for the calls that had to wait for that."),
		run: seconds("picasso_call_run_seconds", "Time that calls ran in a sandbox."),
	}
	m.succeeded = m.calls.WithLabelValues("succeeded")
	m.registry.MustRegister(m.requests, m.calls, m.accepted, m.wait, m.coldStart, m.run,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		gauge("picasso_records_queued", "Execution records that wait to be stored.",
			func() float64 { return float64(s.recorder.Queued()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "picasso_records_dropped_total", Help: "Execution records that were lost."},
			func() float64 { return float64(s.recorder.Dropped()) }),
		gauge("picasso_log_followers", "Clients that follow a log.", func() float64 { return float64(s.followers.Taken()) }),
		gauge("picasso_bodies_bytes", "Memory for bodies of asynchronous calls and results in transfer.",
			func() float64 { return float64(s.bodies.Taken()) }),
		hostCollector{s.Hosts, s.GiveUp})
	return m
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func gauge(name, help string, read func() float64) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read)
}

// seconds is a histogram from 100 µs to about 14 minutes.
func seconds(name, help string) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: name, Help: help, Buckets: prometheus.ExponentialBuckets(0.0001, 3, 15)})
}

// requestsOf is the counter of one route.
func (m *metrics) requestsOf(method, path string) *prometheus.CounterVec {
	return m.requests.MustCurryWith(prometheus.Labels{"method": method, "route": path})
}

func (m *metrics) countRequest(rt *route, status int) {
	if rt == nil {
		m.requests.WithLabelValues("ANY", "none", strconv.Itoa(status)).Inc()
		return
	}
	rt.requests.WithLabelValues(strconv.Itoa(status)).Inc()
}

func (m *metrics) countCall(o *picasso.Outcome) {
	if o.Err == nil {
		m.succeeded.Inc()
	} else {
		m.calls.WithLabelValues(string(o.Err.Code)).Inc()
	}
	m.wait.Observe(o.Wait.Seconds())
	if o.ColdStart > 0 {
		m.coldStart.Observe(o.ColdStart.Seconds())
	}
	if !o.Started.IsZero() {
		m.run.Observe(o.Run.Seconds())
	}
}

// hostTimeout bounds how long a scrape waits for the database.
const hostTimeout = 2 * time.Second

// hostCollector reads at each scrape what the hosts said of themselves last.
type hostCollector struct {
	hosts  picasso.HostStore
	giveUp time.Duration
}

// hostGauge is one figure of a host.
type hostGauge struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	read func(picasso.Host) float64
}

func hostDesc(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("picasso_host_"+name, help, []string{"host"}, nil)
}

func hostUp() *prometheus.Desc {
	return hostDesc("up", "1 when calls may go to the host, 0 when it is draining or down.")
}

func hostGauges() []hostGauge {
	const mib = 1 << 20
	return []hostGauge{
		{hostDesc("memory_bytes", "Memory for sandboxes."), prometheus.GaugeValue, func(h picasso.Host) float64 { return float64(h.MemoryMB) * mib }},
		{hostDesc("memory_used_bytes", "Memory promised to sandboxes."), prometheus.GaugeValue, func(h picasso.Host) float64 { return float64(h.MemoryUsedMB) * mib }},
		{hostDesc("sandboxes", "Sandboxes that exist or are being started."), prometheus.GaugeValue, func(h picasso.Host) float64 { return float64(h.Sandboxes) }},
		{hostDesc("sandboxes_idle", "Sandboxes that wait for a call."), prometheus.GaugeValue, func(h picasso.Host) float64 { return float64(h.SandboxesIdle) }},
		{hostDesc("calls_running", "Calls in a sandbox."), prometheus.GaugeValue, func(h picasso.Host) float64 { return float64(h.CallsRunning) }},
		{hostDesc("calls_waiting", "Calls that wait for a sandbox."), prometheus.GaugeValue, func(h picasso.Host) float64 { return float64(h.CallsWaiting) }},
		{hostDesc("cold_starts_total", "Sandboxes started for a call."), prometheus.CounterValue, func(h picasso.Host) float64 { return float64(h.ColdStarts) }},
	}
}

// Describe implements prometheus.Collector.
func (c hostCollector) Describe(out chan<- *prometheus.Desc) {
	out <- hostUp()
	for _, g := range hostGauges() {
		out <- g.desc
	}
}

// Collect implements prometheus.Collector. A host that is down has no other figures;
// a database that does not answer has none of any.
func (c hostCollector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), hostTimeout)
	defer cancel()
	hosts, _ := c.hosts.Hosts(ctx)
	for i := range hosts {
		host := &hosts[i]
		up := 0.0
		state := host.State(c.giveUp)
		if state == picasso.HostUp {
			up = 1
		}
		out <- prometheus.MustNewConstMetric(hostUp(), prometheus.GaugeValue, up, host.Name)
		if state == picasso.HostDown {
			continue
		}
		for _, g := range hostGauges() {
			out <- prometheus.MustNewConstMetric(g.desc, g.kind, g.read(host.Host), host.Name)
		}
	}
}
