package docker

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docker/docker/api/types/image"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/sandbox"
	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
	"github.com/picasso-faas/picasso/tools/functions/functest"
)

// registry is Debian's docker-registry on a loopback port, with nothing in it.
type registry struct {
	address string
	process *exec.Cmd
}

func startRegistry(t *testing.T) *registry {
	t.Helper()
	installRegistry(t)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r := &registry{address: free.Addr().String()}
	require.NoError(t, free.Close())
	dir := t.TempDir()
	config := filepath.Join(dir, "config.yml")
	text := fmt.Sprintf("version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: %q}\n", dir, r.address)
	require.NoError(t, os.WriteFile(config, []byte(text), 0o600))
	r.process = exec.Command("docker-registry", "serve", config)
	require.NoError(t, r.process.Start())
	t.Cleanup(r.stop)
	require.Eventually(t, func() bool {
		answer, err := http.Get("http://" + r.address + "/v2/")
		if err == nil {
			_ = answer.Body.Close()
		}
		return err == nil
	}, patience, 10*time.Millisecond)
	return r
}

func (r *registry) stop() {
	_ = r.process.Process.Kill()
	_ = r.process.Wait()
}

func installRegistry(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("docker-registry"); err == nil {
		return
	}
	// downloaded and unpacked by hand: installing it would start a service
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o755))
	run(t, dir, "sh", "-c", "apt-get -q download docker-registry || { apt-get -q update && apt-get -q download docker-registry; }")
	run(t, dir, "sh", "-c", "dpkg-deb -x docker-registry_*.deb root && install root/usr/bin/docker-registry /usr/local/bin/")
}

func run(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s %v: %s", name, args, out)
}

// push tags an image of this host for the registry and pushes it there.
func (r *registry) push(t *testing.T, local, name string) string {
	t.Helper()
	ref := r.address + "/" + name
	run(t, "", "docker", "tag", local, ref)
	run(t, "", "docker", "push", "--quiet", ref)
	return ref
}

// pullDriver is a driver with the given policy on a Docker of its own, which
// has none of the images that others push.
func pullDriver(t *testing.T, policy string) *Driver {
	t.Helper()
	config := testConfig(t)
	config.DockerHost = cloudtest.PrivateDocker(t).DockerHost
	config.PullPolicy = policy
	config.PreparedNamespaces = 0
	return newDriver(t, config)
}

func TestPull(t *testing.T) {
	r := startRegistry(t)
	ref := r.push(t, functest.Image(t, "testfn"), "team/app:1")
	d := pullDriver(t, PullAlways)

	var pulls sync.WaitGroup
	var resolved sync.Map
	for range 5 {
		pulls.Go(func() {
			digest, err := d.ResolveImage(t.Context(), ref)
			if assert.NoError(t, err) {
				resolved.Store(digest, true)
			}
		})
	}
	pulls.Wait()
	var digests []string
	resolved.Range(func(digest, _ any) bool { digests = append(digests, digest.(string)); return true })
	require.Len(t, digests, 1)
	first := digests[0]
	assert.Regexp(t, "^"+r.address+"/team/app@sha256:[0-9a-f]{64}$", first)

	r.push(t, functest.Image(t, "echo"), "team/app:1")
	second := resolve(t, d, ref)
	assert.NotEqual(t, first, second, "the tag has moved")
	assert.Equal(t, first, resolve(t, d, first), "a digest means the same for ever")

	_, err := d.ResolveImage(t.Context(), r.address+"/team/app:missing")
	require.Equal(t, picasso.CodeImageUnavailable, picasso.CodeOf(err))
	assert.Contains(t, picasso.AsError(err).Detail, "manifest unknown", "what the registry said")

	t.Run("an image that has vanished is pulled again", func(t *testing.T) {
		_, err := d.docker.ImageRemove(t.Context(), first, image.RemoveOptions{Force: true})
		require.NoError(t, err)
		assert.Equal(t, sandbox.Exit{}, waitDone(t, start(t, d, testSpec(first, "id"))))
	})
	t.Run("registry down", func(t *testing.T) {
		r.stop()
		_, err := d.ResolveImage(t.Context(), ref)
		require.Equal(t, picasso.CodeImageUnavailable, picasso.CodeOf(err))
		assert.Contains(t, picasso.AsError(err).Detail, "connection refused")
		assert.Equal(t, second, resolve(t, d, second), "nobody is asked for a digest that is here")
		assert.Equal(t, sandbox.Exit{Code: -1, EngineErr: true}, removed(t, d, testSpec(second)))
	})
}

// removed starts a sandbox and removes it at once.
func removed(t *testing.T, d *Driver, spec sandbox.Spec) sandbox.Exit {
	t.Helper()
	spec.Env = []string{"PORT=8080"}
	b := start(t, d, spec)
	b.Remove()
	exit := b.Exit()
	exit.Code = -1
	return exit
}

func TestPullPolicies(t *testing.T) {
	r := startRegistry(t)
	ref := r.push(t, functest.Image(t, "echo"), "app:latest")
	r.push(t, functest.Image(t, "volume"), "volume:latest")

	never := pullDriver(t, PullNever)
	_, err := never.ResolveImage(t.Context(), ref)
	require.Equal(t, picasso.CodeImageUnavailable, picasso.CodeOf(err))
	assert.Contains(t, picasso.AsError(err).Detail, "is not on this host")

	never.config.PullPolicy = PullIfNotPresent
	first := resolve(t, never, strings.TrimSuffix(ref, ":latest"))
	r.push(t, functest.Image(t, "testfn"), "app:latest")
	assert.Equal(t, first, resolve(t, never, ref), "it is present")

	_, err = never.ResolveImage(t.Context(), r.address+"/volume")
	require.Equal(t, picasso.CodeImageUnavailable, picasso.CodeOf(err))
	assert.Contains(t, picasso.AsError(err).Detail, "declares VOLUME")
}

func TestLocalImage(t *testing.T) {
	d := newDriver(t, testConfig(t))
	id := resolve(t, d, functest.Image(t, "testfn"))
	assert.Regexp(t, "^sha256:[0-9a-f]{64}$", id, "no registry knows it")
	assert.Equal(t, id, resolve(t, d, id))
}

// Several who want the same image share one pull, which outlives who gives up.
func TestPullIsShared(t *testing.T) {
	var asked atomic.Int64
	answer := make(chan struct{})
	slow := newFakeRegistry(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		<-answer
		w.WriteHeader(http.StatusNotFound)
	})
	d := newDriver(t, testConfig(t))
	impatient, cancel := context.WithCancel(t.Context())
	errs := make(chan error)
	for _, ctx := range []context.Context{impatient, t.Context(), t.Context()} {
		go func() {
			_, err := d.ResolveImage(ctx, slow+"/app")
			errs <- err
		}()
	}
	require.Eventually(t, func() bool { return asked.Load() > 0 }, patience, time.Millisecond)
	cancel()
	assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(<-errs))
	close(answer)
	for range 2 {
		assert.Equal(t, picasso.CodeImageUnavailable, picasso.CodeOf(<-errs))
	}
}

// newFakeRegistry answers the registry's ping, and all else with a handler.
func newFakeRegistry(t *testing.T, h http.HandlerFunc) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/" {
			w.WriteHeader(http.StatusOK)
			return
		}
		h(w, r)
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return listener.Addr().String()
}
