package launch_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

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
	cfg := launchtest.Config(t, &apitest.Engine{})
	cfg.General.Host = host
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
	status, text := do(t, "GET", api.MetricsURL(), "")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, text, "picasso_")
}

func TestTwoProcessesOnRealDocker(t *testing.T) {
	cfg := live(t, "two")
	engine := launchtest.StartAs(t, launch.RoleEngine, cfg)
	cfg.RPC.EngineURL = engine.URL()
	echoes(t, launchtest.Start(t, cfg), functest.Image(t, "echo"))
}

func TestTheEngineOfAHostRunsOnce(t *testing.T) {
	cfg := live(t, "once")
	launchtest.StartAs(t, launch.RoleEngine, cfg)
	_, err := launch.New(t.Context(), launch.RoleEngine, cfg, nil)
	assert.Error(t, err)
}

func TestDockerIsNotThere(t *testing.T) {
	cfg := live(t, "none")
	cfg.Docker.DockerHost = "unix:///nowhere/docker.sock"
	_, err := launch.New(t.Context(), launch.RoleEngine, cfg, nil)
	assert.ErrorContains(t, err, "/nowhere/docker.sock")
}
