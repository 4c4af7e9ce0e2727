package amqp

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// What became of messages.
const (
	outcomeDone     = "done"     // the handler was through with it
	outcomeDead     = "dead"     // moved to the dead letters
	outcomeReturned = "returned" // to the end of the queue
	outcomeLater    = "later"    // to the queue of what has to wait
)

// metrics are what a Consumer counts.
type metrics struct {
	messages *prometheus.CounterVec
	retries  prometheus.Counter
	bound    atomic.Int64
	consumer *Consumer
}

func newMetrics(c *Consumer) *metrics {
	return &metrics{
		messages: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "picasso_amqp_messages_total", Help: "Notifications that were taken from the queue, by what became of them: done, dead (letters), returned to the queue, or set aside for later."}, []string{"outcome"}),
		retries: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "picasso_amqp_retries_total", Help: "Times that a notification could not be handled and was tried again."}),
		consumer: c,
	}
}

// Metrics returns what the Consumer counts.
func (c *Consumer) Metrics() []prometheus.Collector {
	return []prometheus.Collector{
		c.metrics.messages, c.metrics.retries,
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "picasso_amqp_connected", Help: "1 while notifications can come, 0 while there is no broker."}, c.metrics.connected),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "picasso_amqp_exchanges_bound", Help: "Exchanges whose notifications reach the queue, of those configured."},
			func() float64 { return float64(c.metrics.bound.Load()) }),
	}
}

func (m *metrics) connected() float64 {
	if m.consumer.Connected() {
		return 1
	}
	return 0
}
