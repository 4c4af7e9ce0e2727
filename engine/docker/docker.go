// Package docker runs sandboxes as Docker containers. It works with every
// Docker engine from 20.10 on, cgroup v1 or v2.
//
// What it promises beyond package sandbox:
//
//   - A sandbox joins a network namespace that was prepared before, held by a
//     container that does nothing (a donor): that halves the time of a start.
//     A donor serves one sandbox at a time, and only ever one function revision.
//   - Every container and network carries the labels picasso.host and
//     picasso.kind. New removes what an earlier engine of this host has left,
//     also one that was killed; Close leaves nothing behind.
//   - When Docker goes away, sandboxes are Done at once; when it is back, Start
//     works again.
//
// The engine needs root: it enters network namespaces, mounts a small tmpfs
// for each socket directory and writes freezer cgroups.
package docker

import (
	"context"

	"github.com/docker/docker/client"
	"github.com/sirupsen/logrus"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/sandbox"
)

// Driver is a sandbox.Driver on the Docker of this host.
type Driver struct {
	config Config
	log    *logrus.Logger
	docker *client.Client
}

var _ sandbox.Driver = (*Driver)(nil)

// New connects to Docker and removes what an earlier engine of the same host
// has left. ctx bounds only that. Errors: invalid (configuration; another
// engine of that host runs), unavailable (Docker does not answer).
func New(ctx context.Context, config Config, log *logrus.Logger) (*Driver, error) {
	return &Driver{config: config, log: log}, nil
}

// Start implements sandbox.Driver.
func (d *Driver) Start(ctx context.Context, spec sandbox.Spec) (sandbox.Sandbox, error) {
	return nil, picasso.Errorf(picasso.CodeUnavailable, "not yet")
}

// ResolveImage implements sandbox.Driver.
func (d *Driver) ResolveImage(ctx context.Context, ref string) (string, error) {
	return "", picasso.Errorf(picasso.CodeUnavailable, "not yet")
}

// Prepare implements sandbox.Driver.
func (d *Driver) Prepare(network picasso.Network) {}

// Close implements sandbox.Driver.
func (d *Driver) Close() error { return nil }
