package rpc

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/picasso-faas/picasso"
)

// controlTimeout bounds what an engine answers out of its head.
const controlTimeout = 10 * time.Second

// ResolveImage implements picasso.Engine. A pull may take minutes: ctx bounds it.
func (c *Client) ResolveImage(ctx context.Context, ref string) (string, error) {
	var found image
	err := c.request(ctx, http.MethodPost, "/v1/images", image{Ref: ref}, &found)
	return found.Digest, err
}

// Warm implements picasso.Engine.
func (c *Client) Warm(ctx context.Context, fn *picasso.Function) error {
	ctx, cancel := context.WithTimeout(ctx, controlTimeout)
	defer cancel()
	return c.request(ctx, http.MethodPost, "/v1/warm", definition{fn, fn.AppConfig}, nil)
}

// Retire implements picasso.Engine.
func (c *Client) Retire(ctx context.Context, functionID string, below int64) error {
	ctx, cancel := context.WithTimeout(ctx, controlTimeout)
	defer cancel()
	return c.request(ctx, http.MethodPost, "/v1/retire", retirement{functionID, below}, nil)
}

// Host implements picasso.Engine.
func (c *Client) Host(ctx context.Context) (picasso.Host, error) {
	ctx, cancel := context.WithTimeout(ctx, controlTimeout)
	defer cancel()
	var host picasso.Host
	err := c.request(ctx, http.MethodGet, "/v1/host", nil, &host)
	return host, err
}

func (c *Client) define(ctx context.Context, fn *picasso.Function) error {
	ctx, cancel := context.WithTimeout(ctx, controlTimeout)
	defer cancel()
	return c.request(ctx, http.MethodPut, "/v1/functions", definition{fn, fn.AppConfig}, nil)
}

// forgo tells the engine that nobody waits for the execution any more. It is
// called when the caller's context has ended, and so has its own.
func (c *Client) forgo(executionID string) {
	ctx, cancel := context.WithTimeout(context.Background(), controlTimeout)
	defer cancel()
	if err := c.request(ctx, http.MethodDelete, "/v1/executions/"+executionID+"/wait", nil, nil); err != nil {
		c.log.WithError(err).WithField("execution", executionID).Info("rpc: could not end the wait of a call")
	}
}

// request sends one signed request and decodes the answer into result, unless
// that is nil. Errors: the engine's own, unavailable.
func (c *Client) request(ctx context.Context, method, path string, body, result any) error {
	var payload []byte
	if body != nil {
		var err error
		if payload, err = json.Marshal(body); err != nil {
			return picasso.AsError(err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+c.address+path, bytes.NewReader(payload))
	if err != nil {
		return picasso.AsError(err)
	}
	req.Header[fieldBodyDigest] = []string{digest(payload)}
	sign(c.key, method, path, req.Header, c.now())
	resp, err := c.control.Do(req)
	if err != nil {
		return c.unavailable(err)
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusNoContent:
		return nil
	case resp.StatusCode != http.StatusOK:
		return c.refusal(resp.Body, resp.StatusCode)
	}
	if err := json.NewDecoder(resp.Body).Decode(result); err != nil {
		return c.unavailable(err)
	}
	return nil
}

// Cancel implements picasso.Engine.
func (c *Client) Cancel(ctx context.Context, executionID string) error {
	ctx, cancel := context.WithTimeout(ctx, controlTimeout)
	defer cancel()
	return c.request(ctx, http.MethodDelete, "/v1/executions/"+executionID, nil, nil)
}
