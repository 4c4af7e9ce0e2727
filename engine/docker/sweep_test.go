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

// TestOneEngineOfAName: a second one would sweep the sandboxes of the first.
func TestOneEngineOfAName(t *testing.T) {
	first := newDriver(t, testConfig(t))
	b := start(t, first, testSpec(resolve(t, first, functest.Image(t, "testfn")), "never-ready"))
	elsewhere := first.config
	elsewhere.RuntimeDir = t.TempDir()
	for range 2 {
		_, err := New(t.Context(), elsewhere, first.log)
		require.EqualError(t, err, `invalid: host: another engine of the name "`+first.config.Host+`" runs on this machine`)
	}
	require.NoError(t, first.lock.name.Close()) // as of an engine in another network namespace
	for range 2 {
		_, err := New(t.Context(), first.config, first.log)
		require.EqualError(t, err, "invalid: runtime_dir: another engine uses "+first.config.hostDir())
	}
	select {
	case <-b.Done():
		assert.Fail(t, "the sandbox is gone")
	default:
	}
	b.Remove()
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
