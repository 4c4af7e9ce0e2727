package notify

import "github.com/prometheus/client_golang/prometheus"

// What became of a notification.
const (
	matchedSome  = "matched"
	unmatched    = "unmatched"
	unattributed = "unattributed" // matched by nobody, and it is not known whose it is
	invalid      = "invalid"
)

// What became of one for a trigger.
const (
	queued  = "queued"
	passed  = "passed"  // the trigger does not want it, which is not counted
	refused = "refused" // it did not happen, as far as we can see
	broken  = "broken"  // the trigger does not work any more
	delayed = "delayed" // it is tried again
	failed  = "failed"  // it is on record, but does not run
)

// metrics are what a Handler counts. No label grows with triggers or projects.
type metrics struct {
	notifications *prometheus.CounterVec
	events        *prometheus.CounterVec
}

func newMetrics() *metrics {
	return &metrics{
		notifications: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "picasso_notifications_total", Help: "Notifications, by what became of them. One that is tried again counts again."}, []string{"result"}),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "picasso_trigger_events_total", Help: "Notifications that concerned a trigger, by its type and what became of them."}, []string{"type", "result"}),
	}
}

// Metrics returns what the Handler counts.
func (h *Handler) Metrics() []prometheus.Collector {
	return []prometheus.Collector{h.metrics.notifications, h.metrics.events}
}
