package docker

import (
	"context"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/tools/functions/functest"
)

func awaitReady(t *testing.T, d *Driver, network picasso.Network, count int) {
	t.Helper()
	require.Eventually(t, func() bool { return d.donors.readyCount(network) == count }, patience, 5*time.Millisecond)
}

func TestDonorsServeOneRevision(t *testing.T) {
	config := testConfig(t)
	config.ReusedNamespaces = 1
	d := newDriver(t, config)
	image := resolve(t, d, functest.Image(t, "testfn"))
	awaitReady(t, d, picasso.NetworkNone, 1)
	spec := testSpec(image, "never-ready")
	first := start(t, d, spec).(*box)
	at := start(t, d, spec).(*box)
	assert.NotSame(t, first.donor, at.donor, "one sandbox at a time")
	first.Remove()
	again := start(t, d, spec).(*box)
	assert.Same(t, first.donor, again.donor, "used again by the same revision")

	next := spec
	next.Owner.Revision++
	again.Remove()
	other := start(t, d, next).(*box)
	assert.NotSame(t, first.donor, other.donor, "never by another")

	at.Remove() // one too many to keep: the oldest goes
	require.Eventually(t, func() bool { return !d.donors.known(first.donor.name) }, patience, 5*time.Millisecond)
	awaitReady(t, d, picasso.NetworkNone, 1)
}

func TestDonorsAreConfined(t *testing.T) {
	d := newDriver(t, testConfig(t))
	awaitReady(t, d, picasso.NetworkEgress, 1)
	containers, err := d.ours(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, containers)
	for _, c := range containers {
		assert.Equal(t, "namespace", c.Labels[labelKind])
		state, err := d.docker.ContainerInspect(t.Context(), c.ID)
		require.NoError(t, err)
		assert.True(t, state.HostConfig.ReadonlyRootfs)
		assert.EqualValues(t, []string{"ALL"}, state.HostConfig.CapDrop)
		assert.EqualValues(t, donorMemoryBytes, state.HostConfig.Memory)
		assert.Equal(t, donorUser, state.Config.User)
	}
}

func TestLostDonorIsReplaced(t *testing.T) {
	d := newDriver(t, testConfig(t))
	awaitReady(t, d, picasso.NetworkNone, 1)
	n := d.donors.take(testSpec("").Owner, picasso.NetworkNone)
	require.Empty(t, d.donors.put(n))
	require.NoError(t, d.docker.ContainerKill(t.Context(), n.id, "KILL"))
	require.Eventually(t, func() bool { return !d.donors.known(n.name) }, patience, 5*time.Millisecond)
	awaitReady(t, d, picasso.NetworkNone, 1)

	spec := testSpec(resolve(t, d, functest.Image(t, "testfn")), "id")
	b := start(t, d, spec).(*box)
	require.NoError(t, d.docker.ContainerKill(t.Context(), b.donor.id, "KILL"), "under a sandbox that lives")
	waitDone(t, b)
	b.Remove()
	require.Eventually(t, func() bool { return !d.donors.known(b.donor.name) }, patience, 5*time.Millisecond)
}

func TestNetworkIsRestored(t *testing.T) {
	config := testConfig(t)
	config.PreparedNamespaces = 0
	config.Subnet = "10.213.77.0/24"
	d := newDriver(t, config)
	spec := testSpec(resolve(t, d, functest.Image(t, "testfn")), "listen", "8080")
	spec.Network = picasso.NetworkEgress
	b := start(t, d, spec).(*box)
	waitDone(t, b)
	b.Remove()
	state, err := d.docker.ContainerInspect(t.Context(), b.donor.id)
	require.NoError(t, err)
	assert.Regexp(t, `^10\.213\.77\.`, state.NetworkSettings.Networks[d.networkName()].IPAddress)

	d.discardDonors(d.donors.drain())
	d.background.Wait()
	require.NoError(t, d.removeNetworks(t.Context()), "somebody tidies up behind our back")
	waitDone(t, start(t, d, spec))
}

// bridgeSubnet is the subnet of Docker's own bridge.
func bridgeSubnet(t *testing.T, d *Driver) string {
	t.Helper()
	bridge, err := d.docker.NetworkInspect(t.Context(), "bridge", network.InspectOptions{})
	require.NoError(t, err)
	return bridge.IPAM.Config[0].Subnet
}

// A donor that cannot be made leaves nothing, and says so.
func TestDonorCannotBeMade(t *testing.T) {
	config := testConfig(t)
	config.PreparedNamespaces = 0
	d := newDriver(t, config)
	d.config.Subnet = bridgeSubnet(t, d) // Docker refuses it
	spec := testSpec(resolve(t, d, functest.Image(t, "testfn")), "id")
	spec.Network = picasso.NetworkEgress
	_, err := d.Start(t.Context(), spec)
	require.Equal(t, picasso.CodeSandboxFailed, picasso.CodeOf(err))
	assert.NotContains(t, picasso.AsError(err).Detail, "overlaps", "an operator's matter")
	d.background.Wait()
	assert.Empty(t, d.donors.names())
}

func TestStartOfDeadDonor(t *testing.T) {
	d := newDriver(t, testConfig(t))
	spec := testSpec(resolve(t, d, functest.Image(t, "testfn")), "id")
	n, err := d.makeDonor(t.Context(), picasso.NetworkNone)
	require.NoError(t, err)
	require.NoError(t, d.docker.ContainerRemove(context.Background(), n.id, container.RemoveOptions{Force: true}))
	_, err = d.startWith(t.Context(), &spec, n)
	assert.Equal(t, picasso.CodeUnavailable, startError(err).Code, "%v", err)
}
