package contract

import (
	"context"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/h1"
	"github.com/picasso-faas/picasso/engine/sandbox"
)

// stdioHTTP is IronFunctions' http format (iron-io/functions@d59d7d1): HTTP/1.1
// requests on stdin, one at a time, answers on stdout, log on stderr. Of an answer
// only the body counts; status and header are read and forgotten, as they are
// there. What belongs to one call comes as the header of its request: the
// environment is that of all calls, and so holds nothing of any caller.
type stdioHTTP struct {
	pipe    *pipe
	started atomic.Bool // the pipe was handed out
}

// startStdioHTTP starts a sandbox that keeps its one connection, which is its
// stdin and stdout, for as long as it lives.
func (s *Starter) startStdioHTTP(ctx context.Context, fn *picasso.Function) (Sandbox, error) {
	p := &stdioHTTP{pipe: newPipe(s.cfg.MaxResponseBytes + 2*h1.MaxHeaderBytes)}
	sb, err := s.startHTTP(ctx, fn, p)
	if err != nil {
		p.pipe.Close()
		return nil, err
	}
	h := sb.(*httpSandbox) //nolint:forcetypeassert // it is nothing else
	h.conns.MaxIdleTime = math.MaxInt64
	h.hearing.lost.Store(maxLost) // a mark on stdout would be in the middle of answers
	return h, nil
}

func (p *stdioHTTP) prepare(spec *sandbox.Spec, fn *picasso.Function) {
	spec.Env = environment(fn, []string{
		"FN_FORMAT=http",
		"PICASSO_FUNCTION_ID=" + fn.ID, "PICASSO_FUNCTION_NAME=" + fn.Name, "PICASSO_APP_NAME=" + fn.App,
	})
	spec.Stdin, spec.Stdout = p.pipe.stdin, &p.pipe.stdout
}

// dial hands out the pipe, once: a second connection would begin in the middle
// of what the first one has left. The end of the connection is that of the sandbox.
func (p *stdioHTTP) dial(_ context.Context, sb sandbox.Sandbox) (net.Conn, error) {
	if !p.started.CompareAndSwap(false, true) {
		return nil, errors.New("the sandbox is being removed")
	}
	p.pipe.closed = func() { go sb.Remove() }
	return p.pipe, nil
}

// ready: what is written to stdin is there when the function comes to read it.
func (p *stdioHTTP) ready(ctx context.Context, s *httpSandbox) error { return s.connect(ctx) }

func (p *stdioHTTP) request(call *Call, deadline time.Time) (*h1.Request, error) {
	if p.pipe.stdout.pending() {
		p.pipe.Close()
		return nil, functionFailed("it wrote to standard output without having been called")
	}
	_, host := origin(call.URL)
	req, err := h1.NewRequest(http.MethodGet, "/", host) // always, whatever the caller's are
	if err != nil {
		return nil, err
	}
	req.Add("Method", call.Method)
	req.Add("Route", "/"+call.Function.Name)
	req.Add("Request_url", call.URL)
	req.Add("Task-Id", call.ExecutionID)
	req.Add("Picasso-Execution-Id", call.ExecutionID)
	req.Add("Picasso-Attempt", call.attempt())
	req.Add("Picasso-Deadline", deadline.UTC().Format(time.RFC3339))
	delegated(req, call)
	for _, pair := range headerEnv(call.Header) {
		name, value, _ := strings.Cut(pair, "=")
		req.Add(http.CanonicalHeaderKey(name), value) // Header_x_own
	}
	if err := lengthKnown(req, call, deadline); err != nil {
		req.Free()
		return nil, err
	}
	return req, nil
}

// lengthKnown sets the body with a Content-Length, which functions of this
// contract go by, also when it is 0.
func lengthKnown(req *h1.Request, call *Call, deadline time.Time) error {
	setBody(req, call)
	if req.Body != nil && req.ContentLength < 0 {
		whole, err := readWhole(call, deadline)
		if err != nil {
			return err
		}
		req.Body, req.Payload, req.ContentLength = nil, whole, int64(len(whole))
	}
	if req.Body == nil && len(req.Payload) == 0 {
		req.Add("Content-Length", "0")
	}
	return nil
}

// readWhole reads the body, which the API limits, unless the time of the call
// is over before. The goroutine ends with the call's use of its body.
func readWhole(call *Call, deadline time.Time) ([]byte, error) {
	type outcome struct {
		body []byte
		err  error
	}
	read := make(chan outcome, 1)
	go func() {
		body, err := io.ReadAll(call.Body)
		read <- outcome{body, err}
	}()
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case o := <-read:
		if o.err != nil {
			return nil, (&h1.BodyError{Err: o.err}).Problem()
		}
		return o.body, nil
	case <-call.Abort.Done():
		return nil, cancelled()
	case <-timer.C:
		return nil, picasso.Errorf(picasso.CodeTimedOut, "timeout_s: the body of the call had not come by then")
	}
}

func (p *stdioHTTP) reply(_ *Call, resp *h1.Response) verdict {
	_, chunked := resp.Header["Transfer-Encoding"]
	if resp.ContentLength < 0 && !chunked && !resp.Bodyless {
		return verdict{own: resp.Status, fate: Discard,
			err: functionFailed("its answer has no Content-Length, so that nobody can tell where it ends")}
	}
	return verdict{status: http.StatusOK, own: http.StatusOK, pass: true}
}
