package e2e

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
)

// stack is Picasso running: picasso-allinone, or picasso-api, picasso-engine
// and any number of picasso-trigger.
type stack struct {
	t        testing.TB
	url      string
	metrics  string
	host     string // label of its containers
	docker   string // its Docker engine
	conf     string // path of its picasso.conf
	api      *process
	engine   *process   // nil when all in one
	triggers []*process // none when all in one
}

// options of a stack; the zero value is all in one, noauth, SQLite, the shared
// Docker engine.
type options struct {
	split      bool              // API and engine as two processes
	triggers   int               // how many picasso-trigger; only with split
	connection string            // [database] connection
	keystone   string            // body of [keystone_authtoken]; turns authentication on
	engine     map[string]string // more of [engine]
	docker     map[string]string // more of [docker]
	api        map[string]string // more of [api]
	queue      map[string]string // more of [queue]
}

// newStack starts Picasso. When the test ends it is stopped, and nothing of it
// may be left in Docker.
func newStack(t testing.TB, opt options) *stack {
	t.Helper()
	env := cloudtest.Need(t, "docker")
	dir := t.TempDir()
	apiPort, metricsPort, rpcPort := cloudtest.FreePort(t), cloudtest.FreePort(t), cloudtest.FreePort(t)
	s := &stack{
		t: t, url: fmt.Sprintf("http://127.0.0.1:%d", apiPort), metrics: fmt.Sprintf("http://127.0.0.1:%d/metrics", metricsPort),
		host: fmt.Sprintf("e2e-%d", apiPort),
	}
	auth := "noauth"
	if opt.keystone != "" {
		auth = "keystone"
	}
	if opt.connection == "" {
		opt.connection = "sqlite:///" + dir + "/picasso.sqlite"
	}
	docker := map[string]string{"docker_host": env.DockerHost, "pull_policy": "if-not-present", "runtime_dir": "/run/picasso-e2e"}
	maps.Copy(docker, opt.docker)
	s.docker = docker["docker_host"]
	s.conf = writeFile(t, dir, "picasso.conf", `[DEFAULT]
auth_strategy = %s
host = %s
state_path = %s
[api]
bind_port = %d
metrics_bind_port = %d
%s[database]
connection = %s
[keystone_authtoken]
%s
[engine]
%s[docker]
%s[queue]
%s[triggers]
metrics_bind_port = -1
[rpc]
key = a key for the end-to-end tests
bind_port = %d
engine_url = http://127.0.0.1:%d
`, auth, s.host, dir, apiPort, metricsPort, lines(opt.api), opt.connection, opt.keystone, lines(opt.engine), lines(docker), lines(opt.queue), rpcPort, rpcPort)
	if !strings.HasPrefix(opt.connection, "sqlite:") {
		s.manage("db", "sync")
	}
	t.Cleanup(func() { require.Empty(t, s.containers(), "containers are left behind") })
	s.start(opt.split)
	s.triggers = make([]*process, opt.triggers)
	for i := range s.triggers {
		s.startTrigger(i)
	}
	return s
}

func lines(values map[string]string) string {
	var b strings.Builder
	for name, value := range values {
		fmt.Fprintf(&b, "%s = %s\n", name, value)
	}
	return b.String()
}

func (s *stack) start(split bool) {
	s.t.Helper()
	if split {
		s.startEngine()
		s.startAPI("picasso-api")
	} else {
		s.startAPI("picasso-allinone")
	}
}

func (s *stack) startAPI(name string) {
	s.t.Helper()
	s.api = startProcess(s.t, name, "--config-file", s.conf)
	s.waitHealthy()
}

func (s *stack) startEngine() {
	s.t.Helper()
	s.engine = startProcess(s.t, "picasso-engine", "--config-file", s.conf)
}

func (s *stack) startTrigger(i int) {
	s.t.Helper()
	s.triggers[i] = startProcess(s.t, "picasso-trigger", "--config-file", s.conf)
}

func (s *stack) waitHealthy() {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		select {
		case <-s.api.done:
			s.t.Fatalf("it ended:\n%s", s.api.log)
		default:
		}
		resp, err := httpClient.Get(s.url + "/healthcheck")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}, time.Minute, 50*time.Millisecond, "no health")
}

// manage runs picasso-manage and returns what it printed.
func (s *stack) manage(args ...string) string {
	s.t.Helper()
	out, err := exec.Command(binDir+"/picasso-manage", append([]string{"--config-file", s.conf}, args...)...).CombinedOutput()
	require.NoError(s.t, err, "picasso-manage %s\n%s", strings.Join(args, " "), out)
	return string(out)
}

// containers lists what of the stack is in Docker.
func (s *stack) containers() []string {
	out, err := exec.Command("docker", "-H", s.docker, "ps", "-aq", "--filter", "label=picasso.host="+s.host).Output()
	require.NoError(s.t, err)
	return strings.Fields(string(out))
}

// kill ends a process without a chance to clean up.
func kill(p *process) { p.stop(syscall.SIGKILL) }

// callsRunning is how many calls are in sandboxes now.
func (s *stack) callsRunning() float64 {
	s.t.Helper()
	return s.gauge(fmt.Sprintf("picasso_host_calls_running{host=%q}", s.host))
}

// gauge reads a metric of the API process, named with its labels.
func (s *stack) gauge(name string) float64 {
	s.t.Helper()
	resp, err := httpClient.Get(s.metrics)
	require.NoError(s.t, err)
	defer resp.Body.Close()
	var body bytes.Buffer
	_, err = body.ReadFrom(resp.Body)
	require.NoError(s.t, err)
	for line := range strings.Lines(body.String()) {
		var value float64
		if n, _ := fmt.Sscanf(line, name+" %g", &value); n == 1 {
			return value
		}
	}
	s.t.Fatalf("no metric %s", name)
	return 0
}
