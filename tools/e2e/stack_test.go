package e2e

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"os/exec"
	"path/filepath"
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
	t       testing.TB
	url     string
	metrics string
	host    string // label of its containers
	docker  string // its Docker engine
	conf    string // path of its picasso.conf
	dir     string // of files of the test
	env     cloudtest.Env

	connection string // [database] connection
	api        *process
	engine     *process   // nil when all in one
	triggers   []*process // none when all in one
	cloud      *cloudtest.Cloud
	client     *http.Client
}

// options of a stack; the zero value is all in one, noauth, SQLite, the shared
// Docker engine.
type options struct {
	split      bool              // API and engine as two processes
	address    string            // of the API; empty: 127.0.0.1
	noEngine   bool              // only the API, without an engine
	triggers   int               // how many picasso-trigger; only with split
	connection string            // [database] connection
	keystone   string            // body of [keystone_authtoken]; turns authentication on
	engine     map[string]string // more of [engine]
	docker     map[string]string // more of [docker]
	api        map[string]string // more of [api]
	queue      map[string]string // more of [queue]
	sections   string            // more sections
	cloud      *cloudtest.Cloud  // runs in its network
}

// newStack starts Picasso. When the test ends it is stopped, and nothing of it
// may be left in Docker.
func newStack(t testing.TB, opt options) *stack {
	t.Helper()
	env := cloudtest.Need(t, "docker")
	dockerHost := env.DockerHost
	if opt.cloud != nil {
		env = opt.cloud.Env
	}
	dir := t.TempDir()
	apiPort, metricsPort, rpcPort := cloudtest.FreePort(t), cloudtest.FreePort(t), cloudtest.FreePort(t)
	if opt.address == "" {
		opt.address = "127.0.0.1"
	}
	s := &stack{
		t: t, url: fmt.Sprintf("http://%s:%d", opt.address, apiPort), metrics: fmt.Sprintf("http://127.0.0.1:%d/metrics", metricsPort),
		host: fmt.Sprintf("e2e-%d", apiPort), cloud: opt.cloud, client: httpClient, dir: dir, env: env,
	}
	if opt.cloud != nil {
		s.client = &http.Client{Timeout: httpClient.Timeout, Transport: &http.Transport{DialContext: opt.cloud.DialContext}}
	}
	auth := "noauth"
	if opt.keystone != "" {
		auth = "keystone"
	}
	if opt.connection == "" {
		opt.connection = "sqlite:///" + dir + "/picasso.sqlite"
	}
	docker := map[string]string{"docker_host": dockerHost, "pull_policy": "if-not-present", "runtime_dir": "/run/picasso-e2e"}
	maps.Copy(docker, opt.docker)
	s.docker = docker["docker_host"]
	s.conf = writeFile(t, dir, "picasso.conf", `[DEFAULT]
auth_strategy = %s
host = %s
state_path = %s
[api]
bind_host = %s
bind_port = %d
metrics_bind_port = %d
%s[database]
connection = %s
[keystone_authtoken]
%s
[engine]
api_url = %s
heartbeat_interval = 0.2
%s[docker]
%s[queue]
%s[triggers]
metrics_bind_port = -1
[rpc]
bind_port = %d
%s`, auth, s.host, dir, opt.address, apiPort, metricsPort, lines(opt.api), opt.connection, opt.keystone, s.url, lines(opt.engine), lines(docker), lines(opt.queue), rpcPort, opt.sections)
	s.connection = opt.connection
	if !strings.HasPrefix(opt.connection, "sqlite:") {
		s.manage("db", "sync")
	}
	t.Cleanup(func() { require.Empty(t, s.containers(), "containers are left behind") })
	if opt.noEngine {
		s.startAPI("picasso-api")
	} else {
		s.start(opt.split)
	}
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
		s.engine = s.startProcess("picasso-engine")
		s.startAPI("picasso-api")
		s.waitForHost(s.host)
	} else {
		s.startAPI("picasso-allinone")
	}
}

func (s *stack) startAPI(name string) {
	s.t.Helper()
	s.api = s.startProcess(name)
	s.waitHealthy()
}

// startEngine starts the engine again.
func (s *stack) startEngine() {
	s.t.Helper()
	s.engine = s.startProcess("picasso-engine")
}

// waitForHost waits until the API sends calls to the host.
func (s *stack) waitForHost(name string) {
	s.t.Helper()
	s.api.says("host in rotation host=" + name)
}

func (s *stack) startTrigger(i int) {
	s.t.Helper()
	s.triggers[i] = s.startProcess("picasso-trigger")
}

// command runs a program where the stack runs.
func (s *stack) command(name string, args ...string) *exec.Cmd {
	if s.cloud != nil {
		return s.cloud.Command(name, args...)
	}
	return exec.Command(name, args...)
}

// startProcess starts one of our programs. What is in further configuration files
// stands above the stack's.
func (s *stack) startProcess(name string, files ...string) *process {
	s.t.Helper()
	return startProcess(s.t, s.command(filepath.Join(binDir, name), s.configFiles(files)...))
}

func (s *stack) configFiles(files []string) (args []string) {
	for _, file := range append([]string{s.conf}, files...) {
		args = append(args, "--config-file", file)
	}
	return args
}

func (s *stack) waitHealthy() {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		select {
		case <-s.api.done:
			s.t.Fatalf("it ended:\n%s", s.api.log)
		default:
		}
		resp, err := s.client.Get(s.url + "/healthcheck")
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
	out, err := s.command(binDir+"/picasso-manage", append([]string{"--config-file", s.conf}, args...)...).CombinedOutput()
	require.NoError(s.t, err, "picasso-manage %s\n%s", strings.Join(args, " "), out)
	return string(out)
}

// containers lists what of the stack is in Docker.
func (s *stack) containers() []string { return s.labelled("picasso.host=" + s.host) }

// labelled lists the containers with a label.
func (s *stack) labelled(label string) []string {
	s.t.Helper()
	out, err := exec.Command("docker", "-H", s.docker, "ps", "-aq", "--filter", "label="+label).Output()
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

// gauge reads a metric of the API process, named with its labels; -1: there is none.
func (s *stack) gauge(name string) float64 {
	s.t.Helper()
	resp, err := s.client.Get(s.metrics)
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
	return -1
}
