package docker

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/image"

	"github.com/picasso-faas/picasso"
)

// stuckTime is how long the start of a container may take until the starts of
// this Docker count as stuck: it may answer everything else.
const stuckTime = 20 * time.Second

// Check implements sandbox.Driver. Once a start was stuck, a container has to
// start before all is well again: the next one of a function, or one on trial.
func (d *Driver) Check(ctx context.Context) error {
	if _, err := d.docker.Ping(ctx); err != nil {
		return unavailable(err)
	}
	if !d.stuck.Load() {
		return nil
	}
	d.try()
	return picasso.Errorf(picasso.CodeUnavailable, "the container engine of the host starts no containers")
}

// inTime minds how long a start takes.
func (d *Driver) inTime(start func() error) error {
	late := time.AfterFunc(time.Duration(d.stuckAfter.Load()), func() { d.stuck.Store(true) })
	err := start()
	if late.Stop(); err == nil {
		d.stuck.Store(false)
	}
	return err
}

// try starts a container in the background, unless one is on trial.
func (d *Driver) try() {
	if d.begin() != nil {
		return
	}
	if !d.trying.CompareAndSwap(false, true) {
		d.starts.Done()
		return
	}
	d.background.Go(func() {
		defer d.starts.Done()
		defer d.trying.Store(false)
		ctx, cancel := context.WithTimeout(context.Background(), requestTime)
		defer cancel()
		if n, err := d.makeDonor(ctx, picasso.NetworkNone); err == nil {
			d.discardDonor(n)
		}
	})
}

// Images implements sandbox.Driver.
func (d *Driver) Images(ctx context.Context) ([]string, error) {
	found, err := d.docker.ImageList(ctx, image.ListOptions{})
	if err != nil {
		return nil, unavailable(err)
	}
	var names []string
	for _, one := range found {
		names = append(names, one.ID)
		names = append(names, one.RepoDigests...)
	}
	return names, nil
}

// checkRuntime makes sure that Docker has the runtime of the configuration.
// Errors: invalid, unavailable.
func (d *Driver) checkRuntime(ctx context.Context) error {
	wanted := d.config.SandboxRuntime
	if wanted == "" {
		return nil
	}
	info, err := d.docker.Info(ctx)
	if err != nil {
		return unavailable(err)
	}
	if _, ok := info.Runtimes[wanted]; ok {
		return nil
	}
	known := slices.Sorted(maps.Keys(info.Runtimes))
	return picasso.Errorf(picasso.CodeInvalid, "docker.sandbox_runtime: Docker has no runtime %q, but %s", wanted, strings.Join(known, ", "))
}
