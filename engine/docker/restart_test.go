package docker

import (
	"context"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/enginetest"
	"github.com/picasso-faas/picasso/engine/sandbox"
	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
	"github.com/picasso-faas/picasso/tools/functions/functest"
)

// privateDriver is a driver on a Docker of its own, which has the image testfn.
func privateDriver(t *testing.T) (*Driver, *cloudtest.Private, sandbox.Spec) {
	t.Helper()
	image := functest.Image(t, "testfn")
	config := testConfig(t)
	private := cloudtest.PrivateDocker(t)
	config.DockerHost = private.DockerHost
	copyImage(t, image, private.DockerHost)
	d := newDriver(t, config)
	return d, private, testSpec(resolve(t, d, image))
}

func copyImage(t *testing.T, image, dockerHost string) {
	t.Helper()
	save, load := exec.Command("docker", "save", image), exec.Command("docker", "--host", dockerHost, "load")
	pipe, err := save.StdoutPipe()
	require.NoError(t, err)
	load.Stdin = pipe
	require.NoError(t, save.Start())
	out, err := load.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.NoError(t, save.Wait())
}

// awaitStart starts a sandbox as soon as Docker is there again.
func awaitStart(t *testing.T, d *Driver, spec sandbox.Spec) sandbox.Sandbox {
	t.Helper()
	var b sandbox.Sandbox
	require.Eventually(t, func() bool {
		var err error
		b, err = d.Start(t.Context(), spec)
		if err != nil {
			assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(err), "%v", err)
		}
		return err == nil
	}, patience, 10*time.Millisecond)
	return b
}

func TestDockerKilled(t *testing.T) {
	t.Parallel()
	d, private, spec := privateDriver(t)
	spec.Command = []string{"never-ready"}
	spec.SocketDir = true
	running := start(t, d, spec)
	frozen := start(t, d, spec)
	require.True(t, frozen.Freeze())
	private.Kill(t)
	for _, b := range []sandbox.Sandbox{running, frozen} {
		assert.Equal(t, sandbox.Exit{Code: -1, EngineErr: true}, waitDone(t, b))
	}
	running.Remove() // frozen is removed while Docker is down or after, as it happens
	_, err := d.Start(t.Context(), spec)
	assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(err))
	assert.NotZero(t, picasso.AsError(err).RetryAfter)
	_, err = d.ResolveImage(t.Context(), spec.Image)
	assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(err))
	frozen.Thaw() // Docker's start would wait for it
	private.Start(t)

	var out enginetest.Buffer
	again := spec
	again.Command, again.Stdout = []string{"id"}, &out
	b := awaitStart(t, d, again)
	assert.Equal(t, sandbox.Exit{}, waitDone(t, b))
	assert.Contains(t, out.String(), "1000 1000")
	b.Remove()
	frozen.Remove()
	require.Eventually(t, func() bool {
		containers, err := d.ours(context.Background())
		if err != nil {
			return false
		}
		for _, c := range containers {
			if c.Labels[labelKind] == "sandbox" {
				return false
			}
		}
		return true
	}, patience, 10*time.Millisecond, "the sandboxes of before are removed")
}

func TestDockerStopped(t *testing.T) {
	t.Parallel()
	d, private, spec := privateDriver(t)
	spec.Command = []string{"never-ready"}
	b := start(t, d, spec)
	private.Stop(t)
	waitDone(t, b)
	private.Start(t)
	b.Remove()
	awaitStart(t, d, spec).Remove()
}

func TestCloseWithoutDocker(t *testing.T) {
	t.Parallel()
	d, private, spec := privateDriver(t)
	spec.Command = []string{"never-ready"}
	b := start(t, d, spec)
	private.Kill(t)
	assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(d.Close()))
	waitDone(t, b)
	_, err := New(t.Context(), d.config, d.log)
	assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(err))
	private.Start(t)
	newDriver(t, d.config) // removes what was left
}

// An exit that no event has told of is found by comparing.
func TestReconcile(t *testing.T) {
	d := newDriver(t, testConfig(t))
	image := resolve(t, d, functest.Image(t, "testfn"))
	d.stop() // no more events
	d.loops.Wait()
	d.setConnected(true)
	lives, dies, gone := start(t, d, testSpec(image, "never-ready")), start(t, d, testSpec(image, "sleep", "100")), start(t, d, testSpec(image, "never-ready"))
	d.background.Go(func() { _ = d.removeContainer(gone.(*box).id) })
	assert.Equal(t, 0, waitDone(t, dies).Code, "the end of the output makes it ask")
	waitDone(t, gone)
	stray := d.newName()
	_, err := d.docker.ContainerCreate(t.Context(), d.sandboxConfig(&sandbox.Spec{Image: image}), confined(64*mebi, 32), nil, nil, stray)
	require.NoError(t, err)
	require.NoError(t, d.reconcile(t.Context()))
	d.box(lives.(*box).name).inspect()
	select {
	case <-lives.Done():
		assert.Fail(t, "one that runs was taken for ended")
	default:
	}
	assert.Eventually(t, func() bool {
		_, err := d.docker.ContainerInspect(t.Context(), stray)
		return err != nil
	}, patience, 10*time.Millisecond, "what nobody tracks is removed")
}
