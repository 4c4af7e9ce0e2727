package client

import (
	"context"
	"iter"

	"github.com/picasso-faas/picasso"
)

// AppOpts is what can be set of an app. Nil fields are left alone by an update
// and get their defaults in a create. In Config a nil value removes the name.
type AppOpts struct {
	Name        *string            `json:"name,omitempty"`
	Description *string            `json:"description,omitempty"`
	Config      map[string]*string `json:"config,omitempty"`
	Enabled     *bool              `json:"enabled,omitempty"`
}

// CreateApp creates an app.
func (c *Client) CreateApp(ctx context.Context, opts AppOpts) (*picasso.App, error) {
	return create[picasso.App](ctx, c, "apps", opts)
}

// App shows an app. ref is an id or a name.
func (c *Client) App(ctx context.Context, ref string) (*picasso.App, error) {
	return show[picasso.App](ctx, c, "apps", ref)
}

// Apps lists apps, in as many requests as are needed for what is consumed.
func (c *Client) Apps(ctx context.Context, opts ListOpts) iter.Seq2[picasso.App, error] {
	return list[picasso.App](ctx, c, "apps", opts)
}

// UpdateApp changes an app.
func (c *Client) UpdateApp(ctx context.Context, ref string, opts AppOpts) (*picasso.App, error) {
	return update[picasso.App](ctx, c, "apps", ref, opts)
}

// ResetApp gives fields of an app their defaults back, by their names in the API, and removes
// names from its config: "config.NAME".
func (c *Client) ResetApp(ctx context.Context, ref string, fields ...string) (*picasso.App, error) {
	return reset[picasso.App](ctx, c, "apps", ref, fields)
}

// DeleteApp deletes an app without functions.
func (c *Client) DeleteApp(ctx context.Context, ref string) error {
	return remove(ctx, c, "apps", ref)
}
