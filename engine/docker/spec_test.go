package docker

import (
	"cmp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/tools/functions/functest"
)

// TestRuntimeOfSandboxes is that of the configuration. Docker knows its default by a second name.
func TestRuntimeOfSandboxes(t *testing.T) {
	for _, runtime := range []string{"", "io.containerd.runc.v2"} {
		config := testConfig(t)
		config.SandboxRuntime = runtime
		d := newDriver(t, config)
		b := start(t, d, testSpec(resolve(t, d, functest.Image(t, "testfn")), "never-ready"))
		state, err := d.docker.ContainerInspect(t.Context(), b.(*box).id)
		require.NoError(t, err)
		require.Equal(t, cmp.Or(runtime, "runc"), state.HostConfig.Runtime)
		b.Remove()
	}
}
