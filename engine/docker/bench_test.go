package docker

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/sandbox"
	"github.com/picasso-faas/picasso/tools/functions/functest"
)

// BenchmarkStart measures from Start to a connection to the function's socket.
// "plain" takes the two requests to Docker that cannot be done without, in a
// namespace and a socket directory that are there already.
func BenchmarkStart(b *testing.B) {
	logrus.SetLevel(logrus.WarnLevel)
	d := newDriver(b, testConfig(b))
	image := resolve(b, d, functest.Image(b, "echo"))
	spec := testSpec(image)
	spec.SocketDir, spec.MemoryMB, spec.Network = true, 128, picasso.NetworkEgress
	spec.Env = []string{"FN_FORMAT=http-stream", "FN_LISTENER=unix:/tmp/iofs/lsnr.sock"}
	n := benchDonor(b, d)
	b.Run("plain", func(b *testing.B) {
		for range b.N {
			b.StopTimer()
			dir := filepath.Join(d.config.hostDir(), d.newName())
			require.NoError(b, makeSocketDir(dir))
			b.StartTimer()
			created, err := d.docker.ContainerCreate(b.Context(), d.sandboxConfig(&spec), d.sandboxHostConfig(&spec, n.id, dir), nil, nil, "")
			require.NoError(b, err)
			require.NoError(b, d.docker.ContainerStart(b.Context(), created.ID, container.StartOptions{}))
			awaitSocket(b, dir)
			b.StopTimer()
			require.NoError(b, d.docker.ContainerRemove(b.Context(), created.ID, container.RemoveOptions{Force: true}))
			require.NoError(b, removeSocketDir(dir))
			b.StartTimer()
		}
	})
	b.Run("same revision again", func(b *testing.B) {
		for range b.N {
			s := start(b, d, spec)
			awaitSocket(b, s.SocketDir())
			b.StopTimer()
			s.Remove()
			b.StartTimer()
		}
	})
	b.Run("prepared", func(b *testing.B) {
		for range b.N {
			b.StopTimer()
			spec.Owner.Revision++
			require.Eventually(b, func() bool { return d.donors.readyCount(spec.Network) > 0 }, patience, time.Millisecond)
			b.StartTimer()
			s := start(b, d, spec)
			awaitSocket(b, s.SocketDir())
			b.StopTimer()
			s.Remove()
			b.StartTimer()
		}
	})
	b.Run("unprepared", func(b *testing.B) {
		d.config.PreparedNamespaces = 0
		d.discardDonors(d.donors.drain())
		for range b.N {
			spec.Owner.Revision++
			s := start(b, d, spec)
			awaitSocket(b, s.SocketDir())
			b.StopTimer()
			s.Remove()
			b.StartTimer()
		}
	})
}

func benchDonor(b *testing.B, d *Driver) *donor {
	n, err := d.makeDonor(b.Context(), picasso.NetworkEgress)
	require.NoError(b, err)
	b.Cleanup(func() { d.releaseDonor(n, sandbox.Exit{Code: -1}) })
	return n
}

func awaitSocket(b *testing.B, dir string) {
	path := filepath.Join(dir, "lsnr.sock")
	require.Eventually(b, func() bool {
		if _, err := os.Stat(path); err != nil {
			return false
		}
		conn, err := new(net.Dialer).DialContext(context.Background(), "unix", path)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, patience, 500*time.Microsecond)
}
