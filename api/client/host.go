package client

import (
	"context"
	"iter"
	"net/http"
	"time"

	"github.com/picasso-faas/picasso"
)

// Host is a compute host as operators see it.
type Host struct {
	ID    string            `json:"id"`
	State picasso.HostState `json:"state"`
	picasso.Host
	Disabled       bool      `json:"disabled"`
	DisabledReason string    `json:"disabled_reason"`
	URL            string    `json:"url"` // of its RPC
	MinProtocol    int       `json:"min_protocol"`
	MaxProtocol    int       `json:"max_protocol"`
	HeartbeatAt    time.Time `json:"heartbeat_at"`
	CreatedAt      time.Time `json:"created_at"`
	UpdatedAt      time.Time `json:"updated_at"`
	Functions      []string  `json:"functions"` // ids of those that are warm there; not in lists
}

// HostOpts is what can be set of a host. Nil fields are left alone.
type HostOpts struct {
	Disabled       *bool   `json:"disabled,omitempty"`
	DisabledReason *string `json:"disabled_reason,omitempty"`
}

// Hosts lists the compute hosts by name, in as many requests as are needed for what is consumed.
func (c *Client) Hosts(ctx context.Context, opts ListOpts) iter.Seq2[Host, error] {
	return list[Host](ctx, c, "hosts", opts)
}

// Host shows a compute host. ref is an id or a name.
func (c *Client) Host(ctx context.Context, ref string) (*Host, error) {
	return show[Host](ctx, c, "hosts", ref)
}

// UpdateHost disables a compute host, which then takes no new calls, or enables it.
func (c *Client) UpdateHost(ctx context.Context, ref string, opts HostOpts) (*Host, error) {
	return update[Host](ctx, c, "hosts", ref, opts)
}

// DeleteHost forgets a compute host that is down.
func (c *Client) DeleteHost(ctx context.Context, ref string) error {
	return remove(ctx, c, "hosts", ref)
}

// Heartbeat tells the API that a compute host is there, and returns what the API knows of
// it by now, without incarnation, key, inventory and age.
func (c *Client) Heartbeat(ctx context.Context, report *picasso.HostReport) (*picasso.HostRecord, error) {
	h, err := ask[Host](ctx, c, http.MethodPut, c.url("hosts", report.Name), report)
	if err != nil {
		return nil, err
	}
	return &picasso.HostRecord{
		ID: h.ID, Disabled: h.Disabled, DisabledReason: h.DisabledReason,
		CreatedAt: h.CreatedAt, UpdatedAt: h.UpdatedAt, HeartbeatAt: h.HeartbeatAt,
		HostReport: picasso.HostReport{
			Host: h.Host, URL: h.URL, MinProtocol: h.MinProtocol, MaxProtocol: h.MaxProtocol,
		},
	}, nil
}
