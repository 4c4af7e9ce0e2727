package docker

import (
	"context"
	"errors"
	"sync"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
)

// sweep removes what an earlier engine of this host has left. What it cannot
// remove is logged and does no harm to a new engine. Errors: unavailable.
func (d *Driver) sweep(ctx context.Context) error {
	containers, err := d.ours(ctx)
	if err != nil {
		return unavailable(err)
	}
	if len(containers) > 0 {
		d.log.WithField("containers", len(containers)).Info("Removing what an earlier engine has left")
	}
	var sweeping sync.WaitGroup
	for _, c := range containers {
		sweeping.Go(func() {
			d.thawStray(ctx, c)
			_ = d.removeContainer(c.ID) // logged
		})
	}
	sweeping.Wait()
	if err := errors.Join(d.removeNetworks(ctx), sweepSocketDirs(d.config.hostDir())); err != nil {
		d.log.WithError(err).Warn("Something of an earlier engine could not be removed")
	}
	return nil
}

// thawStray wakes a container that was frozen behind Docker's back: frozen
// processes of cgroup v1 do not die.
func (d *Driver) thawStray(ctx context.Context, c container.Summary) {
	state, err := d.docker.ContainerInspect(ctx, c.ID)
	if err == nil && state.State.Pid != 0 {
		findFreezer(state.State.Pid).thaw()
	}
}

// removeContainer kills and removes a container. One that cannot be removed
// now is when Docker is connected again, or by the next sweep.
func (d *Driver) removeContainer(name string) error {
	ctx, cancel := context.WithTimeout(context.Background(), requestTime)
	defer cancel()
	if err := d.reapers.Acquire(ctx, 1); err != nil {
		return err
	}
	defer d.reapers.Release(1)
	err := d.docker.ContainerRemove(ctx, name, container.RemoveOptions{Force: true, RemoveVolumes: true})
	if err == nil || cerrdefs.IsNotFound(err) || cerrdefs.IsConflict(err) { // conflict: being removed already
		return nil
	}
	d.log.WithError(err).WithField("container", name).Warn("Container not removed")
	return err
}

// removeNetworks removes our networks that no container uses.
func (d *Driver) removeNetworks(ctx context.Context) error {
	networks, err := d.docker.NetworkList(ctx, network.ListOptions{
		Filters: filters.NewArgs(filters.Arg("label", labelHost+"="+d.config.Host))})
	if err != nil {
		return err
	}
	var errs []error
	for _, n := range networks {
		if err := d.docker.NetworkRemove(ctx, n.ID); err != nil && !cerrdefs.IsNotFound(err) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// removeRest removes the network at Close, and reports what is left.
func (d *Driver) removeRest() error {
	ctx, cancel := context.WithTimeout(context.Background(), requestTime)
	defer cancel()
	left, err := d.ours(ctx)
	if err != nil {
		return unavailable(err)
	}
	for _, c := range left {
		_ = d.removeContainer(c.ID) // the network tells
	}
	return d.removeNetworks(ctx)
}
