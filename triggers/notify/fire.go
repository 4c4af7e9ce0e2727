package notify

import (
	"context"

	"github.com/sirupsen/logrus"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/triggers/event"
	"github.com/picasso-faas/picasso/triggers/swift"
)

// firing is an event on its way to a trigger.
type firing struct {
	event *event.Event
	chain swift.Chain
}

// fire queues what the trigger does about it, and tells what became of it.
// Errors: invalid, busy, unavailable.
func (h *Handler) fire(ctx context.Context, n *news, t *picasso.Trigger) (result string, err error) {
	if t.Error != "" {
		return broken, nil
	}
	f, result, err := h.firing(ctx, n, t)
	switch code := picasso.CodeOf(err); {
	case code == picasso.CodeConflict:
		return broken, h.fail(ctx, t, err)
	case code == picasso.CodeInvalid:
		return invalid, err
	case err != nil:
		return delayed, err
	case f == nil:
		return result, nil
	}
	return h.queue(ctx, n, t, f)
}

// firing makes the event, or tells in result why there is none. Errors: invalid,
// conflict (the trigger does not work any more), busy, unavailable.
func (h *Handler) firing(ctx context.Context, n *news, t *picasso.Trigger) (f *firing, result string, err error) {
	switch t.Type {
	case picasso.TriggerSwift:
		return h.swift(ctx, n, t)
	case picasso.TriggerAlarm:
		return h.alarm(ctx, n, t)
	}
	return &firing{event: n.event()}, "", nil
}

// fail tells the owner of a trigger what is wrong with it.
func (h *Handler) fail(ctx context.Context, t *picasso.Trigger, why error) error {
	h.log(t).WithError(why).Warn("trigger does not work any more")
	return h.cfg.Events.FailTrigger(ctx, t.ID, t.UpdatedAt, picasso.AsError(why).Detail)
}

// queue commits the execution. Where function or trigger are gone meanwhile,
// there is nothing to do; nor when the message came before, even if what it
// speaks of looked different then. Errors: busy (the queue is full), unavailable.
func (h *Handler) queue(ctx context.Context, n *news, t *picasso.Trigger, f *firing) (result string, err error) {
	fn, err := h.cfg.Functions.Function(ctx, t.ProjectID, t.FunctionID)
	switch {
	case picasso.CodeOf(err) == picasso.CodeNotFound:
		return passed, nil
	case err != nil:
		return delayed, err
	}
	f.event.ID, f.event.Source = n.MessageID, h.source(n, t)
	sub := h.maker.Of(t, fn, f.event)
	sub.Depth, sub.CausedBy = f.chain.Depth, f.chain.CausedBy
	if pause := f.chain.Pause(); pause > 0 {
		sub.RunAt = sub.RunAt.Add(pause)
	} else {
		h.maker.LimitDepth(&sub, "the function writes into the container that triggers it, or several do in a circle; "+
			"let it write elsewhere, or narrow the trigger by prefix or suffix")
	}
	_, err = h.cfg.Queue.Enqueue(ctx, &sub)
	switch code := picasso.CodeOf(err); {
	case code == picasso.CodeNotFound:
		return passed, nil
	case code == picasso.CodeRateLimited: // what others are to do does not wait behind it
		return delayed, picasso.Errorf(picasso.CodeBusy, "the queue of project %s is full", t.ProjectID).WithCause(err)
	case err != nil && code != picasso.CodeConflict:
		return delayed, err
	case sub.Status.Ended():
		return failed, nil
	}
	return queued, nil
}

// source is where the event came from: the service, in its region.
func (h *Handler) source(n *news, t *picasso.Trigger) string {
	switch {
	case n.PublisherID == "":
		return "/projects/" + t.ProjectID + "/triggers/" + t.ID
	case h.cfg.Region == "":
		return "/" + n.PublisherID
	}
	return "//" + h.cfg.Region + "/" + n.PublisherID
}

func (h *Handler) log(t *picasso.Trigger) *logrus.Entry {
	return h.cfg.Log.WithFields(logrus.Fields{"trigger": t.ID, "project": t.ProjectID})
}
