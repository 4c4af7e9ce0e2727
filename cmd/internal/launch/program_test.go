package launch_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/apitest"
	"github.com/picasso-faas/picasso/cmd/internal/launch"
	"github.com/picasso-faas/picasso/cmd/internal/launch/launchtest"
	"github.com/picasso-faas/picasso/db/dbtest"
	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
)

func do(t *testing.T, method, url, body string) (int, string) {
	t.Helper()
	status, text, err := try(t.Context(), method, url, body)
	require.NoError(t, err)
	return status, text
}

// try is for goroutines, which must not end the test.
func try(ctx context.Context, method, url, body string) (int, string, error) {
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	if strings.HasPrefix(body, "{") {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), err
}

func create(t *testing.T, api *launchtest.API, spec string) {
	t.Helper()
	status, text := do(t, "POST", api.URL()+"/v2/functions", spec)
	require.Equal(t, http.StatusCreated, status, text)
}

func TestACallGoesThroughRPCAndLeavesARecord(t *testing.T) {
	cfg := launchtest.Config(t, &apitest.Engine{})
	api := launchtest.Start(t, cfg)
	create(t, api, `{"name": "f", "image": "i"}`)
	status, text := do(t, "POST", api.URL()+"/v2/functions/f/invoke", "ping")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "ping", text)
	api.Stop()

	again := launchtest.Start(t, cfg) // the record was stored on the way down
	status, text = do(t, "GET", again.URL()+"/v2/executions", "")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, text, `"succeeded"`)
}

func TestMetricsHaveAListenerOfTheirOwn(t *testing.T) {
	cfg := launchtest.Config(t, &apitest.Engine{})
	api := launchtest.Start(t, cfg)
	status, text := do(t, "GET", api.MetricsURL(), "")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, text, "# HELP")
	status, _ = do(t, "GET", api.URL()+"/metrics", "")
	assert.Equal(t, http.StatusNotFound, status)

	cfg.API.MetricsBindPort = -1
	assert.Empty(t, launchtest.Start(t, cfg).MetricsURL())
}

func TestHealthIsDisabledByAFile(t *testing.T) {
	cfg := launchtest.Config(t, &apitest.Engine{})
	cfg.HealthCheck.DisableByFile = filepath.Join(t.TempDir(), "drain")
	api := launchtest.Start(t, cfg)
	status, _ := do(t, "GET", api.URL()+"/healthcheck", "")
	assert.Equal(t, http.StatusOK, status)
	require.NoError(t, os.WriteFile(cfg.HealthCheck.DisableByFile, nil, 0o600))
	status, text := do(t, "GET", api.URL()+"/healthcheck", "")
	assert.Equal(t, http.StatusServiceUnavailable, status)
	assert.Contains(t, text, "DISABLED BY FILE")
}

func TestFunctionsAreMadeWarmAtStart(t *testing.T) {
	engine := &apitest.Engine{}
	cfg := launchtest.Config(t, engine)
	api := launchtest.Start(t, cfg)
	create(t, api, `{"name": "cold", "image": "i"}`)
	create(t, api, `{"name": "nowhere", "image": "i", "min_sandboxes": 1, "host_tags": ["moon"]}`)
	create(t, api, `{"name": "warm", "image": "i", "min_sandboxes": 2}`)
	api.Stop()
	before := len(engine.Warmed())
	launchtest.Start(t, cfg)
	require.Eventually(t, func() bool { return len(engine.Warmed()) > before }, 10*time.Second, 5*time.Millisecond)
	assert.Equal(t, "warm", engine.Warmed()[before].Name)
}

// slowEngine holds calls until they are let go, and tells when one has come.
func slowEngine() (engine *apitest.Engine, arrived, letGo chan struct{}) {
	arrived, letGo = make(chan struct{}), make(chan struct{})
	return &apitest.Engine{OnInvoke: func(_ context.Context, _ *picasso.Call, w http.ResponseWriter) picasso.Outcome {
		close(arrived)
		<-letGo
		_, _ = io.WriteString(w, "done")
		return apitest.Succeeded(http.StatusOK)
	}}, arrived, letGo
}

func TestStoppingLetsCallsEnd(t *testing.T) {
	engine, arrived, letGo := slowEngine()
	api := launchtest.Start(t, launchtest.Config(t, engine))
	create(t, api, `{"name": "f", "image": "i"}`)
	answered := make(chan string, 1)
	go func() {
		_, text, err := try(t.Context(), "POST", api.URL()+"/v2/functions/f/invoke", "")
		assert.NoError(t, err)
		answered <- text
	}()
	<-arrived
	stopped := make(chan struct{})
	go func() { api.Stop(); close(stopped) }()
	require.Eventually(t, func() bool { return refuses(api.URL()) }, 10*time.Second, 5*time.Millisecond)
	select {
	case <-stopped:
		t.Fatal("it did not wait for the call")
	default:
	}
	close(letGo)
	assert.Equal(t, "done", <-answered)
	<-stopped
}

func refuses(url string) bool {
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err == nil {
		conn.Close()
	}
	return err != nil
}

func TestPatienceEnds(t *testing.T) {
	engine, arrived, letGo := slowEngine()
	defer close(letGo)
	cfg := launchtest.Config(t, engine)
	log, _ := test.NewNullLogger()
	program, err := launch.New(t.Context(), launch.RoleAPI, cfg, log)
	require.NoError(t, err)
	work, stop := context.WithCancel(t.Context())
	patience, hurry := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- program.Run(work, patience) }()
	status, _ := do(t, "POST", program.URL()+"/v2/functions", `{"name": "f", "image": "i"}`)
	require.Equal(t, http.StatusCreated, status)
	go func() {
		if answer, err := http.Post(program.URL()+"/v2/functions/f/invoke", "", nil); err == nil {
			answer.Body.Close()
		}
	}()
	<-arrived
	stop()
	hurry()
	require.NoError(t, <-ended)
}

func TestWhatKeepsAProgramFromStarting(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	badPolicy := filepath.Join(t.TempDir(), "policy.yaml")
	require.NoError(t, os.WriteFile(badPolicy, []byte("\"functions:app:list\": \"rule:nobody\"\n"), 0o600))
	tests := map[string]struct {
		change func(c *launch.Config)
		want   string
	}{
		"invalid option": {func(c *launch.Config) { c.API.MaxLimit = 0 }, "max_limit"},
		"port in use":    {func(c *launch.Config) { c.API.BindPort = taken.Addr().(*net.TCPAddr).Port }, "in use"},
		"bad policy":     {func(c *launch.Config) { c.Policy.File = badPolicy }, "policy.yaml:1"},
		"missing policy": {func(c *launch.Config) { c.Policy.File = "/nowhere/policy.yaml"; c.Complete(launch.RoleAPI, "") }, "policy.yaml"},
		"no such cafile": {func(c *launch.Config) { useKeystone(c); c.Keystone.CAFile = "/nowhere/ca.pem" }, "cafile"},
		"bad cafile":     {func(c *launch.Config) { useKeystone(c); c.Keystone.CAFile = badPolicy }, "no PEM certificate"},
		"state path":     {func(c *launch.Config) { c.Database.Connection = "sqlite:////proc/nowhere/p.sqlite" }, "/proc/nowhere"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := launchtest.Config(t, &apitest.Engine{})
			tt.change(&cfg)
			log, _ := test.NewNullLogger()
			_, err := launch.New(t.Context(), launch.RoleAPI, cfg, log)
			assert.ErrorContains(t, err, tt.want)
		})
	}
}

func TestWhatKeepsATriggerFromStarting(t *testing.T) {
	notPEM := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(notPEM, []byte("no"), 0o600))
	tests := map[string]struct {
		change func(c *launch.Config)
		want   string
	}{
		"destinations":  {func(c *launch.Config) { c.Destinations.CAFile = notPEM }, "[destinations] cafile: holds no certificate in PEM"},
		"notifications": {func(c *launch.Config) { c.Notify.CAFile = notPEM }, "[notifications] cafile: holds no certificate in PEM"},
		"broker": {func(c *launch.Config) {
			c.AMQP.Transport.TransportURL, c.AMQP.Rabbit.SSL, c.AMQP.Rabbit.CAFile = "rabbit://u:p@127.0.0.1:1/", true, notPEM
		}, "[oslo_messaging_rabbit] ssl_ca_file: "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			cfg := launchtest.Config(t, &apitest.Engine{})
			tt.change(&cfg)
			log, _ := test.NewNullLogger()
			_, err := launch.New(t.Context(), launch.RoleTrigger, cfg, log)
			assert.ErrorContains(t, err, tt.want)
		})
	}
}

func TestTheDatabaseMayComeUpLater(t *testing.T) {
	cfg := launchtest.Config(t, &apitest.Engine{})
	cfg.Database.Connection = "mysql+pymysql://picasso:hidden-word@127.0.0.1:1/picasso"
	api := launchtest.Start(t, cfg)
	status, _ := do(t, "GET", api.URL()+"/healthcheck", "")
	assert.Equal(t, http.StatusOK, status)
	status, text := do(t, "GET", api.URL()+"/v2/functions", "")
	assert.Equal(t, http.StatusServiceUnavailable, status)
	assert.NotContains(t, text, "hidden-word")
	for _, entry := range api.Log.AllEntries() {
		line, err := entry.String()
		require.NoError(t, err)
		assert.NotContains(t, line, "hidden-word")
	}
}

func TestASchemaThatIsNotThereIsRefused(t *testing.T) {
	cfg := launchtest.Config(t, &apitest.Engine{})
	cfg.Database.Connection = dbtest.Database(t, cloudtest.Need(t, "mariadb").DBDSN)
	log, _ := test.NewNullLogger()
	_, err := launch.New(t.Context(), launch.RoleAPI, cfg, log)
	assert.ErrorContains(t, err, "picasso-manage db sync")
}

// useKeystone turns to a Keystone that does not answer.
func useKeystone(cfg *launch.Config) {
	cfg.General.AuthStrategy = launch.AuthKeystone
	cfg.Keystone.AuthURL, cfg.Keystone.Username, cfg.Keystone.Password = "http://127.0.0.1:1/v3", "picasso", "hidden-word"
	cfg.Keystone.HTTPRequestMaxRetries = 0
}

func TestKeystoneMayComeUpLater(t *testing.T) {
	cfg := launchtest.Config(t, &apitest.Engine{})
	useKeystone(&cfg)
	api := launchtest.Start(t, cfg)
	status, text := do(t, "GET", api.URL()+"/v2/functions", "")
	assert.Equal(t, http.StatusUnauthorized, status, text)
	require.Eventually(t, func() bool {
		for _, entry := range api.Log.AllEntries() {
			if strings.HasPrefix(entry.Message, "Keystone does not take the service user") {
				return true
			}
		}
		return false
	}, 30*time.Second, 10*time.Millisecond)
}

func TestATriggerRunsWhatTheAPIQueued(t *testing.T) {
	cfg := launchtest.Config(t, &apitest.Engine{})
	api := launchtest.Start(t, cfg)
	create(t, api, `{"name": "f", "image": "i"}`)
	r, err := http.NewRequestWithContext(t.Context(), "POST", api.URL()+"/v2/functions/f/invoke", strings.NewReader("in"))
	require.NoError(t, err)
	r.Header.Set("Prefer", "respond-async")
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	answer.Body.Close()
	require.Equal(t, http.StatusAccepted, answer.StatusCode)

	cfg.Triggers.MetricsBindPort = 0
	trigger := launchtest.StartAs(t, launch.RoleTrigger, cfg)
	require.Eventually(t, func() bool {
		_, text := do(t, "GET", api.URL()+"/v2/executions?status=succeeded", "")
		return strings.Contains(text, `"async":true`)
	}, 10*time.Second, 20*time.Millisecond)
	status, text := do(t, "GET", trigger.URL()+"/healthcheck", "")
	assert.Equal(t, http.StatusOK, status)
	assert.Equal(t, "OK", text)
	_, text = do(t, "GET", trigger.MetricsURL(), "")
	assert.Contains(t, text, `picasso_queue_settled_total{status="succeeded"} 1`)
}

// A trigger that was told nothing of Keystone does what needs no credentials.
func TestATriggerWithoutKeystone(t *testing.T) {
	warns := func(change func(c *launch.Config)) bool {
		cfg := launchtest.Config(t, &apitest.Engine{})
		cfg.Triggers.MetricsBindPort = 0
		change(&cfg)
		trigger := launchtest.StartAs(t, launch.RoleTrigger, cfg)
		status, _ := do(t, "GET", trigger.URL()+"/healthcheck", "")
		assert.Equal(t, http.StatusOK, status)
		return slices.ContainsFunc(trigger.Log.AllEntries(), func(e *logrus.Entry) bool {
			return strings.HasPrefix(e.Message, "[keystone_authtoken] says nothing of Keystone")
		})
	}
	assert.True(t, warns(func(c *launch.Config) { c.General.AuthStrategy = launch.AuthKeystone }))
	assert.False(t, warns(useKeystone))
	assert.False(t, warns(func(*launch.Config) {}), "noauth")
}

func TestATriggerWithoutAListener(t *testing.T) {
	cfg := launchtest.Config(t, &apitest.Engine{})
	cfg.Triggers.MetricsBindPort = -1
	trigger := launchtest.StartAs(t, launch.RoleTrigger, cfg)
	assert.Empty(t, trigger.URL())
	assert.Empty(t, trigger.MetricsURL())
}

func TestAFollowedLogDoesNotHoldUpTheStop(t *testing.T) {
	api := launchtest.Start(t, launchtest.Config(t, &apitest.Engine{}))
	create(t, api, `{"name": "f", "image": "i", "enabled": false}`)
	r, err := http.NewRequestWithContext(t.Context(), "POST", api.URL()+"/v2/functions/f/invoke", strings.NewReader("in"))
	require.NoError(t, err)
	r.Header.Set("Prefer", "respond-async")
	queued, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	queued.Body.Close()
	log, err := http.Get(queued.Header.Get("Location") + "/log?follow=true")
	require.NoError(t, err)
	defer log.Body.Close()
	require.Equal(t, http.StatusOK, log.StatusCode)
	api.Stop() // within its minute of patience, or the test's own limit ends it
	_, err = io.Copy(io.Discard, log.Body)
	require.NoError(t, err, "it ends, and is not cut")
}
