package docker

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/sandbox"
	"github.com/picasso-faas/picasso/tools/functions/functest"
)

// BenchmarkStart measures from Start to a connection to the function's socket,
// alternating, and reports medians in milliseconds. "plain" takes the two
// requests to Docker that cannot be done without, in a namespace and a socket
// directory that are there already; "prepared" is the first start of a
// revision, "again" a later one. Run it with -benchtime 20x.
func BenchmarkStart(b *testing.B) {
	d := newDriver(b, testConfig(b))
	spec := testSpec(resolve(b, d, functest.Image(b, "echo")))
	spec.SocketDir, spec.MemoryMB, spec.Network = true, 128, picasso.NetworkEgress
	spec.Env = []string{"FN_LISTENER=unix:/tmp/iofs/lsnr.sock"}
	n, err := d.makeDonor(b.Context(), picasso.NetworkEgress)
	require.NoError(b, err)
	b.Cleanup(func() { d.releaseDonor(n, sandbox.Exit{Code: -1}) })
	took := map[string][]time.Duration{}
	for b.Loop() {
		took["plain"] = append(took["plain"], plainStart(b, d, &spec, n))
		spec.Owner.Revision++
		for _, kind := range []string{"prepared", "again"} {
			settle(b, d, spec.Network)
			began := time.Now()
			s := start(b, d, spec)
			awaitSocket(b, s.SocketDir())
			took[kind] = append(took[kind], time.Since(began))
			s.Remove()
		}
	}
	for kind, times := range took {
		slices.Sort(times)
		b.ReportMetric(times[len(times)/2].Seconds()*1000, kind+"-ms")
	}
}

// settle waits until nothing goes on in the background.
func settle(b *testing.B, d *Driver, network picasso.Network) {
	b.Helper()
	require.Eventually(b, func() bool {
		return len(d.tracked()) == 0 && d.donors.readyCount(network) > 0 && d.donors.readyCount(picasso.NetworkNone) > 0
	}, patience, time.Millisecond)
}

func plainStart(b *testing.B, d *Driver, spec *sandbox.Spec, n *donor) time.Duration {
	b.Helper()
	settle(b, d, spec.Network)
	dir := filepath.Join(d.config.hostDir(), d.newName())
	require.NoError(b, makeSocketDir(dir))
	began := time.Now()
	created, err := d.docker.ContainerCreate(b.Context(), d.sandboxConfig(spec), d.sandboxHostConfig(spec, n.id, dir), nil, nil, "")
	require.NoError(b, err)
	require.NoError(b, d.docker.ContainerStart(b.Context(), created.ID, container.StartOptions{}))
	awaitSocket(b, dir)
	took := time.Since(began)
	require.NoError(b, d.docker.ContainerRemove(b.Context(), created.ID, container.RemoveOptions{Force: true}))
	require.NoError(b, removeSocketDir(dir))
	return took
}

func awaitSocket(b *testing.B, dir string) {
	b.Helper()
	path := filepath.Join(dir, "lsnr.sock")
	for deadline := time.Now().Add(patience); ; {
		if _, err := os.Stat(path); err == nil {
			conn, err := new(net.Dialer).DialContext(context.Background(), "unix", path)
			if err == nil {
				_ = conn.Close()
				return
			}
		}
		require.True(b, time.Now().Before(deadline), "the socket does not answer")
		<-time.After(100 * time.Microsecond)
	}
}

// BenchmarkDial measures a connection into a sandbox.
func BenchmarkDial(b *testing.B) {
	s := benchWeb(b)
	for b.Loop() {
		conn, err := s.Dial(b.Context(), 8080)
		require.NoError(b, err)
		_ = conn.Close()
	}
}

// BenchmarkFreeze measures a freeze and a thaw.
func BenchmarkFreeze(b *testing.B) {
	s := benchWeb(b)
	for b.Loop() {
		require.True(b, s.Freeze())
		s.Thaw()
	}
}

func benchWeb(b *testing.B) sandbox.Sandbox {
	b.Helper()
	d := newDriver(b, testConfig(b))
	spec := testSpec(resolve(b, d, functest.Image(b, "echo")))
	spec.Env = []string{"PORT=8080"}
	s := start(b, d, spec)
	require.Eventually(b, func() bool {
		conn, err := s.Dial(b.Context(), 8080)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, patience, time.Millisecond)
	return s
}
