package contract

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/h1"
	"github.com/picasso-faas/picasso/engine/ring"
	"github.com/picasso-faas/picasso/engine/sandbox"
)

// protocol is what the contracts over HTTP differ in.
type protocol interface {
	// prepare completes the spec.
	prepare(spec *sandbox.Spec, fn *picasso.Function)
	// dial connects to the function. While it is not listening yet, the error
	// is not a *picasso.Error.
	dial(ctx context.Context, sb sandbox.Sandbox) (net.Conn, error)
	// ready waits until a connection could be made, or ctx or the sandbox has ended.
	ready(ctx context.Context, s *httpSandbox) error
	// request is the request for a call.
	request(call *Call, deadline time.Time) (*h1.Request, error)
	// reply says what the head of an answer means.
	reply(call *Call, resp *h1.Response) verdict
}

// verdict is what the head of an answer means to the caller.
type verdict struct {
	status int         // for the caller
	own    int         // the function's own
	header http.Header // for the caller
	err    *picasso.Error
	pass   bool // body and all go to the caller, also with err
	fate   Fate
}

// httpSandbox is a sandbox whose function is an HTTP server.
type httpSandbox struct {
	sandbox.Sandbox
	protocol
	cfg     Config
	fn      *picasso.Function
	log     *ring.Log
	taken   atomic.Int64 // offset in log behind what has gone to a call
	hearing hearing
	conns   h1.Pool
}

// dialTimeout bounds the connecting to a function that is ready.
const dialTimeout = 5 * time.Second

func (s *Starter) startHTTP(ctx context.Context, fn *picasso.Function, p protocol) (Sandbox, error) {
	h := &httpSandbox{protocol: p, cfg: s.cfg, fn: fn, log: ring.New(s.cfg.MaxLogBytes)}
	h.hearing.marks = ring.NewMarks(h.log, rand.Text())
	spec := s.spec(fn, nil)
	spec.Stdout, spec.Stderr = h.hearing.marks.Stream(), h.hearing.marks.Stream()
	p.prepare(&spec, fn)
	sb, err := s.driver.Start(ctx, spec)
	if err != nil {
		return nil, err
	}
	h.Sandbox = sb
	h.conns.Dial = func(ctx context.Context) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, dialTimeout)
		defer cancel()
		return p.dial(ctx, sb)
	}
	if err := h.awaitReady(ctx); err != nil {
		sb.Remove()
		return nil, err
	}
	go func() {
		<-sb.Done()
		h.conns.Close() // wakes the calls in it, whatever still holds the sockets
	}()
	return h, nil
}

func (s *httpSandbox) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.ReadyTimeout)
	defer cancel()
	err := s.ready(ctx, s)
	select {
	case <-s.Done():
		return endedEarly(s.fn.Contract, s.Exit(), s.log)
	default:
	}
	var e *picasso.Error
	if err == nil || errors.As(err, &e) {
		return err
	}
	return picasso.Errorf(picasso.CodeNotReady, "it was not ready for calls after %v%s", s.cfg.ReadyTimeout, tail(s.log)).WithCause(err)
}

// connect makes sure that the function takes connections, and keeps the one
// made for the first call.
func (s *httpSandbox) connect(ctx context.Context) error {
	c, err := s.conns.Get(ctx)
	if err == nil {
		s.conns.Put(c)
	}
	return err
}

// Serve implements Sandbox.
func (s *httpSandbox) Serve(call *Call, w http.ResponseWriter) (picasso.Outcome, Fate) {
	started := time.Now()
	logged := s.taken.Load()
	out := picasso.Outcome{Started: started}
	to := sink{w: w, deadline: started.Add(s.fn.Timeout()), log: follow(s.log, logged, s.cfg.MaxLogBytes, call.Log)}
	fate := s.exchange(call, &to, &out)
	out.Run = time.Since(started)
	if s.hearing.expects(&out) || s.log.End() > logged {
		to.flush()
		s.settle(logged)
	}
	var end int64
	out.Log, end = s.log.Since(logged)
	if fate != Missed {
		to.log.finish(out.Log, end)
	}
	s.hearing.heard(len(out.Log) > 0)
	s.taken.Store(end) // what comes now goes to the next call rather than to none
	return out, fate
}

func (s *httpSandbox) exchange(call *Call, to *sink, out *picasso.Outcome) Fate {
	req, err := s.request(call, to.deadline)
	if err != nil {
		out.Err = picasso.AsError(err)
		return Keep
	}
	defer req.Free()
	req.Abort = call.Abort
	resp, err := s.conns.Do(context.Background(), req, to.deadline)
	if err != nil {
		if errors.Is(err, h1.ErrNotSent) {
			to.log.stop() // another sandbox may serve the call, whose log is another one then
		}
		return s.failed(call, err, out)
	}
	defer resp.Close()
	if resp.ContentLength > s.cfg.MaxResponseBytes {
		out.Err = responseTooLarge(s.cfg.MaxResponseBytes)
		return Keep
	}
	v := s.reply(call, resp)
	out.HTTPStatus, out.Err = v.own, v.err
	if !v.pass {
		return s.withhold(call, resp, v.fate, out)
	}
	switch err := to.pass(v, resp, s.cfg.MaxResponseBytes, &out.OutputBytes); {
	case errors.Is(err, errTooLarge):
		out.Err = responseTooLarge(s.cfg.MaxResponseBytes)
	case err != nil:
		return s.failed(call, err, out)
	default:
		out.OwnAccount = v.err != nil
	}
	return v.fate
}

// withhold reads the rest of an answer that is not for the caller. A function
// that does not come to its end is no good for another call.
func (s *httpSandbox) withhold(call *Call, resp *h1.Response, fate Fate, out *picasso.Outcome) Fate {
	if fate != Keep {
		return fate
	}
	if _, err := io.Copy(io.Discard, io.LimitReader(resp, maxWithheld)); err != nil {
		return s.failed(call, err, out)
	}
	return Keep
}

// maxWithheld is how much of an answer is read only so that its connection can be used again.
const maxWithheld = 64 << 10

// deathGrace is how long a broken connection waits for the news that the
// sandbox has ended, which explains it.
const deathGrace = 5 * time.Second

// failed says why an exchange failed, and what becomes of the sandbox.
func (s *httpSandbox) failed(call *Call, err error, out *picasso.Outcome) Fate {
	if call.Abort.Aborted() {
		out.Err = cancelled()
		if errors.Is(err, h1.ErrAborted) {
			return Keep // the function knows nothing of it
		}
		return Discard
	}
	var body *h1.BodyError
	own := errors.As(err, &body) || errors.Is(err, os.ErrDeadlineExceeded) ||
		errors.Is(err, h1.ErrMalformed) || errors.Is(err, h1.ErrHeaderTooLarge)
	if !own && s.endsWithin(deathGrace) {
		exit := s.Exit()
		out.Err, out.ExitCode = ended(picasso.CodeFunctionDied, exit, tail(s.log)), exitCode(exit)
	} else {
		out.Err = exchangeFailure(err, s.fn.Timeout())
	}
	if errors.Is(err, h1.ErrNotSent) {
		return Missed
	}
	if body != nil && s.fn.Contract == picasso.ContractWeb {
		return Keep // a web server knows what to do with a client that goes away
	}
	return Discard
}

func (s *httpSandbox) endsWithin(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-s.Done():
		return true
	case <-timer.C:
		return false
	}
}
