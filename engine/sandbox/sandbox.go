// Package sandbox is the contract between the engine and what it runs
// functions in. Package docker implements it; enginetest holds the suite that
// every driver passes.
package sandbox

import (
	"context"
	"io"
	"net"

	"github.com/picasso-faas/picasso"
)

// Spec describes a sandbox to start. Everything about hardening that is the
// same for every sandbox (user, capabilities, read-only root, limits) is the
// driver's own business and configuration.
type Spec struct {
	// Owner is the function revision the sandbox belongs to. Drivers share
	// prepared parts (network namespaces) only within one owner, and label
	// what they create with all of it.
	Owner Owner
	Image string // digest or id as ResolveImage returned it
	// Entrypoint and Command replace the image's; empty keeps them. As in
	// Docker and Kubernetes, an Entrypoint alone drops the image's command too.
	Entrypoint []string
	Command    []string
	Env        []string // NAME=value
	MemoryMB   int      // 8 or more; what is stored in /tmp counts
	CPUs       float64  // 0: a share by memory
	TmpMB      int      // size of /tmp; 0: one page
	Network    picasso.Network
	// SocketDir makes the driver mount a fresh, empty directory, writable for
	// the function, at /tmp/iofs; Sandbox.SocketDir tells where it is on the
	// host.
	SocketDir bool
	// Stdin is copied to the sandbox's standard input, which is then closed;
	// nil is an empty input. It may still be read from once after the sandbox
	// has ended. Only for sandboxes that serve one call.
	Stdin io.Reader
	// Stdout and Stderr receive the output while the sandbox runs. They must
	// not block; writes to both come from one goroutine and have ended when
	// Sandbox.Done is closed. They may be the same writer; nil discards.
	Stdout, Stderr io.Writer
}

// Owner names the function revision a sandbox belongs to.
type Owner struct {
	ProjectID  string
	FunctionID string
	Revision   int64
}

// Sandbox is one started sandbox. Whoever has started it calls Remove, also
// when it has ended by itself.
type Sandbox interface {
	// SocketDir is the directory on the host that the function sees as
	// /tmp/iofs, "" without Spec.SocketDir. Its content is hostile.
	SocketDir() string
	// Dial connects to a TCP port on the loopback address inside the sandbox.
	Dial(ctx context.Context, port int) (net.Conn, error)
	// Done is closed when the sandbox has ended, for whatever reason, and its
	// output has been delivered.
	Done() <-chan struct{}
	// Exit tells how it ended. Valid once Done is closed.
	Exit() Exit
	// Mark appends a mark (at most 200 bytes) to the standard output and error
	// of the sandbox, as if it had written it: what comes out before it was
	// written before, what comes out after it was not. It never waits for the
	// sandbox. count is how often the mark will come out, once where both are
	// the same and 0 to 2 in all; all reports whether it was appended to
	// everything that the sandbox had as either. Once Done is closed it is 0, false.
	Mark(mark []byte) (count int, all bool)
	// Freeze stops all its processes until Thaw, which is instantaneous
	// (well under 2 ms). Freeze reports false where the host cannot do that.
	Freeze() bool
	Thaw()
	// Remove ends the sandbox if it still runs and removes every trace of it.
	// It returns once Done is closed; the rest of the cleaning goes on in the
	// background (Driver.Close waits for it). It may be called at any time,
	// from several goroutines, more than once.
	Remove()
}

// Exit tells how a sandbox ended.
type Exit struct {
	Code      int  // exit status; 128+n when ended by signal n; -1 when unknown (the driver lost it)
	OutOfMem  bool // the kernel killed a process of it at its memory limit
	EngineErr bool // ended by the container engine or by Remove, not by itself
}

// Driver starts sandboxes on this host. Errors are *picasso.Error.
type Driver interface {
	// Start starts a sandbox and returns as soon as it runs; whether the
	// function in it is ready is the contract's concern. The driver limits
	// itself how many it starts at once, first come first served. ctx bounds
	// the start only. Errors: sandbox_failed, image_unavailable (the image has
	// vanished and cannot be pulled again), unavailable (container engine down,
	// or ctx over).
	Start(ctx context.Context, spec Spec) (Sandbox, error)
	// ResolveImage is as picasso.Engine has it.
	ResolveImage(ctx context.Context, ref string) (string, error)
	// Images lists the images of the host: all that ResolveImage may return for
	// them. Errors: unavailable.
	Images(ctx context.Context) ([]string, error)
	// Check tells whether sandboxes can be started at all. It returns when ctx
	// ends, whatever hangs. Errors: unavailable.
	Check(ctx context.Context) error
	// Close removes everything the driver has created and returns when it is
	// gone.
	Close() error
}
