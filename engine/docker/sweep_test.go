package docker

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/tools/functions/functest"
)

// TestSweep leaves what a killed engine would, and starts the next one.
func TestSweep(t *testing.T) {
	config := testConfig(t)
	killed := newDriver(t, config)
	spec := testSpec(resolve(t, killed, functest.Image(t, "testfn")), "stubborn")
	spec.SocketDir, spec.Network = true, picasso.NetworkEgress
	running, frozen := start(t, killed, spec), start(t, killed, spec)
	require.True(t, frozen.Freeze())
	killed.stop() // of a killed process nothing runs any more
	killed.loops.Wait()
	require.NoError(t, os.MkdirAll(filepath.Join(config.hostDir(), "half-made"), 0o700))

	_, err := New(t.Context(), config, killed.log)
	require.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err), "one engine of a name at a time")
	assert.ErrorContains(t, err, "another engine")
	require.NoError(t, killed.lock.Close())

	next := newDriver(t, config)
	for _, b := range []*box{running.(*box), frozen.(*box)} {
		_, err := next.docker.ContainerInspect(t.Context(), b.id)
		assert.ErrorContains(t, err, "No such container")
		assert.NoDirExists(t, b.SocketDir())
	}
	assert.NoDirExists(t, filepath.Join(config.hostDir(), "half-made"))
	start(t, next, spec)
}

func TestForeignContainersStay(t *testing.T) {
	mine, others := newDriver(t, testConfig(t)), newDriver(t, testConfig(t))
	b := start(t, others, testSpec(resolve(t, others, functest.Image(t, "testfn")), "never-ready"))
	require.NoError(t, mine.Close())
	next := newDriver(t, mine.config)
	require.NoError(t, next.Close())
	select {
	case <-b.Done():
		assert.Fail(t, "the sandbox of another engine is gone")
	default:
	}
	b.Remove()
}

func TestClosed(t *testing.T) {
	d := newDriver(t, testConfig(t))
	b := start(t, d, testSpec(resolve(t, d, functest.Image(t, "testfn")), "never-ready"))
	require.NoError(t, d.Close())
	assert.True(t, waitDone(t, b).EngineErr)
	require.NoError(t, d.Close(), "again")
	_, err := d.Start(t.Context(), testSpec("image"))
	assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(err))
	b.Remove()
}
