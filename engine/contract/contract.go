// Package contract hands calls to functions, each by the contract that its
// function speaks: fn, web, stdio and stdio-http. It knows what goes over the wire and
// into the environment, what an answer means, and when a sandbox can no longer
// be trusted with another call; it does not decide how many sandboxes there are.
package contract

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/h1"
	"github.com/picasso-faas/picasso/engine/sandbox"
)

// Call is a call that a sandbox is to serve.
type Call struct {
	*picasso.Call
	// Payload is the whole body where it was small enough to be read ahead;
	// Body is nil then.
	Payload []byte
	// Abort ends the call from outside, as cancelled.
	Abort *h1.Abort
}

// attempt is the number of the attempt on the wire. Synchronous calls have but one.
func (c *Call) attempt() string { return strconv.Itoa(max(1, c.Attempt)) }

// Fate is what becomes of a sandbox after a call.
type Fate int

// The fates.
const (
	Keep    Fate = iota // it takes further calls
	Discard             // it takes no more calls and is removed when those in it have ended
	Missed              // as Discard; also, it took nothing of this call, which another one can serve
)

// Sandbox is a sandbox that is ready for calls.
type Sandbox interface {
	// Serve hands it one call, streams the answer to w and returns when the
	// call has ended. It fills in of the Outcome: Err, HTTPStatus, ExitCode,
	// Started, Run, ColdStart (only with stdio), OutputBytes, Log. With
	// Missed nothing was written to w.
	Serve(call *Call, w http.ResponseWriter) (picasso.Outcome, Fate)
	// The others are as sandbox.Sandbox has them.
	Done() <-chan struct{}
	Freeze() bool
	Thaw()
	Remove()
}

// Config bounds what functions may do.
type Config struct {
	MaxResponseBytes int64
	MaxLogBytes      int           // of one call
	ReadyTimeout     time.Duration // from the start of a sandbox until it is ready for calls
}

// Starter starts sandboxes that are ready for calls.
type Starter struct {
	cfg    Config
	driver sandbox.Driver
}

// NewStarter returns a Starter on the driver.
func NewStarter(cfg Config, driver sandbox.Driver) *Starter {
	return &Starter{cfg: cfg, driver: driver}
}

// Start starts a sandbox for the function and returns when it is ready. With
// contract stdio that is at once: its real start is part of the call, whose
// body and environment it needs. ctx bounds the start. Errors: sandbox_failed,
// not_ready, image_unavailable, unavailable.
func (s *Starter) Start(ctx context.Context, fn *picasso.Function) (Sandbox, error) {
	switch fn.Contract {
	case picasso.ContractFn:
		return s.startHTTP(ctx, fn, fnProtocol{})
	case picasso.ContractWeb:
		return s.startHTTP(ctx, fn, webProtocol{})
	case picasso.ContractStdioHTTP:
		return s.startStdioHTTP(ctx, fn)
	case picasso.ContractStdio:
		return &stdioSandbox{starter: s, fn: fn}, nil
	}
	return nil, picasso.Errorf(picasso.CodeSandboxFailed, "contract: this engine does not know %q", fn.Contract)
}

// spec is what all sandboxes of the function have in common.
func (s *Starter) spec(fn *picasso.Function, platform []string) sandbox.Spec {
	return sandbox.Spec{
		Owner: sandbox.Owner{ProjectID: fn.ProjectID, FunctionID: fn.ID, Revision: fn.Revision},
		Image: fn.ImageDigest, Entrypoint: fn.Entrypoint, Command: fn.Command,
		Env:      environment(fn, platform),
		MemoryMB: fn.MemoryMB, CPUs: fn.CPUs, TmpMB: fn.TmpMB, Network: fn.Network,
	}
}
