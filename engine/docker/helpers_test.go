package docker

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/sandbox"
	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
)

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// testConfig is for an engine of its own on the shared Docker.
func testConfig(t testing.TB) Config {
	t.Helper()
	config := DefaultConfig()
	config.DockerHost = cloudtest.Need(t, "docker").DockerHost
	config.Host = "test-" + strings.TrimPrefix((&Driver{}).newName(), "picasso-")
	config.PullPolicy = PullIfNotPresent
	config.PreparedNamespaces = 1
	return config
}

func newDriver(t testing.TB, config Config) *Driver {
	t.Helper()
	log := logrus.New()
	log.SetOutput(t.Output())
	log.SetLevel(logrus.DebugLevel)
	d, err := New(t.Context(), config, log)
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, d.Close())
		assertNothingLeft(t, config)
	})
	return d
}

// assertNothingLeft asks Docker and the host what there is of an engine.
func assertNothingLeft(t testing.TB, config Config) {
	t.Helper()
	d := bareDriver(t, config)
	containers, err := d.ours(context.Background())
	require.NoError(t, err)
	assert.Empty(t, containers)
	assert.NoError(t, d.removeNetworks(context.Background()), "networks are not in use")
	entries, err := os.ReadDir(config.hostDir())
	if !os.IsNotExist(err) { // looked at before
		require.NoError(t, err)
	}
	for _, entry := range entries {
		assert.Equal(t, "lock", entry.Name())
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	require.NoError(t, err)
	assert.NotContains(t, string(mounts), config.hostDir())
	assert.NoError(t, os.RemoveAll(config.hostDir()))
}

// bareDriver has a client and nothing that runs.
func bareDriver(t testing.TB, config Config) *Driver {
	t.Helper()
	api, err := newClient(config)
	require.NoError(t, err)
	t.Cleanup(func() { _ = api.Close() })
	return &Driver{config: config, docker: api, log: logrus.New()}
}

func testSpec(image string, command ...string) sandbox.Spec {
	return sandbox.Spec{
		Owner: sandbox.Owner{ProjectID: "p", FunctionID: "f", Revision: 1},
		Image: image, Command: command, MemoryMB: 64, TmpMB: 8, Network: picasso.NetworkNone,
	}
}

func resolve(t testing.TB, d *Driver, image string) string {
	t.Helper()
	resolved, err := d.ResolveImage(t.Context(), image)
	require.NoError(t, err)
	return resolved
}

func start(t testing.TB, d *Driver, spec sandbox.Spec) sandbox.Sandbox {
	t.Helper()
	b, err := d.Start(t.Context(), spec)
	require.NoError(t, err)
	t.Cleanup(b.Remove)
	return b
}

// waitDone waits for a sandbox to end and tells how it did.
func waitDone(t testing.TB, b sandbox.Sandbox) sandbox.Exit {
	t.Helper()
	select {
	case <-b.Done():
	case <-time.After(patience):
		require.Fail(t, "the sandbox does not end")
	}
	return b.Exit()
}
