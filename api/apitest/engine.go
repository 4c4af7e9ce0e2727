// Package apitest has what tests of the HTTP API need: an engine in the
// process of the test, and a server on a real listener.
package apitest

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/picasso-faas/picasso"
)

// Engine is a picasso.Engine without sandboxes. Its functions may be set before the
// server starts; the zero value echoes every call, resolves every image and
// remembers what it was told.
type Engine struct {
	// OnInvoke runs a call; nil is Echo.
	OnInvoke func(ctx context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome
	// OnResolve resolves an image; nil appends a digest to it.
	OnResolve func(ref string) (string, error)
	// OnWarm is what Warm returns; nil is Err.
	OnWarm func(fn *picasso.Function) error
	// Err is what Warm, Retire, Cancel and Host return.
	Err error

	mu        sync.Mutex
	warmed    []picasso.Function
	retired   []Retired
	cancelled []string
}

// Retired is one call of Retire.
type Retired struct {
	FunctionID string
	Below      int64
}

// Echo answers with the body and the content type of the call.
func Echo(_ context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
	w.Header().Set("Content-Type", call.Header.Get("Content-Type"))
	w.WriteHeader(http.StatusOK)
	n, err := io.Copy(w, call.Body)
	outcome := Succeeded(http.StatusOK)
	outcome.InputBytes, outcome.OutputBytes = n, n
	if err != nil {
		outcome.Err = picasso.Errorf(picasso.CodeTooLarge, "body: is too long").WithCause(err)
	}
	return outcome
}

// Succeeded is the outcome of a call that ran for 2 ms.
func Succeeded(status int) picasso.Outcome {
	return picasso.Outcome{
		HTTPStatus: status, Host: "host-1", Started: time.Now().Add(-2 * time.Millisecond),
		Wait: 500 * time.Microsecond, Run: 2 * time.Millisecond,
	}
}

// Failed is the outcome of a call that ended with the error.
func Failed(code picasso.Code, detail string) picasso.Outcome {
	return picasso.Outcome{Host: "host-1", Err: picasso.Errorf(code, "%s", detail)}
}

// Invoke implements picasso.Engine.
func (e *Engine) Invoke(ctx context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
	if e.OnInvoke == nil {
		return Echo(ctx, call, w)
	}
	return e.OnInvoke(ctx, call, w)
}

// ResolveImage implements picasso.Engine.
func (e *Engine) ResolveImage(_ context.Context, ref string) (string, error) {
	if e.OnResolve == nil {
		return ref + "@sha256:0000000000000000000000000000000000000000000000000000000000000000", nil
	}
	return e.OnResolve(ref)
}

// Warm implements picasso.Engine.
func (e *Engine) Warm(_ context.Context, fn *picasso.Function) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.warmed = append(e.warmed, *fn)
	if e.OnWarm != nil {
		return e.OnWarm(fn)
	}
	return e.Err
}

// Retire implements picasso.Engine.
func (e *Engine) Retire(_ context.Context, functionID string, below int64) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.retired = append(e.retired, Retired{functionID, below})
	return e.Err
}

// Cancel implements picasso.Engine.
func (e *Engine) Cancel(_ context.Context, executionID string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.cancelled = append(e.cancelled, executionID)
	return e.Err
}

// Host implements picasso.Engine.
func (e *Engine) Host(context.Context) (picasso.Host, error) {
	return picasso.Host{Name: "host-1", MemoryMB: 1024, MemoryUsedMB: 128, Sandboxes: 1}, e.Err
}

// Warmed returns what was given to Warm so far.
func (e *Engine) Warmed() []picasso.Function {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]picasso.Function(nil), e.warmed...)
}

// Retirements returns what was given to Retire so far.
func (e *Engine) Retirements() []Retired {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]Retired(nil), e.retired...)
}

// Cancelled returns what was given to Cancel so far.
func (e *Engine) Cancelled() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]string(nil), e.cancelled...)
}
