// Package hook fires triggers by requests to their URL: webhooks, and alarms
// that Aodh reports as an alarm action.
package hook

import (
	"context"
	"time"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/triggers/alarm"
	"github.com/picasso-faas/picasso/triggers/event"
	"github.com/picasso-faas/picasso/triggers/submission"
)

// Config is what Hooks work with. Everything is required.
type Config struct {
	Queue     picasso.Queue
	Functions picasso.FunctionStore
	Now       func() time.Time
	NewID     func() string // of executions, in the order of their making
}

// Hooks implements picasso.Hooks.
type Hooks struct {
	cfg   Config
	maker submission.Maker
}

var _ picasso.Hooks = (*Hooks)(nil)

// New returns Hooks.
func New(cfg Config) *Hooks {
	return &Hooks{cfg: cfg, maker: submission.Maker{Now: cfg.Now, NewID: cfg.NewID}}
}

// Fire implements picasso.Hooks.
func (h *Hooks) Fire(ctx context.Context, t *picasso.Trigger, request *picasso.HookRequest) (*picasso.Execution, error) {
	var e *event.Event
	var err error
	switch t.Type {
	case picasso.TriggerWebhook:
		e, err = webhook(t, request)
	case picasso.TriggerAlarm:
		e, err = action(t, request)
	default:
		err = picasso.Errorf(picasso.CodeNotFound, "triggers of type %s have no URL", t.Type)
	}
	if e == nil || err != nil {
		return nil, err
	}
	h.identify(e, t, request)
	fn, err := h.cfg.Functions.Function(ctx, t.ProjectID, t.FunctionID)
	if err != nil {
		return nil, err
	}
	sub := h.maker.Of(t, fn, e)
	sub.RequestID = request.ID
	return h.cfg.Queue.Enqueue(ctx, &sub)
}

// action is the event of an alarm action, nil when the trigger waits for
// another state or alarm. Errors: invalid.
func action(t *picasso.Trigger, request *picasso.HookRequest) (*event.Event, error) {
	transition, err := alarm.FromAction(request.Body)
	if err != nil || !transition.Fits(t.Alarm) {
		return nil, err
	}
	e := transition.Event(t.ProjectID)
	e.RequestID = request.ID
	return e, nil
}

// identify gives the event id and time. With a key, the id is the key and there
// is neither time nor request: the same request again makes the same event.
func (h *Hooks) identify(e *event.Event, t *picasso.Trigger, request *picasso.HookRequest) {
	e.Source = "/projects/" + t.ProjectID + "/triggers/" + t.ID
	if request.Key != "" {
		e.ID, e.RequestID = request.Key, ""
		return
	}
	e.ID, e.Time = h.cfg.NewID(), h.cfg.Now()
}
