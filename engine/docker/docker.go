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
	"crypto/rand"
	"encoding/hex"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/docker/docker/client"
	"github.com/sirupsen/logrus"
	"golang.org/x/sync/semaphore"
	"golang.org/x/sync/singleflight"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/sandbox"
)

// Driver is a sandbox.Driver on the Docker of this host.
type Driver struct {
	config Config
	log    *logrus.Logger
	docker *client.Client
	lock   *hostLock // held while the driver lives

	gate     *semaphore.Weighted // starts at once: more than the cores gain nothing
	gateSize int64
	reapers  *semaphore.Weighted // removals at once
	pulls    singleflight.Group
	donors   donorPool
	parts    sync.Mutex // held while making what donors stand on
	refills  chan struct{}

	stuckAfter atomic.Int64 // see stuckTime
	stuck      atomic.Bool  // a start took so long, and none has succeeded since
	trying     atomic.Bool

	stop       context.CancelFunc // of the watch and the refill
	loops      sync.WaitGroup     // these two
	background sync.WaitGroup     // sandboxes that run, removals

	mu        sync.Mutex // guards what follows
	boxes     map[string]*box
	connected bool // events of Docker are being received
	closed    bool
	starts    sync.WaitGroup // no Add once closed
}

var _ sandbox.Driver = (*Driver)(nil)

// reaperCount is how many containers are removed at once; more would take
// Docker's time from starts.
const reaperCount = 4

// New connects to Docker and removes what an earlier engine of the same host
// has left. ctx bounds only that. Errors: invalid (the configuration, or
// another engine of that host runs), unavailable (Docker does not answer).
func New(ctx context.Context, config Config, log *logrus.Logger) (*Driver, error) {
	if err := config.Validate(); err != nil {
		return nil, picasso.Errorf(picasso.CodeInvalid, "docker: %w", err)
	}
	api, err := newClient(config)
	if err != nil {
		return nil, picasso.Errorf(picasso.CodeInvalid, "docker_host: %w", err)
	}
	lock, err := lockHost(&config)
	if err != nil {
		return nil, err
	}
	width := int64(runtime.NumCPU())
	d := &Driver{
		config: config, log: log, docker: api, lock: lock,
		gate: semaphore.NewWeighted(width), gateSize: width, reapers: semaphore.NewWeighted(reaperCount),
		donors:  donorPool{all: map[string]*donor{}},
		refills: make(chan struct{}, 1),
		boxes:   map[string]*box{},
	}
	d.stuckAfter.Store(int64(stuckTime))
	if err := d.open(ctx); err != nil {
		_ = lock.Close()
		_ = api.Close()
		return nil, err
	}
	return d, nil
}

func newClient(config Config) (*client.Client, error) {
	return client.NewClientWithOpts(client.WithHost(config.dockerHost()), client.WithAPIVersionNegotiation())
}

// open cleans up and starts the loops.
func (d *Driver) open(ctx context.Context) error {
	if _, err := d.docker.Ping(ctx); err != nil {
		return unavailable(err)
	}
	if err := d.checkRuntime(ctx); err != nil {
		return err
	}
	if err := d.sweep(ctx); err != nil {
		return err
	}
	live, stop := context.WithCancel(context.WithoutCancel(ctx))
	d.stop = stop
	watching := make(chan struct{})
	d.loops.Go(func() { d.watch(live, watching) })
	d.loops.Go(func() { d.refill(live) })
	select {
	case <-watching:
		return nil
	case <-ctx.Done():
		stop()
		d.loops.Wait()
		return unavailable(ctx.Err())
	}
}

// Close implements sandbox.Driver. Its error tells what could not be removed;
// the next New will do it.
func (d *Driver) Close() error {
	d.mu.Lock()
	again := d.closed
	d.closed = true
	d.mu.Unlock()
	if again {
		return nil
	}
	d.starts.Wait()
	d.stop()
	d.loops.Wait()
	for _, b := range d.tracked() {
		d.background.Go(b.Remove)
	}
	for _, n := range d.donors.drain() {
		d.discardDonor(n)
	}
	d.background.Wait()
	err := d.removeRest()
	_ = d.docker.Close()
	_ = d.lock.Close()
	return err
}

// begin admits a start, which the caller ends with d.starts.Done.
func (d *Driver) begin() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed || !d.connected {
		return unavailable(nil)
	}
	d.starts.Add(1)
	return nil
}

// setConnected reports whether that changes anything.
func (d *Driver) setConnected(connected bool) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	changed := d.connected != connected
	d.connected = connected
	return changed
}

// track makes a sandbox known before Docker knows it.
func (d *Driver) track(b *box) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.boxes[b.name] = b
}

func (d *Driver) forget(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.boxes, name)
}

func (d *Driver) box(name string) *box {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.boxes[name]
}

// tracked lists the sandboxes that are not removed yet.
func (d *Driver) tracked() []*box {
	d.mu.Lock()
	defer d.mu.Unlock()
	boxes := make([]*box, 0, len(d.boxes))
	for _, b := range d.boxes {
		boxes = append(boxes, b)
	}
	return boxes
}

// newName makes a name for a container. By it, the container can be told as
// ours before Docker has answered with its id.
func (d *Driver) newName() string {
	var id [6]byte
	_, _ = rand.Read(id[:]) // never fails
	return "picasso-" + hex.EncodeToString(id[:])
}
