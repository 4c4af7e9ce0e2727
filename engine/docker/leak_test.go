package docker

import (
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/tools/functions/functest"
)

// held counts what a leak would grow: goroutines, descriptors, mounts.
func held(t *testing.T, d *Driver) [3]int {
	t.Helper()
	descriptors, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	mounts, err := os.ReadFile("/proc/self/mounts")
	require.NoError(t, err)
	return [3]int{runtime.NumGoroutine(), len(descriptors), strings.Count(string(mounts), d.config.hostDir())}
}

func TestNothingGrows(t *testing.T) {
	config := testConfig(t)
	config.PreparedNamespaces, config.ReusedNamespaces = 0, 0
	d := newDriver(t, config)
	image := resolve(t, d, functest.Image(t, "testfn"))
	round := func() {
		for _, command := range []string{"id", "never-ready", "no such mode"} {
			spec := testSpec(image, command)
			spec.SocketDir, spec.Network, spec.Stdin = true, picasso.NetworkEgress, strings.NewReader("input")
			b, err := d.Start(t.Context(), spec)
			require.NoError(t, err)
			_, err = b.Dial(t.Context(), 1)
			assert.Error(t, err)
			b.Remove()
		}
		spec := testSpec(image)
		spec.Entrypoint, spec.SocketDir = []string{"/nothing"}, true
		_, err := d.Start(t.Context(), spec)
		assert.Error(t, err)
	}
	round()
	before := held(t, d)
	for range 3 {
		round()
	}
	require.Eventually(t, func() bool {
		now := held(t, d)
		return now[0] <= before[0] && now[1] <= before[1] && now[2] == 0
	}, patience, 50*time.Millisecond)
}
