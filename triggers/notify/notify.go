// Package notify makes executions of notifications: it finds the triggers that
// one concerns, looks at what it tells of where they want that, and queues one
// execution for each of them.
//
// A message that concerns nobody costs no look into the database. One that does
// is done with when its executions are committed. Each trigger runs once for it, however
// often it comes: the id of the message is the key. What a trigger can never
// do, as with a trust that was deleted, it is told (Trigger.Error); what a
// service or the store keeps us from is tried again; what it cannot look at now
// because of its own project or service is told apart, for others to come first.
package notify

import (
	"context"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/sirupsen/logrus"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/triggers/alarm"
	"github.com/picasso-faas/picasso/triggers/amqp"
	"github.com/picasso-faas/picasso/triggers/match"
	"github.com/picasso-faas/picasso/triggers/oslomsg"
	"github.com/picasso-faas/picasso/triggers/peek"
	"github.com/picasso-faas/picasso/triggers/submission"
	"github.com/picasso-faas/picasso/triggers/swift"
)

// projectDeleted is the type of Keystone's notification.
const projectDeleted = "identity.project.deleted"

// Config is what a Handler works with. Everything but Delegator and Region is required.
type Config struct {
	Options
	Region     string // of the cloud, in the source of events
	Queue      picasso.Queue
	Functions  picasso.FunctionStore
	Executions picasso.ExecutionStore
	Events     picasso.EventStore
	Delegator  picasso.Delegator // nil: events that have to be verified wait
	// Looks is how many events are being verified at once, of which a fifth may
	// be of one project: what waits for Swift must leave room for what does not.
	Looks int
	Log   *logrus.Logger

	Now   func() time.Time
	NewID func() string // of executions, in the order of their making
}

// Handler implements amqp.Handler.
type Handler struct {
	cfg      Config
	maker    submission.Maker
	live     *match.Live
	verifier *swift.Verifier
	names    *alarm.Names
	metrics  *metrics
	settled  *lru.Cache[string, struct{}] // what triggers are done with of messages that come again; see fireAll
}

const (
	maxSettled = 10_000
	// lookTime is how long one message may have triggers look, one after the
	// other: RabbitMQ ends the connection of who keeps a message for 30 minutes.
	lookTime = time.Minute
)

var _ amqp.Handler = (*Handler)(nil)

// New returns a Handler, which judges no message before Run. Errors: invalid (options).
func New(cfg Config) (*Handler, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	peeker, err := peek.New(cfg.CA, cfg.Delegator, cfg.Looks)
	if err != nil {
		return nil, err
	}
	settled, _ := lru.New[string, struct{}](maxSettled) // fails only for a size below 1
	return &Handler{
		settled: settled, cfg: cfg, maker: submission.Maker{Now: cfg.Now, NewID: cfg.NewID},
		live: match.NewLive(cfg.Events, cfg.Log), verifier: swift.NewVerifier(peeker, cfg.Executions),
		names: alarm.NewNames(peeker, cfg.Now), metrics: newMetrics(),
	}, nil
}

// Run follows the triggers until ctx ends. It must be called once.
func (h *Handler) Run(ctx context.Context) { h.live.Run(ctx) }

// Ready is closed when the triggers were read for the first time.
func (h *Handler) Ready() <-chan struct{} { return h.live.Ready() }

// Handle implements amqp.Handler. Errors: invalid, busy, unavailable. What one
// trigger has to wait for does not keep the others from running.
func (h *Handler) Handle(ctx context.Context, m amqp.Message) error {
	list, err := oslomsg.Decode(m.Body)
	if err != nil {
		h.metrics.notifications.WithLabelValues(invalid).Inc()
		return err
	}
	index, err := h.live.Index(ctx)
	if err != nil {
		return err
	}
	src := match.SourceOf(m.Exchange, m.RoutingKey)
	var failed error
	for _, n := range list {
		if err := h.one(ctx, index, src, n); err != nil && (failed == nil || picasso.CodeOf(failed) == picasso.CodeInvalid) {
			failed = err
		}
	}
	return failed
}

// one handles one notification of a message.
func (h *Handler) one(ctx context.Context, index *match.Index, src match.Source, n *oslomsg.Notification) error {
	if n.EventType == projectDeleted {
		if err := h.projectDeleted(ctx, src, n); err != nil {
			return err
		}
	}
	if !index.Wants(src.Exchange, n.EventType) {
		h.metrics.notifications.WithLabelValues(unmatched).Inc()
		return nil
	}
	news := &news{Notification: n, until: h.cfg.Now().Add(lookTime)}
	news.projectID, news.owned = n.Owner()
	list := index.Match(src, n, news.projectID, news.owned)
	if len(list) > 0 {
		news.read()
	}
	matched, failed := h.fireAll(ctx, news, list)
	switch {
	case failed != nil && picasso.CodeOf(failed) == picasso.CodeInvalid:
		h.metrics.notifications.WithLabelValues(invalid).Inc()
	case matched:
		h.metrics.notifications.WithLabelValues(matchedSome).Inc()
	case !news.owned:
		h.metrics.notifications.WithLabelValues(unattributed).Inc()
	default:
		h.metrics.notifications.WithLabelValues(unmatched).Inc()
	}
	return failed
}

// fireAll fires each trigger by itself and tells whether one wanted to. Where
// one has to wait, the others are done with: when the message comes again, they
// look at nothing, or many triggers could never get through in lookTime.
func (h *Handler) fireAll(ctx context.Context, n *news, list []*picasso.Trigger) (matched bool, failed error) {
	var done []string
	for _, t := range list {
		key := t.ID + " " + n.MessageID
		if h.settled.Contains(key) {
			matched = true
			continue
		}
		result, err := h.fire(ctx, n, t)
		matched = matched || result != passed
		if err == nil && result != passed {
			done = append(done, key)
		}
		if result != passed {
			h.metrics.events.WithLabelValues(string(t.Type), result).Inc()
		}
		if err != nil && (failed == nil || picasso.CodeOf(failed) == picasso.CodeInvalid) {
			failed = err // that it waits is told rather than that it can never be read
		}
	}
	if failed != nil {
		for _, key := range done {
			h.settled.Add(key, struct{}{})
		}
	}
	return matched, failed
}

// projectDeleted removes what a project had here. Its sandboxes have nobody who
// calls them any more, and end when they have been idle for long enough.
func (h *Handler) projectDeleted(ctx context.Context, src match.Source, n *oslomsg.Notification) error {
	projectID, known := n.Owner()
	if !known || src.Exchange != h.cfg.KeystoneExchange || h.cfg.OnProjectDeleted != OnProjectDeletedDelete {
		return nil
	}
	functions, err := h.cfg.Events.RemoveProject(ctx, projectID)
	if err != nil {
		return err
	}
	if functions > 0 {
		h.cfg.Log.WithFields(logrus.Fields{"project": projectID, "functions": functions}).Warn("a project was deleted in Keystone: what it had here was removed")
	}
	return nil
}
