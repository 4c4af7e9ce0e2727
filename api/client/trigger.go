package client

import (
	"context"
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
// and ranges. Nil fields are left alone; an empty text, 0 and a zero time take
// away what is there.
type ScheduleOpts struct {
	Cron     *string          `json:"cron,omitempty"`
	EveryS   *int             `json:"every_s,omitempty"`
	At       *time.Time       `json:"at,omitempty"`
	Timezone *string          `json:"timezone,omitempty"`
	StartAt  *time.Time       `json:"start_at,omitempty"`
	EndAt    *time.Time       `json:"end_at,omitempty"`
	MaxRuns  *int             `json:"max_runs,omitempty"`
	Overlap  *picasso.Overlap `json:"overlap,omitempty"`
	CatchUp  *picasso.CatchUp `json:"catch_up,omitempty"`
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
