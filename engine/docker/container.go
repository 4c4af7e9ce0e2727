package docker

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"

	"github.com/picasso-faas/picasso/engine/sandbox"
)

const (
	// exitGrace is how long the event of an exit may come after the end of the output.
	exitGrace = 250 * time.Millisecond
	// oomGrace is how long the event of a lack of memory may come after that of the exit.
	oomGrace = 100 * time.Millisecond
	// drainTime is how long output may go on after the exit.
	drainTime = 2 * time.Second
	// requestTime bounds requests to Docker that nobody waits for.
	requestTime = time.Minute
)

// exitKilled is the status of a process that was killed with SIGKILL.
const exitKilled = 128 + 9

// box is a sandbox: a container that joins the namespace of a donor.
type box struct {
	driver    *Driver
	name      string
	socketDir string
	donor     *donor
	exited    chan struct{} // closed when exit is set
	done      chan struct{} // closed when, in addition, the output has ended
	outlets   outlets

	mu       sync.Mutex // guards what follows
	id       string     // "" until Docker has created it; fixed once Start has returned
	stream   types.HijackedResponse
	exit     sandbox.Exit
	ending   bool // exit is set
	outOfMem bool
	removing bool
}

var _ sandbox.Sandbox = (*box)(nil)

// SocketDir implements sandbox.Sandbox.
func (b *box) SocketDir() string { return b.socketDir }

// Done implements sandbox.Sandbox.
func (b *box) Done() <-chan struct{} { return b.done }

// Exit implements sandbox.Sandbox.
func (b *box) Exit() sandbox.Exit {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.exit
}

// Dial implements sandbox.Sandbox.
func (b *box) Dial(ctx context.Context, port int) (net.Conn, error) {
	conn, err := b.donor.space.dial(ctx, port)
	if err != nil {
		return nil, err
	}
	select {
	case <-b.exited: // the donor may have a new sandbox already, and conn lead there
		_ = conn.Close()
		return nil, fmt.Errorf("sandbox %s has ended", b.id[:12])
	default:
		return conn, nil
	}
}

// Freeze implements sandbox.Sandbox.
func (b *box) Freeze() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.removing && !b.ending && b.freezer().freeze()
}

// Thaw implements sandbox.Sandbox.
func (b *box) Thaw() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.freezer().thaw()
}

func (b *box) freezer() freezer { return b.donor.freezer.of(b.donor.id, b.id) }

// Remove implements sandbox.Sandbox.
func (b *box) Remove() {
	b.mu.Lock()
	first := !b.removing
	b.removing = true
	b.mu.Unlock()
	if first {
		b.Thaw() // frozen processes do not die
		b.driver.background.Go(b.destroy)
	}
	<-b.done
}

// destroy removes every trace of the sandbox, except of its donor.
func (b *box) destroy() {
	b.kill()
	exit := sandbox.Exit{Code: exitKilled, EngineErr: true} // should Docker not have told
	if err := b.driver.removeContainer(b.name); err != nil {
		exit.Code = -1
	}
	b.ended(exit)
	if b.socketDir != "" {
		if err := removeSocketDir(b.socketDir); err != nil {
			b.driver.log.WithError(err).Warn("Socket directory of a sandbox is left")
		}
	}
	b.driver.forget(b.name)
}

// kill ends a sandbox that still runs, without waiting behind other removals.
// Its error does not matter: removing kills as well.
func (b *box) kill() {
	select {
	case <-b.exited:
	default:
		ctx, cancel := context.WithTimeout(context.Background(), requestTime)
		defer cancel()
		_ = b.driver.docker.ContainerKill(ctx, b.name, "KILL")
	}
}

// pump delivers the output until the sandbox has ended, then closes done.
func (b *box) pump(spec *sandbox.Spec) {
	if spec.Stdin != nil {
		go b.feed(spec.Stdin)
	}
	stdout, stderr := cmp.Or(spec.Stdout, io.Discard), cmp.Or(spec.Stderr, io.Discard)
	if _, err := stdcopy.StdCopy(stdout, stderr, b.stream.Reader); err != nil {
		_, _ = io.Copy(io.Discard, b.stream.Reader) // a function must not hang on a writer that gave up
	}
	b.awaitExit()
	b.stream.Close()
	b.outlets.close()
	b.driver.releaseDonor(b.donor, b.Exit())
	close(b.done)
}

func (b *box) feed(stdin io.Reader) {
	_, _ = io.Copy(b.stream.Conn, stdin)
	_ = b.stream.CloseWrite()
}

// awaitExit waits until it is known how the sandbox ended. The output has
// ended, so it has as well, or it has closed its output, or Docker has gone.
func (b *box) awaitExit() {
	select {
	case <-b.exited:
		return
	case <-time.After(exitGrace):
	}
	b.inspect()
	<-b.exited
}

// inspect asks Docker how the sandbox is and notes when it has ended.
func (b *box) inspect() {
	ctx, cancel := context.WithTimeout(context.Background(), requestTime)
	defer cancel()
	state, err := b.driver.docker.ContainerInspect(ctx, b.name)
	switch {
	case err == nil && (state.State.Running || state.State.Status == container.StateCreated):
	case err == nil:
		b.ended(sandbox.Exit{Code: state.State.ExitCode, OutOfMem: state.State.OOMKilled})
	case cerrdefs.IsNotFound(err) || !answered(err):
		b.ended(sandbox.Exit{Code: -1, EngineErr: true})
	default:
		b.driver.log.WithError(err).WithField("sandbox", b.name).Error("Docker cannot tell how a sandbox is")
		b.ended(sandbox.Exit{Code: -1, EngineErr: true})
	}
}

// died is called for Docker's event of the exit.
func (b *box) died(code int) {
	b.mu.Lock()
	wait := code == exitKilled && !b.outOfMem && !b.removing
	b.mu.Unlock()
	if !wait {
		b.ended(sandbox.Exit{Code: code})
		return
	}
	time.AfterFunc(oomGrace, func() { b.ended(sandbox.Exit{Code: code}) })
}

// ranOutOfMemory is called for Docker's event of that.
func (b *box) ranOutOfMemory() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.outOfMem = true
}

// ended notes how the sandbox ended. The first to tell is right.
func (b *box) ended(exit sandbox.Exit) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ending {
		return
	}
	b.ending = true
	exit.OutOfMem = exit.OutOfMem || b.outOfMem
	exit.EngineErr = exit.EngineErr || b.removing
	b.exit = exit
	close(b.exited)
	if b.stream.Conn != nil { // else it was never started
		time.AfterFunc(drainTime, b.stream.Close) // in case somebody else keeps the output open
	}
}

// attached notes what Docker has created.
func (b *box) attached(id string, stream types.HijackedResponse) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.id, b.stream = id, stream
}

// created reports whether Docker has the container.
func (b *box) created() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.id != ""
}
