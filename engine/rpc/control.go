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

// ResolveImage implements picasso.Engine. A pull may take minutes: ctx bounds
// it, and the end of an engine that is given up.
func (c *Client) ResolveImage(ctx context.Context, ref string) (string, error) {
	var found image
	err := c.request(ctx, http.MethodPost, "/images", image{Ref: ref}, &found)
	return found.Digest, err
}

// Warm implements picasso.Engine.
func (c *Client) Warm(ctx context.Context, fn *picasso.Function) error {
	ctx, cancel := context.WithTimeout(ctx, controlTimeout)
	defer cancel()
	return c.request(ctx, http.MethodPost, "/warm", definition{fn, fn.AppConfig}, nil)
}

// Retire implements picasso.Engine.
func (c *Client) Retire(ctx context.Context, functionID string, below int64) error {
	ctx, cancel := context.WithTimeout(ctx, controlTimeout)
	defer cancel()
	return c.request(ctx, http.MethodPost, "/retire", retirement{functionID, below}, nil)
}

// Host implements picasso.Engine.
func (c *Client) Host(ctx context.Context) (picasso.Host, error) {
	ctx, cancel := context.WithTimeout(ctx, controlTimeout)
	defer cancel()
	var host picasso.Host
	err := c.ask(ctx, http.MethodGet, "/host", nil, &host) // is how one finds out whether it is silent
	return host, err
}

func (c *Client) define(ctx context.Context, fn *picasso.Function) error {
	ctx, cancel := context.WithTimeout(ctx, controlTimeout)
	defer cancel()
	return c.request(ctx, http.MethodPut, "/functions", definition{fn, fn.AppConfig}, nil)
}

// forgo tells the engine that nobody waits for the run any more. It is
// called when the caller's context has ended, and so has its own.
func (c *Client) forgo(run string) {
	ctx, cancel := context.WithTimeout(context.Background(), controlTimeout)
	defer cancel()
	err := c.request(ctx, http.MethodDelete, "/executions/"+run+"/wait", nil, nil)
	if err == nil {
		return
	}
	select {
	case <-c.closed: // with all that was on its way
	default:
		c.log.WithError(err).WithField("execution", run).Info("rpc: could not end the wait of a call")
	}
}

// request is ask, and ends when the engine is given up.
func (c *Client) request(ctx context.Context, method, path string, body, result any) error {
	c.running.Add(1)
	defer c.running.Add(-1)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c.asks.Store(&cancel, nil)
	defer c.asks.Delete(&cancel)
	return c.ask(ctx, method, path, body, result)
}

// endAsks ends the control requests that are on their way, with their connections.
func (c *Client) endAsks() {
	c.asks.Range(func(cancel, _ any) bool {
		(*cancel.(*context.CancelFunc))()
		return true
	})
	c.control.CloseIdleConnections()
}

// ask sends one signed request and decodes the answer into result, unless
// that is nil. Errors: the engine's own, unavailable.
func (c *Client) ask(ctx context.Context, method, path string, body, result any) error {
	var payload []byte
	if body != nil {
		var err error
		if payload, err = json.Marshal(body); err != nil {
			return picasso.AsError(err)
		}
	}
	var stale *session
	for sends := 1; ; sends++ {
		s, err := c.session(ctx, stale)
		if err != nil {
			return err
		}
		resp, err := c.requestOnce(ctx, method, c.base+path, payload, s)
		if err != nil {
			return err
		}
		if resp.StatusCode != statusSession || sends == maxSends {
			defer resp.Body.Close()
			return c.result(resp, result)
		}
		resp.Body.Close()
		stale = s
	}
}

func (c *Client) requestOnce(ctx context.Context, method, path string, payload []byte, s *session) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+c.address+path, bytes.NewReader(payload))
	if err != nil {
		return nil, picasso.AsError(err)
	}
	req.Header[fieldBodyDigest] = []string{digest(payload)}
	sign(c.key, method, path, req.Header, s.next())
	resp, err := c.control.Do(req)
	if err != nil {
		return nil, c.unavailable(err)
	}
	return resp, nil
}

func (c *Client) result(resp *http.Response, result any) error {
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
func (c *Client) Cancel(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, controlTimeout)
	defer cancel()
	return c.request(ctx, http.MethodDelete, "/executions/"+id, nil, nil)
}
