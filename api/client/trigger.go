package client

import (
	"context"
	"encoding/json"
	"iter"
	"time"

	"github.com/picasso-faas/picasso"
)

// TriggerOpts is what can be set of a trigger; picasso.TriggerSpec tells what
// the fields mean. Nil fields are left alone by an update and get their
// defaults in a create. Type cannot be changed.
type TriggerOpts struct {
	Name          *string              `json:"name,omitempty"`
	Function      *string              `json:"function,omitempty"`
	Type          *picasso.TriggerType `json:"type,omitempty"`
	Enabled       *bool                `json:"enabled,omitempty"`
	InputTemplate *string              `json:"input_template,omitempty"`
	Schedule      *ScheduleOpts        `json:"schedule,omitempty"`
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

// CreateTrigger creates a trigger.
func (c *Client) CreateTrigger(ctx context.Context, opts TriggerOpts) (*picasso.Trigger, error) {
	return create[picasso.Trigger](ctx, c, "triggers", opts)
}

// Trigger shows a trigger. ref is an id or a name.
func (c *Client) Trigger(ctx context.Context, ref string) (*picasso.Trigger, error) {
	return show[picasso.Trigger](ctx, c, "triggers", ref)
}

// Triggers lists triggers, in as many requests as are needed for what is
// consumed. Filters are name, function and type.
func (c *Client) Triggers(ctx context.Context, opts ListOpts) iter.Seq2[picasso.Trigger, error] {
	return list[picasso.Trigger](ctx, c, "triggers", opts)
}

// UpdateTrigger changes a trigger. A schedule goes on from now: what it would
// have done before is not caught up with.
func (c *Client) UpdateTrigger(ctx context.Context, ref string, opts TriggerOpts) (*picasso.Trigger, error) {
	return update[picasso.Trigger](ctx, c, "triggers", ref, opts)
}

// DeleteTrigger deletes a trigger. What it has put into the queue stays there.
func (c *Client) DeleteTrigger(ctx context.Context, ref string) error {
	return remove(ctx, c, "triggers", ref)
}
