package docker

import (
	"context"
	"path/filepath"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/sirupsen/logrus"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/sandbox"
)

// Start implements sandbox.Driver.
func (d *Driver) Start(ctx context.Context, spec sandbox.Spec) (sandbox.Sandbox, error) {
	if err := d.begin(); err != nil {
		return nil, err
	}
	defer d.starts.Done()
	b, err := d.startGated(ctx, &spec)
	if cerrdefs.IsNotFound(err) {
		if err := d.pullAgain(ctx, spec.Image); err != nil {
			return nil, err
		}
		b, err = d.startGated(ctx, &spec)
	}
	if err != nil {
		failure := startError(err)
		level := logrus.WarnLevel
		if userFault.MatchString(err.Error()) { // nothing for an operator to mend
			level = logrus.DebugLevel
		}
		d.log.WithError(failure.Cause).WithField("function", spec.Owner.FunctionID).Log(level, "Sandbox not started")
		return nil, failure
	}
	return b, nil
}

// startGated starts a sandbox when it is its turn. Errors are Docker's own;
// cerrdefs.IsNotFound means that the image is missing.
func (d *Driver) startGated(ctx context.Context, spec *sandbox.Spec) (*box, error) {
	if err := d.gate.Acquire(ctx, 1); err != nil {
		return nil, unavailable(err)
	}
	defer d.refillSoon()
	defer d.gate.Release(1)
	// From here on a start is not given up half-way: what Docker has begun
	// could not be found and removed in time.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestTime)
	defer cancel()
	n := d.donors.take(spec.Owner, spec.Network)
	if n == nil {
		var err error
		if n, err = d.makeDonor(ctx, spec.Network); err != nil {
			return nil, donorError(err)
		}
	}
	n.owner = spec.Owner
	var b *box
	err := d.inTime(func() (err error) {
		b, err = d.startWith(ctx, spec, n)
		return err
	})
	return b, err
}

// donorError keeps a failure to make a donor from being taken for one of the
// function or its image.
func donorError(err error) error {
	if !answered(err) {
		return unavailable(err)
	}
	return picasso.Errorf(picasso.CodeSandboxFailed, "the host could not prepare its network").WithCause(err)
}

// startWith starts a sandbox with a donor, which it gives back if that fails.
func (d *Driver) startWith(ctx context.Context, spec *sandbox.Spec, n *donor) (*box, error) {
	b := &box{driver: d, name: d.newName(), donor: n, exited: make(chan struct{}), done: make(chan struct{})}
	d.track(b)
	if err := d.run(ctx, spec, b); err != nil {
		d.background.Go(func() {
			b.destroy()
			close(b.done) // Close may have found it meanwhile and wait
		})
		d.releaseDonor(n, sandbox.Exit{EngineErr: !answered(err)})
		return nil, err
	}
	d.background.Go(func() { b.pump(spec) })
	return b, nil
}

// run takes the three requests that a start needs. It is attached before the
// start, so that no output is lost.
func (d *Driver) run(ctx context.Context, spec *sandbox.Spec, b *box) error {
	if spec.SocketDir {
		b.socketDir = filepath.Join(d.config.hostDir(), b.name)
		if err := makeSocketDir(b.socketDir); err != nil {
			return picasso.Errorf(picasso.CodeSandboxFailed, "the host could not prepare its socket").WithCause(err)
		}
	}
	created, err := d.docker.ContainerCreate(ctx, d.sandboxConfig(spec),
		d.sandboxHostConfig(spec, b.donor.id, b.socketDir), nil, nil, b.name)
	if err != nil {
		return err
	}
	stream, err := d.docker.ContainerAttach(ctx, created.ID, container.AttachOptions{
		Stream: true, Stdin: spec.Stdin != nil, Stdout: true, Stderr: true})
	if err != nil {
		return err
	}
	b.attached(created.ID, stream)
	err = d.docker.ContainerStart(ctx, created.ID, container.StartOptions{})
	if cerrdefs.IsNotFound(err) || cerrdefs.IsConflict(err) { // of the donor: Docker was restarted just now
		return unavailable(err)
	}
	return err
}
