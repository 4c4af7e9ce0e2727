package client

import (
	"context"
	"encoding/json"
	"iter"
	"time"

	"github.com/picasso-faas/picasso"
)

// Trigger is a trigger as the API shows it.
type Trigger struct {
	picasso.Trigger
	State string `json:"state"` // active, or error: then Error says why
	// URL takes requests that fire it, with types webhook and alarm. In the answer
	// that made a secret of a webhook with auth token, the secret is in it.
	URL string `json:"url"`
	// AlarmAction is what Aodh takes as an action of an alarm that fires the
	// trigger, with type alarm.
	AlarmAction string `json:"alarm_action"`
	// LastExecution is the latest that it made, of those that are kept. Only Trigger has it.
	LastExecution *LastExecution `json:"last_execution"`
}

// LastExecution is what a trigger has done most recently.
type LastExecution struct {
	ID        string         `json:"id"`
	Status    picasso.Status `json:"status"`
	Subject   string         `json:"subject"` // of its event, as "container/object"
	CreatedAt time.Time      `json:"created_at"`
}

// TriggerOpts is what can be set of a trigger; picasso.TriggerSpec tells what
// the fields mean. Nil fields are left alone by an update and get their
// defaults in a create. Type cannot be changed.
type TriggerOpts struct {
	Name          *string              `json:"name,omitempty"`
	Function      *string              `json:"function,omitempty"`
	Type          *picasso.TriggerType `json:"type,omitempty"`
	Enabled       *bool                `json:"enabled,omitempty"`
	InputTemplate *string              `json:"input_template,omitempty"`
	DelegateRoles *[]string            `json:"delegate_roles,omitempty"` // even the same are delegated anew
	Schedule      *ScheduleOpts        `json:"schedule,omitempty"`
	Swift         *SwiftOpts           `json:"swift,omitempty"`
	Notification  *NotificationOpts    `json:"notification,omitempty"`
	Alarm         *AlarmOpts           `json:"alarm,omitempty"`
	Webhook       *WebhookOpts         `json:"webhook,omitempty"`
}

// ScheduleOpts is what can be set of a schedule; picasso.Schedule tells units
// and ranges. Nil fields are left alone; "", 0 and a zero time go back to the
// default, which for Cron, EveryS, At, StartAt and EndAt is none.
type ScheduleOpts struct {
	Cron     *string
	EveryS   *int
	At       *time.Time
	Timezone *string
	StartAt  *time.Time
	EndAt    *time.Time
	MaxRuns  *int
	Overlap  *picasso.Overlap
	CatchUp  *picasso.CatchUp
}

// MarshalJSON implements json.Marshaler as a merge patch, where null is the
// default.
func (o ScheduleOpts) MarshalJSON() ([]byte, error) {
	fields := map[string]any{}
	put(fields, "cron", o.Cron)
	put(fields, "every_s", o.EveryS)
	put(fields, "at", o.At)
	put(fields, "timezone", o.Timezone)
	put(fields, "start_at", o.StartAt)
	put(fields, "end_at", o.EndAt)
	put(fields, "max_runs", o.MaxRuns)
	put(fields, "overlap", o.Overlap)
	put(fields, "catch_up", o.CatchUp)
	return json.Marshal(fields)
}

func put[T comparable](fields map[string]any, name string, value *T) {
	var none T
	switch {
	case value == nil:
	case *value == none:
		fields[name] = nil
	default:
		fields[name] = *value
	}
}

// CreateTrigger creates a trigger. A secret that was made for a webhook is in the
// answer, and never again.
func (c *Client) CreateTrigger(ctx context.Context, opts TriggerOpts) (*Trigger, error) {
	return create[Trigger](ctx, c, "triggers", opts)
}

// Trigger shows a trigger. ref is an id or a name.
func (c *Client) Trigger(ctx context.Context, ref string) (*Trigger, error) {
	return show[Trigger](ctx, c, "triggers", ref)
}

// Triggers lists triggers, in as many requests as are needed for what is
// consumed. Filters are name, function and type.
func (c *Client) Triggers(ctx context.Context, opts ListOpts) iter.Seq2[Trigger, error] {
	return list[Trigger](ctx, c, "triggers", opts)
}

// UpdateTrigger changes a trigger. A schedule goes on from now: what it would
// have done before is not caught up with. A secret that was made is in the
// answer, as with CreateTrigger.
func (c *Client) UpdateTrigger(ctx context.Context, ref string, opts TriggerOpts) (*Trigger, error) {
	return update[Trigger](ctx, c, "triggers", ref, opts)
}

// DeleteTrigger deletes a trigger. What it has put into the queue stays there.
func (c *Client) DeleteTrigger(ctx context.Context, ref string) error {
	return remove(ctx, c, "triggers", ref)
}
