package engine_test

import (
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/enginetest"
	"github.com/picasso-faas/picasso/engine/rpc"
	"github.com/picasso-faas/picasso/engine/socket"
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
	for protocol := rpc.MinProtocol; protocol <= rpc.MaxProtocol; protocol++ {
		t.Run(fmt.Sprint("rpc ", protocol), func(t *testing.T) {
			test(t, func(t testing.TB, programs map[string]enginetest.Program) picasso.Engine {
				return behindRPC(t, localEngine(t, programs), protocol)
			})
		})
	}
}

// behindRPC returns the engine as an API process on another host has it that
// speaks this version of the protocol.
func behindRPC(t testing.TB, e picasso.Engine, protocol int) picasso.Engine {
	t.Helper()
	log := logrus.New()
	log.SetOutput(t.Output())
	key := []byte("a key for tests, shared by both")
	server := served(t, rpc.NewServer(e, key, rpc.ServerOptions{}, log))
	client, err := rpc.NewClient(rpc.Endpoint{URL: server.URL, Key: key, Protocol: protocol}, log)
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return client
}

// served serves as picasso-engine does.
func served(t testing.TB, handler *rpc.Server) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Listener = socket.Listener{Listener: server.Listener}
	server.Config.ConnContext = handler.ConnContext
	server.Start()
	t.Cleanup(server.Close)
	return server
}
