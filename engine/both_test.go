package engine_test

import (
	"net/http/httptest"
	"testing"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/enginetest"
	"github.com/picasso-faas/picasso/engine/rpc"
)

// starter starts an engine that has the programs for images.
type starter func(t testing.TB, programs map[string]enginetest.Program) picasso.Engine

// onBoth runs a test on an engine in this process, and on one behind RPC.
func onBoth(t *testing.T, test func(t *testing.T, start starter)) {
	t.Run("local", func(t *testing.T) {
		test(t, func(t testing.TB, programs map[string]enginetest.Program) picasso.Engine {
			return localEngine(t, programs)
		})
	})
	t.Run("rpc", func(t *testing.T) {
		test(t, func(t testing.TB, programs map[string]enginetest.Program) picasso.Engine {
			return behindRPC(t, localEngine(t, programs))
		})
	})
}

// behindRPC returns the engine as an API process on another host has it.
func behindRPC(t testing.TB, e picasso.Engine) picasso.Engine {
	t.Helper()
	log := logrus.New()
	log.SetOutput(t.Output())
	key := []byte("a key for tests, shared by both")
	server := httptest.NewServer(rpc.NewServer(e, key, log))
	t.Cleanup(server.Close)
	client, err := rpc.NewClient(server.URL, key, log)
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return client
}
