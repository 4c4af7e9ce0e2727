package engine

import (
	"context"
	"net/http"
	"time"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/contract"
	"github.com/picasso-faas/picasso/engine/h1"
	"github.com/picasso-faas/picasso/engine/pool"
)

// Invoke implements picasso.Engine.
func (e *Engine) Invoke(ctx context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
	began := time.Now()
	in, fault := h1.OpenInlet(call.Body, call.ContentLength)
	if fault != nil {
		return e.refused(fault.Problem(), began)
	}
	defer in.Close(w)
	abort := e.calls.enter(call)
	defer e.calls.leave(abort)
	// A small body is here in full by now: a slow caller holds no sandbox.
	c := contract.Call{Call: streaming(call, in.Upload), Payload: in.Payload, Abort: abort}
	out := e.serve(ctx, &c, w)
	if out.Started.IsZero() {
		out.Wait = time.Since(began)
	} else {
		out.Wait = out.Started.Sub(began)
	}
	out.Host, out.InputBytes = e.cfg.Host, in.Bytes()
	return out
}

// streaming returns the call with the body that is left to stream.
func streaming(call *picasso.Call, upload *h1.Upload) *picasso.Call {
	c := *call
	c.Body = nil
	if upload != nil {
		c.Body = upload
	}
	return &c
}

// serve gives the call to a sandbox; when that turns out to be gone, to
// another one, once.
func (e *Engine) serve(ctx context.Context, c *contract.Call, w http.ResponseWriter) picasso.Outcome {
	waited := false
	want := pool.Want{Function: c.Function, Share: c.Share, Spill: c.Spill, Cancelled: c.Abort.Done()}
	if c.Progress != nil {
		want.Waits = func() {
			waited = true
			c.Progress(picasso.ProgressWaiting)
		}
	}
	for again := false; ; again = true {
		lease, err := e.pools.Acquire(ctx, &want)
		if err != nil {
			return picasso.Outcome{Err: picasso.AsError(err)}
		}
		if waited {
			waited = false
			c.Progress(picasso.ProgressTaken)
			if ctx.Err() != nil { // who could not be told may send it elsewhere
				e.pools.Release(lease, contract.Keep)
				return picasso.Outcome{Err: pool.ErrGone(ctx)}
			}
		}
		out, fate := lease.Sandbox.Serve(c, w)
		e.pools.Release(lease, fate)
		if fate == contract.Missed && !again {
			continue
		}
		if lease.First && c.Function.Contract != picasso.ContractStdio {
			out.ColdStart = lease.ColdStart
		}
		return out
	}
}

func (e *Engine) refused(err *picasso.Error, began time.Time) picasso.Outcome {
	return picasso.Outcome{Err: err, Host: e.cfg.Host, Wait: time.Since(began)}
}
