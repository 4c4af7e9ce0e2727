package queue

import "github.com/prometheus/client_golang/prometheus"

// metrics are what a Runner counts. No label grows with functions or projects.
type metrics struct {
	settled *prometheus.CounterVec
	failed  *prometheus.CounterVec
	lost    prometheus.Counter
	dropped prometheus.Counter
	delay   prometheus.Histogram
	running func() int
}

func newMetrics() *metrics {
	return &metrics{
		settled: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "picasso_queue_settled_total", Help: "Attempts of asynchronous executions that were settled, by the status that the execution got."}, []string{"status"}),
		failed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "picasso_queue_failures_total", Help: "Attempts of asynchronous executions that failed, by code of the error."}, []string{"code"}),
		lost: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "picasso_queue_leases_lost_total", Help: "Executions that were cancelled or taken over while they ran here."}),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "picasso_queue_log_pieces_dropped_total", Help: "Pieces of live logs that were not stored."}),
		delay: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "picasso_queue_delay_seconds", Help: "Time from when executions were due until they were taken from the queue.",
			Buckets: prometheus.ExponentialBuckets(0.001, 4, 12)}),
	}
}

func (m *metrics) all() []prometheus.Collector {
	return []prometheus.Collector{m.settled, m.failed, m.lost, m.dropped, m.delay,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "picasso_queue_running", Help: "Asynchronous executions that run in this process now."},
			func() float64 { return float64(m.running()) })}
}
