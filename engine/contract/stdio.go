package contract

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/h1"
	"github.com/picasso-faas/picasso/engine/ring"
	"github.com/picasso-faas/picasso/engine/sandbox"
)

// stdioSandbox is the permit for one sandbox of contract stdio, as
// IronFunctions' default format has it (iron-io/functions@d59d7d1): body on
// stdin, answer on stdout, log on stderr, done with exit code 0. The sandbox
// itself is started for its one call and gone when Serve returns.
type stdioSandbox struct {
	starter *Starter
	fn      *picasso.Function
}

// Done implements Sandbox: a permit does not end by itself.
func (s *stdioSandbox) Done() <-chan struct{} { return nil }

// Freeze implements Sandbox: there is nothing to freeze.
func (s *stdioSandbox) Freeze() bool { return false }

// Thaw implements Sandbox.
func (s *stdioSandbox) Thaw() {}

// Remove implements Sandbox: Serve has removed it already.
func (s *stdioSandbox) Remove() {}

// startTimeout bounds the start of a sandbox, the wait for its turn included.
const startTimeout = time.Minute

// Serve implements Sandbox.
func (s *stdioSandbox) Serve(call *Call, w http.ResponseWriter) (picasso.Outcome, Fate) {
	x := &run{
		timeout: s.fn.Timeout(), log: ring.New(s.starter.cfg.MaxLogBytes),
		cancelled: call.Abort.Done(),
		in:        input{r: call.Body, failed: make(chan struct{})},
		out:       output{max: s.starter.cfg.MaxResponseBytes, full: make(chan struct{})},
	}
	if call.Body == nil {
		x.in.r = bytes.NewReader(bytes.Clone(call.Payload)) // may still be read when the call is over
	}
	spec := s.starter.spec(s.fn, stdioEnv(call, time.Now().Add(x.timeout)))
	spec.Stdin, spec.Stdout, spec.Stderr = &x.in, &x.out, x.log
	began := time.Now()
	sb, err := s.start(spec, call)
	if err != nil {
		return picasso.Outcome{Err: picasso.AsError(err)}, Discard
	}
	out := picasso.Outcome{Started: time.Now()}
	out.ColdStart = out.Started.Sub(began)
	live := follow(x.log, 0, s.starter.cfg.MaxLogBytes, call.Log)
	x.await(sb, &out)
	sb.Remove()
	x.in.stop()
	if out.Err == nil {
		x.answer(w, &out)
	}
	out.Run = time.Since(out.Started)
	var end int64
	out.Log, end = x.log.Since(0)
	live.finish(out.Log, end)
	return out, Discard
}

// start starts the sandbox, unless the call is cancelled meanwhile.
func (s *stdioSandbox) start(spec sandbox.Spec, call *Call) (sandbox.Sandbox, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	go func() {
		select {
		case <-call.Abort.Done():
			cancel()
		case <-ctx.Done():
		}
	}()
	sb, err := s.starter.driver.Start(ctx, spec)
	if err != nil && call.Abort.Aborted() {
		return nil, picasso.Errorf(picasso.CodeCancelled, "it was cancelled while its sandbox was started").WithCause(err)
	}
	return sb, err
}

func stdioEnv(call *Call, deadline time.Time) []string {
	return append(append(headerEnv(call.Header), delegatedEnv(call)...),
		"METHOD="+call.Method,
		"ROUTE=/"+call.Function.Name,
		"REQUEST_URL="+call.URL,
		"PICASSO_EXECUTION_ID="+call.ExecutionID,
		"PICASSO_ATTEMPT="+call.attempt(),
		"PICASSO_DEADLINE="+deadline.UTC().Format(time.RFC3339),
	)
}

// run is one run of a command.
type run struct {
	timeout   time.Duration
	cancelled <-chan struct{}
	log       *ring.Log
	in        input
	out       output
}

// await waits for the end of the command, or of its time.
func (x *run) await(sb sandbox.Sandbox, out *picasso.Outcome) {
	timer := time.NewTimer(x.timeout)
	defer timer.Stop()
	select {
	case <-sb.Done():
		x.judge(sb.Exit(), out)
	case <-timer.C:
		out.Err = timedOut(x.timeout)
	case <-x.cancelled:
		out.Err = cancelled()
	case <-x.in.failed:
		out.Err = (&h1.BodyError{Err: x.in.failure()}).Problem()
	case <-x.out.full:
		out.Err = responseTooLarge(x.out.max)
	}
}

func (x *run) judge(exit sandbox.Exit, out *picasso.Outcome) {
	out.ExitCode = exitCode(exit)
	if err := x.in.failure(); err != nil {
		out.Err = (&h1.BodyError{Err: err}).Problem()
		return
	}
	switch {
	case x.out.isFull():
		out.Err = responseTooLarge(x.out.max)
	case exit.OutOfMem, exit.EngineErr, exit.Code < 0, exit.Code > 128:
		out.Err = ended(picasso.CodeFunctionDied, exit, tail(x.log))
	case exit.Code != 0:
		out.Err = ended(picasso.CodeFunctionFailed, exit, tail(x.log))
	}
}

// answer sends what the command wrote; its kind is whatever the bytes look like.
func (x *run) answer(w http.ResponseWriter, out *picasso.Outcome) {
	body := x.out.buf.Bytes()
	out.HTTPStatus, out.OutputBytes = http.StatusOK, int64(len(body))
	w.Header()["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(body) // a caller that is gone changes nothing
}

// input is the body on its way to stdin.
type input struct {
	mu      sync.Mutex
	r       io.Reader
	stopped bool
	err     error
	failed  chan struct{} // closed when the body could not be read
}

// Read implements io.Reader. Stdin ends where the body does, or fails.
func (in *input) Read(p []byte) (int, error) {
	in.mu.Lock()
	over := in.stopped || in.err != nil
	in.mu.Unlock()
	if over {
		return 0, io.EOF
	}
	n, err := in.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		in.mu.Lock()
		defer in.mu.Unlock()
		if !in.stopped && in.err == nil {
			in.err = err
			close(in.failed)
		}
		return n, io.EOF
	}
	return n, err
}

// failure returns why the body could not be read, or nil.
func (in *input) failure() error {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.err
}

// stop ends the input: the command that would have read it is gone.
func (in *input) stop() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.stopped = true
}

// output collects stdout. It is kept until the exit code tells what it is worth.
type output struct {
	max  int64
	mu   sync.Mutex
	buf  bytes.Buffer
	over bool
	full chan struct{} // closed when there was more than max
}

// Write implements io.Writer; it never fails and never blocks.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.over:
	case int64(o.buf.Len()+len(p)) > o.max:
		o.over = true
		close(o.full)
	default:
		o.buf.Write(p)
	}
	return len(p), nil
}

func (o *output) isFull() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.over
}
