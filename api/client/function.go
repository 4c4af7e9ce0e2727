package client

import (
	"context"
	"iter"

	"github.com/picasso-faas/picasso"
)

// FunctionOpts is what can be set of a function; picasso.FunctionSpec tells
// units and ranges. Nil fields are left alone by an update and get their
// defaults in a create. In Config a nil value removes the name.
type FunctionOpts struct {
	Name          *string            `json:"name,omitempty"`
	App           *string            `json:"app,omitempty"`
	Description   *string            `json:"description,omitempty"`
	Image         *string            `json:"image,omitempty"`
	Contract      *picasso.Contract  `json:"contract,omitempty"`
	Entrypoint    *[]string          `json:"entrypoint,omitempty"`
	Command       *[]string          `json:"command,omitempty"`
	Config        map[string]*string `json:"config,omitempty"`
	Public        *bool              `json:"public,omitempty"`
	MemoryMB      *int               `json:"memory_mb,omitempty"`
	CPUs          *float64           `json:"cpus,omitempty"`
	TmpMB         *int               `json:"tmp_mb,omitempty"`
	TimeoutS      *int               `json:"timeout_s,omitempty"`
	QueueTimeoutS *int               `json:"queue_timeout_s,omitempty"`
	IdleTimeoutS  *int               `json:"idle_timeout_s,omitempty"`
	Concurrency   *int               `json:"concurrency,omitempty"`
	MinSandboxes  *int               `json:"min_sandboxes,omitempty"`
	MaxSandboxes  *int               `json:"max_sandboxes,omitempty"`
	Network       *picasso.Network   `json:"network,omitempty"`
	DelegateRoles *[]string          `json:"delegate_roles,omitempty"` // even the same are delegated anew
	HealthPath    *string            `json:"health_path,omitempty"`
	HostTags      *[]string          `json:"host_tags,omitempty"`
	Enabled       *bool              `json:"enabled,omitempty"`
	Retry         *RetryOpts         `json:"retry,omitempty"`
	Priority      *int               `json:"priority,omitempty"`
	OnSuccess     *string            `json:"on_success,omitempty"`
	OnFailure     *string            `json:"on_failure,omitempty"`
}

// RetryOpts is what can be set of how asynchronous executions are retried;
// picasso.Retry tells units and ranges. Nil fields are left alone.
type RetryOpts struct {
	MaxAttempts *int `json:"max_attempts,omitempty"`
	MinDelayS   *int `json:"min_delay_s,omitempty"`
	MaxDelayS   *int `json:"max_delay_s,omitempty"`
	MaxAgeS     *int `json:"max_age_s,omitempty"`
}

// CreateFunction creates a function. The server finds its image first, which
// may take as long as pulling it.
func (c *Client) CreateFunction(ctx context.Context, opts FunctionOpts) (*picasso.Function, error) {
	return create[picasso.Function](ctx, c, "functions", opts)
}

// Function shows a function. ref is an id, "app:name", or the name of a
// function in app "default".
func (c *Client) Function(ctx context.Context, ref string) (*picasso.Function, error) {
	return show[picasso.Function](ctx, c, "functions", ref)
}

// Functions lists functions, in as many requests as are needed for what is consumed.
func (c *Client) Functions(ctx context.Context, opts ListOpts) iter.Seq2[picasso.Function, error] {
	return list[picasso.Function](ctx, c, "functions", opts)
}

// UpdateFunction changes a function. Calls in flight finish on the old revision.
func (c *Client) UpdateFunction(ctx context.Context, ref string, opts FunctionOpts) (*picasso.Function, error) {
	return update[picasso.Function](ctx, c, "functions", ref, opts)
}

// ResetFunction gives fields of a function their defaults back, by their names in the API:
// "timeout_s", "retry.max_attempts". "config.NAME" removes a name.
func (c *Client) ResetFunction(ctx context.Context, ref string, fields ...string) (*picasso.Function, error) {
	return reset[picasso.Function](ctx, c, "functions", ref, fields)
}

// DeleteFunction deletes a function. The records of its executions stay.
func (c *Client) DeleteFunction(ctx context.Context, ref string) error {
	return remove(ctx, c, "functions", ref)
}
