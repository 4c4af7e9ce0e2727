package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"
	"golang.org/x/sync/singleflight"

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
	version int    // of the protocol
	base    string // of its paths
	log     *logrus.Logger
	hang    time.Duration
	giveUp  time.Duration
	calls   *h1.Pool
	control *http.Client

	current atomic.Pointer[session]
	opening singleflight.Group
	running atomic.Int64 // calls, and requests of asks
	asks    sync.Map     // *context.CancelFunc of control requests
	close   sync.Once
	closed  chan struct{}
}

var _ picasso.Engine = (*Client)(nil)

// NewClient makes a client of an engine. It connects when it is first used, and
// must be closed. Errors: invalid.
func NewClient(engine Endpoint, log *logrus.Logger) (*Client, error) {
	address, err := engine.complete()
	if err != nil {
		return nil, err
	}
	dial := engine.dialer(address)
	c := &Client{
		address: address, key: engine.Key, log: log, hang: hangTime, giveUp: engine.GiveUp,
		version: engine.Protocol, base: "/v" + strconv.Itoa(engine.Protocol),
		calls: &h1.Pool{Dial: dial, MaxIdleTime: idleTimeout},
		control: &http.Client{Transport: &http.Transport{
			DialContext:     func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
			IdleConnTimeout: idleTimeout,
		}},
		closed: make(chan struct{}),
	}
	go c.watch()
	return c, nil
}

// Close closes all connections; calls on them fail.
func (c *Client) Close() {
	c.close.Do(func() { close(c.closed) })
	c.calls.Close()
	c.endAsks()
}

// Invoke implements picasso.Engine. A call that the engine does not wait with
// is told of as taken, too, when it has not ended after a while.
func (c *Client) Invoke(ctx context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
	began := time.Now()
	c.running.Add(1)
	defer c.running.Add(-1)
	// The engine answers when the function does: the end of ctx is told beside the call.
	stop := context.AfterFunc(ctx, func() { c.forgo(c.run(call)) })
	defer stop()
	in, fault := h1.OpenInlet(call.Body, call.ContentLength)
	if fault != nil {
		return picasso.Outcome{Err: fault.Problem()}
	}
	defer in.Close(w)
	resp, err := c.send(ctx, call, in)
	if err != nil {
		return picasso.Outcome{Err: c.problem(err, call, 0)}
	}
	defer resp.Close()
	out, last, err := receive(resp, w, call)
	if err != nil {
		if resp.Unread() {
			last = 0 // what has come may have been that a sandbox has it
		}
		return picasso.Outcome{Err: c.problem(err, call, last)}
	}
	if in.Upload != nil && out.InputBytes < in.Bytes() {
		resp.Last() // the rest of the body is in the way
	}
	if !out.Started.IsZero() {
		out.Started = began.Add(out.Wait) // by our clock
	}
	return out
}

// maxSends is how often a call is sent: its session, and then its function, may
// have been forgotten, and once more if there is much going on.
const maxSends = 4

// send gets the call to the engine and returns its answer, whose body is
// frames. It sends again what was refused because the engine does not know the
// session or the function: nothing has happened then, and no large body was begun.
func (c *Client) send(ctx context.Context, call *picasso.Call, in *h1.Inlet) (*h1.Response, error) {
	var stale *session
	for sends := 1; ; sends++ {
		s, err := c.session(ctx, stale)
		if err != nil {
			return nil, err
		}
		resp, err := c.sendOnce(ctx, call, in, s)
		if err != nil {
			return nil, err
		}
		again := sends < maxSends && (in.Upload == nil || in.Bytes() == 0)
		switch {
		case resp.Status == http.StatusOK:
			return resp, nil
		case again && resp.Status == statusSession:
			stale = s
			resp.Close()
		case again && resp.Status == http.StatusPreconditionFailed:
			resp.Close()
			if err := c.define(ctx, call.Function); err != nil {
				return nil, err
			}
		default:
			defer resp.Close()
			return nil, c.refusal(resp, resp.Status)
		}
	}
}

func (c *Client) sendOnce(ctx context.Context, call *picasso.Call, in *h1.Inlet, s *session) (*h1.Response, error) {
	req, err := h1.NewRequest(http.MethodPost, c.base+"/invoke", c.address)
	if err != nil {
		return nil, err
	}
	defer req.Free()
	fields, err := c.fields(call, s)
	if err != nil {
		return nil, err
	}
	for name, values := range fields {
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
		req.Body, req.ContentLength, req.Continue = in.Upload, call.ContentLength, true
	} else {
		req.Payload = in.Payload
	}
	fn := call.Function
	return c.calls.Do(ctx, req, time.Now().Add(fn.QueueTimeout()+fn.Timeout()+c.hang))
}

// fields are those of the protocol, signed.
func (c *Client) fields(call *picasso.Call, s *session) (http.Header, error) {
	h := make(http.Header, 12)
	h[fieldExecution] = []string{call.ExecutionID}
	if run := c.run(call); run != call.ExecutionID {
		h[fieldRun] = []string{run}
	}
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
	if c.version >= 2 && call.Share > 0 {
		h[fieldShare] = []string{strconv.Itoa(call.Share)}
	}
	if c.version >= 2 && call.Spill {
		h[fieldSpill] = []string{"1"}
	}
	if call.Log != nil {
		h[fieldLog] = []string{"1"}
	}
	if call.Credentials != nil {
		field, err := delegated(call)
		if err != nil {
			return nil, picasso.AsError(err)
		}
		h[fieldCredentials] = []string{field}
	}
	sign(c.key, http.MethodPost, c.base+"/invoke", h, s.next())
	return h, nil
}

// run is what the engine knows this very call by.
func (c *Client) run(call *picasso.Call) string {
	if c.version >= 2 && call.Run != "" {
		return call.Run
	}
	return call.ExecutionID
}

// problem makes the error of a call out of what happened on the connection
// after the call had got so far.
func (c *Client) problem(err error, call *picasso.Call, last picasso.Progress) *picasso.Error {
	var known *picasso.Error
	var fault *h1.BodyError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &fault):
		return fault.Problem()
	case errors.Is(err, h1.ErrNotSent), last == picasso.ProgressWaiting:
		return c.unavailable(err)
	default:
		return picasso.Errorf(picasso.CodeHostLost, "what became of execution %s is not known", call.ExecutionID).WithCause(err)
	}
}

func (c *Client) unavailable(cause error) *picasso.Error {
	return picasso.Errorf(picasso.CodeUnavailable, "the engine does not answer").WithRetryAfter(time.Second).WithCause(cause)
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
