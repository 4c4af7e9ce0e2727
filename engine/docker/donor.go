package docker

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"strings"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/sandbox"
)

// donor is a container that does nothing but hold a network namespace.
type donor struct {
	name    string
	id      string // "" until Docker has created it
	network picasso.Network
	space   *namespace
	freezer freezer
	owner   sandbox.Owner // of its first sandbox, and of every later one
	lost    bool          // its container has ended; guarded by donorPool.mu
}

// The limits of a donor. The runtime itself runs under them while it starts
// the container, hence not less.
const (
	donorMemoryBytes = 32 * mebi
	donorPids        = 64
	donorUser        = "65534:65534"
)

// makeDonor creates a donor; what is left of one that fails is removed.
func (d *Driver) makeDonor(ctx context.Context, kind picasso.Network) (*donor, error) {
	n := &donor{name: d.newName(), network: kind}
	d.donors.add(n)
	if err := d.inTime(func() error { return d.fillDonor(ctx, n) }); err != nil {
		d.discardDonor(n)
		return nil, fmt.Errorf("prepare a network namespace: %w", err)
	}
	return n, nil
}

func (d *Driver) fillDonor(ctx context.Context, n *donor) error {
	host := confined(donorMemoryBytes, donorPids)
	image, err := d.ensureDonorParts(ctx, n.network, host)
	if err != nil {
		return err
	}
	config := &container.Config{Image: image, Entrypoint: []string{"/pause"}, User: donorUser, Labels: d.labels("namespace")}
	created, err := d.docker.ContainerCreate(ctx, config, host, nil, nil, n.name)
	if err != nil {
		return err
	}
	d.donors.setID(n, created.ID)
	if err := d.docker.ContainerStart(ctx, n.id, container.StartOptions{}); err != nil {
		return err
	}
	return d.openDonor(ctx, n)
}

// ensureDonorParts makes what donors stand on, should it be missing: their
// image, which it returns, and their network, which it sets in host.
func (d *Driver) ensureDonorParts(ctx context.Context, kind picasso.Network, host *container.HostConfig) (string, error) {
	d.parts.Lock() // two at once would make the network twice
	defer d.parts.Unlock()
	host.NetworkMode = network.NetworkNone
	if kind == picasso.NetworkEgress {
		host.NetworkMode = container.NetworkMode(d.networkName())
		if err := d.ensureNetwork(ctx); err != nil {
			return "", err
		}
	}
	return d.ensurePauseImage(ctx, runtime.GOARCH)
}

func (d *Driver) networkName() string { return "picasso-" + d.config.Host }

// ensureNetwork makes the bridge for sandboxes with egress.
func (d *Driver) ensureNetwork(ctx context.Context) error {
	_, err := d.docker.NetworkInspect(ctx, d.networkName(), network.InspectOptions{})
	if err == nil || !cerrdefs.IsNotFound(err) {
		return err
	}
	noIPv6 := false // donors are fenced for IPv4 only
	options := network.CreateOptions{
		Driver:     "bridge",
		EnableIPv6: &noIPv6,
		Labels:     d.labels("network"),
		// donors are fenced as well; either alone would do
		Options: map[string]string{"com.docker.network.bridge.enable_icc": "false"},
	}
	if d.config.Subnet != "" {
		options.IPAM = &network.IPAM{Config: []network.IPAMConfig{{Subnet: d.config.Subnet}}}
	}
	_, err = d.docker.NetworkCreate(ctx, d.networkName(), options)
	return err
}

// openDonor gets hold of the namespace of a running donor and fences it.
func (d *Driver) openDonor(ctx context.Context, n *donor) error {
	state, err := d.docker.ContainerInspect(ctx, n.id)
	if err != nil {
		return err
	}
	if state.State.Pid == 0 {
		return fmt.Errorf("the container ended at once with status %d", state.State.ExitCode)
	}
	n.space, err = openNamespace(state.State.Pid)
	if err != nil {
		return err
	}
	if f := findFreezer(state.State.Pid); strings.Contains(string(f), n.id) {
		n.freezer = f
	}
	if n.network != picasso.NetworkEgress {
		return nil
	}
	networks, err := d.fenced(state.NetworkSettings.Networks[d.networkName()])
	if err != nil {
		return err
	}
	return n.space.do(func() error { return fence(networks) })
}

// fenced lists the networks that a donor on the bridge must not reach.
func (d *Driver) fenced(endpoint *network.EndpointSettings) ([]netip.Prefix, error) {
	if endpoint == nil {
		return nil, fmt.Errorf("the container is not on network %s", d.networkName())
	}
	address, err := netip.ParseAddr(endpoint.IPAddress)
	if err != nil {
		return nil, err
	}
	bridge, err := address.Prefix(endpoint.IPPrefixLen)
	if err != nil {
		return nil, err
	}
	blocked, err := d.config.blocked()
	return append(blocked, bridge), err
}
