package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine"
	"github.com/picasso-faas/picasso/engine/docker"
	"github.com/picasso-faas/picasso/engine/enginetest"
	"github.com/picasso-faas/picasso/engine/rpc"
	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
	"github.com/picasso-faas/picasso/tools/functions/functest"
)

// newEngine returns an engine of its own on the real Docker.
func newEngine(t testing.TB) picasso.Engine {
	t.Helper()
	log := logrus.New()
	log.SetOutput(t.Output())
	cfg := docker.DefaultConfig()
	cfg.DockerHost = cloudtest.Need(t, "docker").DockerHost
	cfg.Host = "test-" + uuid.NewString()[:8]
	cfg.PullPolicy = docker.PullIfNotPresent
	driver, err := docker.New(t.Context(), cfg, log)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, driver.Close()) })

	engineCfg := engine.DefaultConfig()
	engineCfg.ReadyTimeout, engineCfg.MemoryMB = 3*time.Second, 2048
	e := engine.New(engineCfg, driver, log)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		assert.NoError(t, e.Close(ctx))
	})
	return e
}

// TestOnDockerBehindRPC: an engine on another host, behind a dispatcher as in
// production, is as good as one here, and three look like one.
func TestOnDockerBehindRPC(t *testing.T) {
	testfn, debian := functest.Image(t, "testfn"), functest.Image(t, "debian")
	fleet := func(protocol, hosts int) func(t *testing.T) picasso.Engine {
		return func(t *testing.T) picasso.Engine {
			var engines []picasso.Engine
			for range hosts {
				engines = append(engines, behindRPC(t, newEngine(t), protocol))
			}
			return dispatchTo(t, protocol, engines...)
		}
	}
	t.Run("oldest protocol, one host", func(t *testing.T) { enginetest.RunWire(t, fleet(rpc.MinProtocol, 1), testfn, debian) })
	t.Run("newest protocol, three hosts", func(t *testing.T) { enginetest.RunHop(t, 3, fleet(rpc.MaxProtocol, 3), testfn, debian) })
}

func TestOnDocker(t *testing.T) {
	start := func(t *testing.T) picasso.Engine { return newEngine(t) }
	enginetest.RunEngine(t, start, functest.Image(t, "testfn"), functest.Image(t, "debian"))
}
