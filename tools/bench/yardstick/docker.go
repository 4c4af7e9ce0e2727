package yardstick

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/client"

	"github.com/picasso-faas/picasso/tools/bench/load"
)

const (
	label      = "picasso-bench" // of every container here; its value is the process that made it
	pollEvery  = 500 * time.Microsecond
	startLimit = 30 * time.Second
)

// Docker starts containers as quickly as the Docker API allows: one create and
// one start, joining a network namespace that exists already.
type Docker struct {
	api   *client.Client
	dir   string // for sockets
	donor string // the container that holds the network namespace
}

// NewDocker connects to the engine that DOCKER_HOST names, removes what
// processes that have ended have left, and prepares a network namespace. idle is an image
// and the command with which it does nothing.
func NewDocker(ctx context.Context, idle ...string) (*Docker, error) {
	api, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("/run", "bench")
	if err != nil {
		return nil, err
	}
	d := &Docker{api: api, dir: dir}
	if err := d.sweep(ctx, isStray); err != nil {
		return nil, err
	}
	d.donor, err = d.create(ctx, spec{image: idle[0], command: idle[1:], network: "none"})
	if err != nil {
		return nil, err
	}
	return d, api.ContainerStart(ctx, d.donor, container.StartOptions{})
}

// Close removes every container it has made.
func (d *Docker) Close(ctx context.Context) error {
	defer func() { _ = os.RemoveAll(d.dir) }()
	return d.sweep(ctx, func(maker string) bool { return maker == owner() })
}

// Serve starts a function of the contract fn and returns its socket, which
// answers. The function runs until Close.
func (d *Docker) Serve(ctx context.Context, image string, request load.Target, command ...string) (string, error) {
	_, socket, err := d.start(ctx, image, command, request)
	return socket, err
}

// ColdStart measures the time from nothing to the first answer of a function
// of the contract fn, and removes its container again.
func (d *Docker) ColdStart(ctx context.Context, image string, request load.Target, command ...string) (time.Duration, error) {
	began := time.Now()
	id, _, err := d.start(ctx, image, command, request)
	took := time.Since(began)
	if err != nil {
		return 0, err
	}
	return took, d.remove(ctx, id)
}

// RunOnce measures a container per call, as `docker run --rm` does it: create,
// start, wait for the end, remove.
func (d *Docker) RunOnce(ctx context.Context, image string, command ...string) (time.Duration, error) {
	began := time.Now()
	id, err := d.create(ctx, spec{image: image, command: command, network: "none"})
	if err != nil {
		return 0, err
	}
	ended, failed := d.api.ContainerWait(ctx, id, container.WaitConditionNextExit)
	if err := d.api.ContainerStart(ctx, id, container.StartOptions{}); err != nil {
		return 0, err
	}
	select {
	case <-ended:
	case err := <-failed:
		return 0, err
	}
	return time.Since(began), d.remove(ctx, id)
}

func (d *Docker) start(ctx context.Context, image string, command []string, request load.Target) (id, socket string, err error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	dir, err := os.MkdirTemp(d.dir, "f")
	if err != nil {
		return "", "", err
	}
	if err := os.Chmod(dir, 0o777); err != nil { // the function's user writes here
		return "", "", err
	}
	id, err = d.create(ctx, spec{image: image, command: command, network: "container:" + d.donor, socketDir: dir})
	if err != nil {
		return "", "", err
	}
	if err := d.api.ContainerStart(ctx, id, container.StartOptions{}); err != nil {
		return "", "", err
	}
	socket = filepath.Join(dir, "lsnr.sock")
	request.Network, request.Address = "unix", socket
	return id, socket, d.firstAnswer(ctx, request)
}

// firstAnswer asks as soon as there is a socket.
func (d *Docker) firstAnswer(ctx context.Context, request load.Target) error {
	for tick := time.NewTicker(pollEvery); ; {
		if _, err := os.Stat(request.Address); err == nil {
			tick.Stop()
			_, err := load.Run(ctx, request, load.Options{Connections: 1, Requests: 1})
			return err
		}
		select {
		case <-ctx.Done():
			tick.Stop()
			return fmt.Errorf("%s does not appear: %w", request.Address, ctx.Err())
		case <-tick.C:
		}
	}
}

// spec is what differs between containers.
type spec struct {
	image     string
	command   []string
	network   string
	socketDir string
}

// create makes a container as restricted as the engine's sandboxes are.
func (d *Docker) create(ctx context.Context, s spec) (string, error) {
	pids := int64(256)
	host := &container.HostConfig{
		NetworkMode: container.NetworkMode(s.network), ReadonlyRootfs: true, CapDrop: []string{"ALL"},
		SecurityOpt: []string{"no-new-privileges"}, Tmpfs: map[string]string{"/tmp": "size=64m,mode=1777"},
		LogConfig: container.LogConfig{Type: "none"},
		Resources: container.Resources{Memory: 128 << 20, MemorySwap: 128 << 20, PidsLimit: &pids},
	}
	config := &container.Config{Image: s.image, Cmd: s.command, User: "1000:1000", Labels: map[string]string{label: owner()}}
	if s.socketDir != "" {
		host.Binds = []string{s.socketDir + ":/tmp/iofs"}
		config.Env = []string{"FN_FORMAT=http-stream", "FN_LISTENER=unix:/tmp/iofs/lsnr.sock"}
	}
	created, err := d.api.ContainerCreate(ctx, config, host, nil, nil, "")
	return created.ID, err
}

func (d *Docker) remove(ctx context.Context, id string) error {
	return d.api.ContainerRemove(ctx, id, container.RemoveOptions{Force: true})
}

func owner() string { return strconv.Itoa(os.Getpid()) }

// isStray tells whether the maker of a container has ended. Benches and their
// tests may run side by side.
func isStray(maker string) bool {
	_, err := os.Stat("/proc/" + maker)
	return err != nil
}

// sweep removes the containers whose maker is picked.
func (d *Docker) sweep(ctx context.Context, picks func(maker string) bool) error {
	left, err := d.api.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("label", label))})
	if err != nil {
		return err
	}
	for _, c := range left {
		if !picks(c.Labels[label]) {
			continue
		}
		if err := d.remove(ctx, c.ID); err != nil {
			return err
		}
	}
	return nil
}

// Count tells how many containers, running or not, carry the label.
func (d *Docker) Count(ctx context.Context, label string) (int, error) {
	list, err := d.api.ContainerList(ctx, container.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("label", label))})
	return len(list), err
}
