// Package launchtest runs a real API for tests of programs that talk to one:
// noauth, SQLite, and an engine of the test's own behind the real RPC.
package launchtest

import (
	"context"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/cmd/internal/launch"
	"github.com/picasso-faas/picasso/engine/rpc"
)

const key = "a key for tests, long enough"

// Config returns the configuration of an API in front of the engine, on ports
// that are free, with its database in a folder that goes with the test. Without an
// engine, there is no host.
func Config(t testing.TB, engine picasso.Engine) launch.Config {
	t.Helper()
	cfg := launch.DevelopmentConfig()
	cfg.General.Host = "host-1"
	cfg.API.BindPort, cfg.API.MetricsBindPort = 0, 0
	cfg.Database.Connection = "sqlite:///" + filepath.Join(t.TempDir(), "picasso.sqlite")
	cfg.Hosts.GiveUpAfter = time.Hour // nobody sends heartbeats
	cfg.Complete(launch.RoleAPI, "")
	if engine != nil {
		log, _ := test.NewNullLogger()
		server := httptest.NewServer(rpc.NewServer(engine, []byte(key), rpc.ServerOptions{}, log))
		t.Cleanup(server.Close)
		register(t, cfg, server.URL)
	}
	return cfg
}

// register makes the engine behind url known to the database.
func register(t testing.TB, cfg launch.Config, url string) {
	t.Helper()
	store, err := launch.OpenStore(cfg.Database)
	require.NoError(t, err)
	require.NoError(t, store.Migrate(t.Context()))
	_, err = store.Heartbeat(t.Context(), &picasso.HostReport{
		Host:        picasso.Host{Name: cfg.General.Host, Cores: 2, MemoryMB: 1024},
		Incarnation: "1", URL: url, Key: key, MinProtocol: rpc.MinProtocol, MaxProtocol: rpc.MaxProtocol,
	}, cfg.Hosts.GiveUpAfter)
	require.NoError(t, err)
	require.NoError(t, store.Close())
}

// API is a running API, or another program.
type API struct {
	*launch.Program
	Log  *test.Hook // everything that was logged
	stop context.CancelFunc
	done chan struct{}
}

// Start runs an API until the test ends or Stop.
func Start(t testing.TB, cfg launch.Config) *API {
	t.Helper()
	return StartAs(t, launch.RoleAPI, cfg)
}

// StartAs runs a program of any role.
func StartAs(t testing.TB, role launch.Role, cfg launch.Config) *API {
	t.Helper()
	log, hook := test.NewNullLogger()
	log.SetLevel(logrus.DebugLevel)
	program, err := launch.New(t.Context(), role, cfg, log)
	require.NoError(t, err)
	work, stop := context.WithCancel(context.Background())
	a := &API{Program: program, Log: hook, stop: stop, done: make(chan struct{})}
	go func() {
		defer close(a.done)
		if err := program.Run(work, context.Background()); err != nil {
			t.Errorf("%s: %v", role, err)
		}
	}()
	t.Cleanup(a.Stop)
	return a
}

// Stop ends the API as SIGTERM does and waits until it has ended.
func (a *API) Stop() {
	a.stop()
	<-a.done
}
