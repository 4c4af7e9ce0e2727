package launch_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/api/apitest"
	"github.com/picasso-faas/picasso/cmd/internal/launch"
	"github.com/picasso-faas/picasso/cmd/internal/launch/launchtest"
	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
	"github.com/picasso-faas/picasso/tools/functions/functest"
)

// live is a configuration with an engine on the real Docker. When the test has
// ended, nothing of it may be left there.
func live(t *testing.T, name string) launch.Config {
	t.Helper()
	env := cloudtest.Need(t, "docker")
	host := fmt.Sprintf("launch-%s-%d", name, os.Getpid())
	t.Cleanup(func() {
		left, err := exec.Command("docker", "-H", env.DockerHost, "ps", "-aq", "--filter", "label=picasso.host="+host).CombinedOutput()
		assert.NoError(t, err)
		assert.Empty(t, string(left), "containers are left")
	})
	cfg := launchtest.Config(t, nil)
	cfg.General.Host = host
	cfg.Registration.Interval = 100 * time.Millisecond
	cfg.Engine.MemoryMB = 512
	cfg.Docker.DockerHost, cfg.Docker.RuntimeDir = env.DockerHost, "/run/picasso-launch"
	cfg.RPC.BindPort = 0
	cfg.Complete(launch.RoleAllInOne, "")
	return cfg
}

func echoes(t *testing.T, api *launchtest.API, image string) {
	t.Helper()
	create(t, api, `{"name": "f", "image": "`+image+`"}`)
	body := strings.Repeat("all the bytes ", 10_000)
	for range 3 {
		status, text := do(t, "POST", api.URL()+"/v2/functions/f/invoke", body)
		require.Equal(t, http.StatusOK, status, text)
		require.True(t, body == text, "the body has changed on its way")
	}
}

func TestAllInOneOnRealDocker(t *testing.T) {
	cfg := live(t, "one")
	api := launchtest.StartAs(t, launch.RoleAllInOne, cfg)
	echoes(t, api, functest.Image(t, "echo"))
	_, trigger := do(t, "POST", api.URL()+"/v2/triggers", `{"name": "t", "function": "f", "type": "notification", "notification": {"event_type": "x"}}`)
	assert.Contains(t, trigger, "[oslo_messaging_notifications] transport_url is not set", "it says why it cannot fire")
	status, text := do(t, "GET", api.MetricsURL(), "")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, text, "picasso_")

	for _, disabled := range []bool{true, false} {
		want := map[bool]int{true: http.StatusServiceUnavailable, false: http.StatusOK}[disabled]
		status, text = do(t, "PATCH", api.URL()+"/v2/hosts/"+cfg.General.Host, fmt.Sprintf(`{"disabled": %t}`, disabled))
		require.Equal(t, http.StatusOK, status, text)
		require.Eventually(t, func() bool {
			status, _ := do(t, "POST", api.URL()+"/v2/functions/f/invoke", "x")
			return status == want
		}, 30*time.Second, 20*time.Millisecond, "calls while disabled is %t", disabled)
	}
}

func TestTwoProcessesOnRealDocker(t *testing.T) {
	cfg := live(t, "two")
	api := launchtest.Start(t, cfg)
	cfg.Registration.APIURL = api.URL()
	engine := launchtest.StartAs(t, launch.RoleEngine, cfg)
	state := func(want string) func() bool {
		return func() bool {
			_, text := do(t, "GET", api.URL()+"/v2/hosts/"+cfg.General.Host, "")
			return strings.Contains(text, `"state":"`+want+`"`)
		}
	}
	require.Eventually(t, state("up"), 30*time.Second, 20*time.Millisecond)
	require.Eventually(t, func() bool { // and calls go there
		return slices.ContainsFunc(api.Log.AllEntries(), func(e *logrus.Entry) bool { return e.Message == "host in rotation" })
	}, 30*time.Second, 20*time.Millisecond)
	echoes(t, api, functest.Image(t, "echo"))
	engine.Stop()
	assert.True(t, state("down")(), "it said farewell")
}

// TestStoppingAnEngineLetsLongCallsEnd: longer ones than it takes to give up a host, which is
// draining for as long.
func TestStoppingAnEngineLetsLongCallsEnd(t *testing.T) {
	cfg := live(t, "drain")
	cfg.Hosts.GiveUpAfter = 2 * time.Second
	api := launchtest.Start(t, cfg)
	cfg.Registration.APIURL = api.URL()
	engine := launchtest.StartAs(t, launch.RoleEngine, cfg)
	host := func() (state string, running int) {
		var h struct {
			State        string `json:"state"`
			CallsRunning int    `json:"calls_running"`
		}
		_, text := do(t, "GET", api.URL()+"/v2/hosts/"+cfg.General.Host, "")
		require.NoError(t, json.Unmarshal([]byte(text), &h), text)
		return h.State, h.CallsRunning
	}
	require.Eventually(t, func() bool {
		return slices.ContainsFunc(api.Log.AllEntries(), func(e *logrus.Entry) bool { return e.Message == "host in rotation" })
	}, 30*time.Second, 20*time.Millisecond)
	create(t, api, `{"name": "f", "image": "`+functest.Image(t, "testfn")+`"}`)
	answered := make(chan string, 1)
	go func() {
		_, text, err := try(t.Context(), "POST", api.URL()+"/v2/functions/f/invoke", "sleep 7000\n")
		assert.NoError(t, err)
		answered <- text
	}()
	require.Eventually(t, func() bool { _, running := host(); return running == 1 }, 30*time.Second, 20*time.Millisecond)
	began, stopped := time.Now(), make(chan struct{})
	go func() { engine.Stop(); close(stopped) }()
	require.Eventually(t, func() bool {
		state, running := host()
		return state == "draining" && running == 1 && time.Since(began) > 2*cfg.Hosts.GiveUpAfter
	}, 30*time.Second, 20*time.Millisecond)
	assert.Contains(t, <-answered, "slept")
	<-stopped
	state, _ := host()
	assert.Equal(t, "down", state)
}

func TestTheEngineOfAHostRunsOnce(t *testing.T) {
	cfg := live(t, "once")
	launchtest.StartAs(t, launch.RoleEngine, cfg)
	_, err := launch.New(t.Context(), launch.RoleEngine, cfg, nil)
	assert.Error(t, err)
}

// A webhook's and an object's way to an execution are in package e2e; here only what is wired.
func TestNotificationsOfTheRealBroker(t *testing.T) {
	env := cloudtest.Need(t, "rabbitmq")
	cfg := launchtest.Config(t, &apitest.Engine{})
	cfg.Triggers.MetricsBindPort = 0
	cfg.AMQP.Transport.TransportURL = env.TransportURL
	cfg.AMQP.Options.Queue = fmt.Sprintf("launch-%d", os.Getpid())
	t.Cleanup(func() {
		for _, queue := range []string{cfg.AMQP.Options.Queue, cfg.AMQP.Options.Queue + ".later", cfg.AMQP.Options.Queue + ".dead"} {
			out, err := exec.Command(filepath.Join(env.Dir, "rabbitmqctl"), "delete_queue", queue).CombinedOutput()
			assert.NoError(t, err, "%s", out)
		}
	})
	trigger := launchtest.StartAs(t, launch.RoleTrigger, cfg)
	require.Eventually(t, func() bool {
		_, text := do(t, "GET", trigger.MetricsURL(), "")
		return strings.Contains(text, "picasso_amqp_connected 1\n")
	}, 30*time.Second, 20*time.Millisecond)
	trigger.Stop()
	for _, entry := range trigger.Log.AllEntries() {
		line, err := entry.String()
		require.NoError(t, err)
		assert.NotContains(t, line, env.TransportURL)
	}
}

func TestDockerIsNotThere(t *testing.T) {
	cfg := live(t, "none")
	cfg.Docker.DockerHost = "unix:///nowhere/docker.sock"
	_, err := launch.New(t.Context(), launch.RoleEngine, cfg, nil)
	assert.ErrorContains(t, err, "/nowhere/docker.sock")
}
