package docker

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/tools/functions/functest"
)

// A start that has failed is cleaned up in the background. Close finds it
// there, and must not wait for a run that never was.
func TestFailedStartCanBeRemoved(t *testing.T) {
	d := newDriver(t, testConfig(t))
	spec := testSpec(resolve(t, d, functest.Image(t, "testfn")))
	spec.Entrypoint = []string{"/no/such/program"}
	require.NoError(t, d.reapers.Acquire(t.Context(), reaperCount), "the cleaning waits")
	_, err := d.Start(t.Context(), spec)
	assert.Equal(t, picasso.CodeSandboxFailed, picasso.CodeOf(err))
	boxes := d.tracked()
	require.Len(t, boxes, 1)
	d.reapers.Release(reaperCount)
	removed := make(chan struct{})
	go func() {
		boxes[0].Remove()
		close(removed)
	}()
	select {
	case <-removed:
	case <-time.After(patience):
		require.Fail(t, "Remove hangs")
	}
}
