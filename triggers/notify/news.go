package notify

import (
	"context"
	"time"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/triggers/alarm"
	"github.com/picasso-faas/picasso/triggers/event"
	"github.com/picasso-faas/picasso/triggers/match"
	"github.com/picasso-faas/picasso/triggers/oslomsg"
	"github.com/picasso-faas/picasso/triggers/swift"
)

// news is a notification with what is read of it for all its triggers.
type news struct {
	*oslomsg.Notification
	projectID  string // whose it is
	owned      bool
	request    *swift.Request // nil: none that matters
	transition *alarm.Transition
	unread     error     // why there is neither
	until      time.Time // when nobody looks any more until the message comes again
}

func (n *news) read() {
	switch n.EventType {
	case match.SwiftRequest:
		n.request, n.unread = swift.Decode(n.Payload)
	case match.AlarmTransition:
		n.transition, n.unread = alarm.FromNotification(n.Payload)
	}
}

// event is the notification as an event, which has neither id nor source yet.
func (n *news) event() *event.Event {
	return n.complete(&event.Event{Type: "org.openstack." + n.EventType, Subject: n.subject(), Data: n.Payload})
}

// complete adds what every event has.
func (n *news) complete(e *event.Event) *event.Event {
	e.ProjectID, e.Priority, e.RequestID = n.projectID, n.Priority, n.RequestID
	if e.Time.IsZero() {
		e.Time = n.Time
	}
	return e
}

// subject is the id of what the notification is about, where it is in one of
// the places in which services have it.
func (n *news) subject() string {
	for _, path := range []string{
		"payload.resource_info", "payload.target.id", "payload.instance_id", "payload.nova_object.data.uuid", "payload.volume_id",
		"payload.snapshot_id", "payload.backup_id", "payload.alarm_id", "payload.resource_id", "payload.id",
	} {
		if value, _ := n.Field(path); value != nil {
			if id, ok := value.(string); ok {
				return id
			}
		}
	}
	return ""
}

// swift makes the event of a request that changed an object the trigger is for.
func (h *Handler) swift(ctx context.Context, n *news, t *picasso.Trigger) (*firing, string, error) {
	r := n.request
	switch {
	case n.unread != nil:
		return nil, invalid, n.unread
	case r == nil || !r.Concerns(t.Swift):
		return nil, passed, nil
	}
	var object *swift.Object
	if t.Swift.Verify == nil || *t.Swift.Verify {
		var believed bool
		err := h.mayLook(n)
		if err != nil {
			return nil, delayed, err
		}
		if object, believed, err = h.verifier.Verify(ctx, t, r); err != nil || !believed {
			return nil, refused, err
		}
	}
	operation := r.Operation(t.Swift, object)
	if !swift.Wants(t.Swift, operation) {
		return nil, passed, nil
	}
	f := &firing{event: n.complete(r.Event(operation, object))}
	var err error
	f.chain, err = h.cause(ctx, n, t, object)
	return f, "", err
}

// mayLook is busy when the message has had its time.
func (h *Handler) mayLook(n *news) error {
	if h.cfg.Now().After(n.until) {
		return picasso.Errorf(picasso.CodeBusy, "a notification has made triggers look for too long")
	}
	return nil
}

// cause finds out which execution has done it.
func (h *Handler) cause(ctx context.Context, n *news, t *picasso.Trigger, object *swift.Object) (swift.Chain, error) {
	var acting []picasso.Execution
	if r := n.request; r.UserID != "" && (object == nil || object.Depth < 0) {
		var err error
		acting, err = h.cfg.Events.Acting(ctx, picasso.Acting{
			ProjectID: r.ProjectID, UserID: r.UserID, TriggerID: t.ID, At: r.Time, Within: swift.Slack,
		})
		if err != nil {
			return swift.Chain{}, err
		}
	}
	return swift.Cause(n.request, object, t.ID, n.MessageID, acting), nil
}

// alarm makes the event of an alarm that entered a state the trigger waits for.
func (h *Handler) alarm(ctx context.Context, n *news, t *picasso.Trigger) (*firing, string, error) {
	if n.unread != nil {
		return nil, invalid, n.unread
	}
	transition := *n.transition
	if !transition.Fits(t.Alarm) {
		return nil, passed, nil
	}
	if t.Alarm.AlarmName != "" {
		if err := h.mayLook(n); err != nil {
			return nil, delayed, err
		}
		found, err := h.names.Name(ctx, t, &transition)
		if err != nil || !found || !transition.Fits(t.Alarm) {
			return nil, passed, err
		}
	}
	return &firing{event: n.complete(transition.Event(n.projectID))}, "", nil
}
