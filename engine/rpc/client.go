package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/h1"
)

const (
	dialTimeout = 3 * time.Second
	idleTimeout = time.Minute // below the server's
	hangTime    = time.Minute // beyond what a call may wait and run, after which an engine counts as hung
)

// Client is a picasso.Engine on another host.
type Client struct {
	address string // host:port
	key     []byte
	log     *logrus.Logger
	now     func() time.Time
	hang    time.Duration
	calls   *h1.Pool
	control *http.Client
}

var _ picasso.Engine = (*Client)(nil)

// NewClient makes a client of the engine at base, an http URL without path. It
// connects when it is first used. Errors: invalid.
func NewClient(base string, key []byte, log *logrus.Logger) (*Client, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" || u.Port() == "" || u.Path != "" && u.Path != "/" {
		return nil, picasso.Errorf(picasso.CodeInvalid, "engine_url: %q is not of the form http://host:port", base)
	}
	dialer := &net.Dialer{
		Timeout: dialTimeout,
		// A call may be silent for minutes; only the host itself can tell that it is still there.
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 5 * time.Second, Interval: 2 * time.Second, Count: 3},
	}
	dial := func(ctx context.Context) (net.Conn, error) { return dialer.DialContext(ctx, "tcp", u.Host) }
	transport := &http.Transport{
		DialContext:     func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
		IdleConnTimeout: idleTimeout,
	}
	return &Client{
		address: u.Host, key: key, log: log, now: time.Now, hang: hangTime,
		calls:   &h1.Pool{Dial: dial, MaxIdleTime: idleTimeout},
		control: &http.Client{Transport: transport},
	}, nil
}

// Close closes all connections; calls on them fail.
func (c *Client) Close() {
	c.calls.Close()
	c.control.CloseIdleConnections()
}

// Invoke implements picasso.Engine.
func (c *Client) Invoke(ctx context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
	// The engine answers when the function does: the end of ctx is told beside the call.
	stop := context.AfterFunc(ctx, func() { c.forgo(call.ExecutionID) })
	defer stop()
	in, fault := h1.OpenInlet(call.Body, call.ContentLength)
	if fault != nil {
		return picasso.Outcome{Err: fault.Problem()}
	}
	defer in.Close(w)
	resp, err := c.send(ctx, call, in)
	if err != nil {
		return picasso.Outcome{Err: c.problem(err)}
	}
	defer resp.Close()
	out, err := receive(resp, w, call.Log)
	if err != nil {
		return picasso.Outcome{Err: c.problem(err)}
	}
	if in.Upload != nil && out.InputBytes < in.Bytes() {
		resp.Last() // the rest of the body is in the way
	}
	return out
}

// send gets the call to the engine and returns its answer, whose body is
// frames. A small body is sent again when the engine asks for the definition;
// before a large one the engine is told unasked.
func (c *Client) send(ctx context.Context, call *picasso.Call, in *h1.Inlet) (*h1.Response, error) {
	if in.Upload != nil {
		if err := c.define(ctx, call.Function); err != nil {
			return nil, err
		}
	}
	for attempt := 0; ; attempt++ {
		resp, err := c.sendOnce(ctx, call, in)
		if err != nil {
			return nil, err
		}
		switch {
		case resp.Status == http.StatusOK:
			return resp, nil
		case resp.Status != http.StatusPreconditionFailed || in.Upload != nil || attempt > 0:
			defer resp.Close()
			return nil, c.refusal(resp, resp.Status)
		}
		resp.Close()
		if err := c.define(ctx, call.Function); err != nil {
			return nil, err
		}
	}
}

func (c *Client) sendOnce(ctx context.Context, call *picasso.Call, in *h1.Inlet) (*h1.Response, error) {
	req, err := h1.NewRequest(http.MethodPost, "/v1/invoke", c.address)
	if err != nil {
		return nil, err
	}
	defer req.Free()
	for name, values := range c.fields(call) {
		req.Add(name, values[0])
	}
	for name, values := range call.Header {
		if own := len(name) >= len(prefix) && name[:len(prefix)] == prefix; own || !h1.Forwarded(call.Header, name) {
			continue
		}
		for _, value := range values {
			req.Add(name, value)
		}
	}
	if in.Upload != nil {
		req.Body, req.ContentLength = in.Upload, call.ContentLength
	} else {
		req.Payload = in.Payload
	}
	fn := call.Function
	return c.calls.Do(ctx, req, c.now().Add(fn.QueueTimeout()+fn.Timeout()+c.hang))
}

// fields are those of the protocol, signed.
func (c *Client) fields(call *picasso.Call) http.Header {
	h := make(http.Header, 9)
	h[fieldExecution] = []string{call.ExecutionID}
	h[fieldRequest] = []string{call.RequestID}
	h[fieldFunction] = []string{reference(call.Function.ID, call.Function.Revision)}
	h[fieldMethod] = []string{call.Method}
	h[fieldURL] = []string{call.URL}
	h[fieldPath] = []string{call.Path}
	if call.Gateway {
		h[fieldGateway] = []string{"1"}
	}
	if call.Attempt > 1 {
		h[fieldAttempt] = []string{strconv.Itoa(call.Attempt)}
	}
	if call.Log != nil {
		h[fieldLog] = []string{"1"}
	}
	sign(c.key, http.MethodPost, "/v1/invoke", h, c.now())
	return h
}

// problem makes the error of a call out of what happened on the connection.
func (c *Client) problem(err error) *picasso.Error {
	var known *picasso.Error
	var fault *h1.BodyError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &fault):
		return fault.Problem()
	case errors.Is(err, h1.ErrNotSent):
		return c.unavailable(err)
	default:
		return picasso.Errorf(picasso.CodeHostLost, "what became of the call is not known").WithCause(err)
	}
}

func (c *Client) unavailable(cause error) *picasso.Error {
	e := picasso.Errorf(picasso.CodeUnavailable, "the engine does not answer").WithCause(cause)
	e.RetryAfter = time.Second
	return e
}

// refusal reads the error that came instead of a result.
func (c *Client) refusal(body io.Reader, status int) error {
	var e picasso.Error
	if err := json.NewDecoder(io.LimitReader(body, maxControlBytes)).Decode(&e); err != nil || e.Code == "" {
		return picasso.Errorf(picasso.CodeInternal, "").WithCause(
			picasso.Errorf(picasso.CodeInternal, "engine %s answered %d", c.address, status))
	}
	if e.Code == picasso.CodeUnauthenticated { // of us, not of the user
		return c.unavailable(&e)
	}
	return &e
}
