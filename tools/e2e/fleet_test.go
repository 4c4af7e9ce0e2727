package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/keystone/keystonetest"
	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
)

// fleet is two picasso-api, two picasso-trigger and compute hosts in a network of
// their own, with TLS between the processes, on the real Keystone and MariaDB. All
// engines work on one Docker, where each sees only its own sandboxes.
type fleet struct {
	*stack
	t     *testing.T
	whole *testing.T // with which the processes end
	ca    *cloudtest.Authority
	pem   string // file with the certificate of the authority
	hosts []*computeHost
	ids   map[string]string // of functions, by name
	// The callers go through the first API or the second.
	alice [2]*caller
	admin *caller
	other *process // the second API
	more  []string // configuration of the second API
}

// computeHost is a host with an engine on it.
type computeHost struct {
	*cloudtest.NetHost
	name   string
	conf   string
	engine *process
}

// newFleet starts a fleet. Each host has the memory for so many sandboxes of 128 MiB.
func newFleet(t *testing.T, hosts, sandboxes int) *fleet {
	t.Helper()
	network := cloudtest.NewNetwork(t)
	f := &fleet{t: t, whole: t, ids: map[string]string{}, ca: cloudtest.NewAuthority(t)}
	dir := t.TempDir()
	f.pem = writeFile(t, dir, "ca.pem", "%s", f.ca.PEM)
	f.stack = cloudStack(t, options{
		address: network.Address, noEngine: true, triggers: 2,
		engine:   map[string]string{"memory_mb": fmt.Sprint(128 * sandboxes)},
		queue:    map[string]string{"lease": "5"},
		sections: "[hosts]\ngive_up_after = 3\n" + f.certificate(dir, network.Address),
	})
	f.admin = f.withToken(keystonetest.Token(t, "admin"))
	f.alice[0] = f.withToken(keystonetest.Token(t, "alpha"))
	f.startSecondAPI(dir, network.Address)
	for i := range hosts {
		f.add(network.Add(t), fmt.Sprintf("%s-%d", f.host, i+1), dir)
	}
	for _, h := range f.hosts {
		f.waitForHost(h.name)
	}
	return f
}

// certificate writes a certificate for a host and returns the section that names it.
func (f *fleet) certificate(dir, address string) string {
	f.t.Helper()
	c := f.ca.Issue(f.t, address)
	return fmt.Sprintf("[rpc]\ncert = %s\nkey = %s\nca = %s\n",
		writeFile(f.t, dir, address+".pem", "%s", c.Cert), writeFile(f.t, dir, address+".key", "%s", c.Key), f.pem)
}

func (f *fleet) startSecondAPI(dir, address string) {
	f.t.Helper()
	port := cloudtest.FreePort(f.t)
	f.more = []string{writeFile(f.t, dir, "api2.conf", "[api]\nbind_port = %d\nmetrics_bind_port = -1\n", port)}
	second := *f.alice[0]
	second.url = fmt.Sprintf("http://%s:%d", address, port)
	f.alice[1] = &second
	f.restartSecondAPI()
}

func (f *fleet) restartSecondAPI(more ...string) {
	f.t.Helper()
	f.other = f.startForAll("picasso-api", append(f.more, more...)...)
	require.Eventually(f.t, func() bool {
		a, err := f.alice[1].try(http.MethodGet, "/healthcheck", nil)
		return err == nil && a.Status == http.StatusOK
	}, waitLong, waitStep)
}

// startForAll starts one of our programs for all parts of the test.
func (f *fleet) startForAll(name string, files ...string) *process {
	f.t.Helper()
	return startProcess(f.whole, f.command(filepath.Join(binDir, name), f.configFiles(files)...))
}

func (f *fleet) add(at *cloudtest.NetHost, name, dir string) {
	f.t.Helper()
	keystone := strings.Replace(f.env.AuthURL, "127.0.0.1", f.env.PublicHost, 1)
	h := &computeHost{NetHost: at, name: name}
	h.conf = writeFile(f.t, dir, name+".conf", "[DEFAULT]\nhost = %s\n[keystone_authtoken]\nauth_url = %s\n[rpc]\nbind_port = 10002\n[engine]\ntags = all, number-%d\n%s",
		name, keystone, len(f.hosts)+1, f.certificate(dir, at.Address))
	f.hosts = append(f.hosts, h)
	f.t.Cleanup(func() { require.Empty(f.t, f.sandboxesOf(h), "containers of %s are left behind", name) })
	f.startHost(h)
}

// startHost starts the engine of a host.
func (f *fleet) startHost(h *computeHost, more ...string) {
	f.t.Helper()
	args := f.configFiles(append([]string{h.conf}, more...))
	h.engine = startProcess(f.whole, h.Command(filepath.Join(binDir, "picasso-engine"), args...))
}

// sandboxesOf lists what a host has in Docker.
func (f *fleet) sandboxesOf(h *computeHost) []string {
	f.t.Helper()
	return f.labelled("picasso.host=" + h.name)
}

// set changes a host as an operator does.
func (f *fleet) set(h *computeHost, options string) {
	f.t.Helper()
	require.Empty(f.t, f.operator("picasso host set "+h.name+" "+options))
}

// operator runs a command as the cloud's admin, and returns what it prints.
func (f *fleet) operator(command string) string {
	f.t.Helper()
	return f.shell(command, environ(openrc(f.whole, f.env, "admin")))
}

// shown is a host as operators see it.
func (f *fleet) shown(h *computeHost) map[string]any {
	f.t.Helper()
	return f.admin.json(http.MethodGet, "/v2/hosts/"+h.name, nil, http.StatusOK)
}

func (f *fleet) state(h *computeHost) string {
	f.t.Helper()
	return f.shown(h)["state"].(string)
}

func (f *fleet) waitForState(h *computeHost, state string) {
	f.t.Helper()
	require.Eventually(f.t, func() bool { return f.state(h) == state }, waitLong, waitStep, "%s is not %s", h.name, state)
}

// where calls a function and returns the host that it ran on.
func (f *fleet) where(c *caller, function string) *computeHost {
	f.t.Helper()
	a := c.invoke(function, "count\n")
	require.Equal(f.t, http.StatusOK, a.Status, "%s", a.Body)
	return f.byName(c.execution(a)["host"].(string))
}

func (f *fleet) byName(name string) *computeHost {
	f.t.Helper()
	i := slices.IndexFunc(f.hosts, func(h *computeHost) bool { return h.name == name })
	require.GreaterOrEqual(f.t, i, 0, "host %q", name)
	return f.hosts[i]
}

// load is calls without a pause, through both APIs.
type load struct {
	stop    chan struct{}
	callers sync.WaitGroup
	good    atomic.Int64
	mu      sync.Mutex
	failed  []*answer
}

// call lets so many callers call a function, one call after the other each, until end.
func (f *fleet) call(function, body string, callers int) *load {
	l := &load{stop: make(chan struct{})}
	for i := range callers {
		l.callers.Go(func() { l.run(f.alice[i%2], function, body) })
	}
	require.Eventually(f.t, func() bool { return l.good.Load() > int64(callers) }, waitLong, waitStep, "no load")
	return l
}

func (l *load) run(c *caller, function, body string) {
	for {
		select {
		case <-l.stop:
			return
		default:
		}
		a, err := c.try(http.MethodPost, "/v2/functions/"+function+"/invoke", strings.NewReader(body))
		switch {
		case err != nil:
			a = &answer{Body: []byte(err.Error())}
		case a.Status == http.StatusOK:
			l.good.Add(1)
			continue
		}
		l.mu.Lock()
		l.failed = append(l.failed, a)
		l.mu.Unlock()
	}
}

// more waits until n further calls went well.
func (l *load) more(t *testing.T, n int64) {
	t.Helper()
	least := l.good.Load() + n
	require.Eventually(t, func() bool { return l.good.Load() >= least }, waitLong, waitStep, "calls stand still")
}

// end stops the callers and returns the answers that were not 200.
func (l *load) end() []*answer {
	close(l.stop)
	l.callers.Wait()
	return l.failed
}

func (a *answer) String() string {
	text, _ := json.Marshal(a.Header.Get("Picasso-Execution-Id"))
	return fmt.Sprintf("%d %s %.300s", a.Status, text, a.Body)
}

// hostsOf counts on how many hosts the executions of a function ran since.
func (f *fleet) hostsOf(function string, since time.Time) map[string]int {
	f.t.Helper()
	n := map[string]int{}
	page := f.alice[0].json(http.MethodGet, "/v2/executions?limit=1000&function="+function+"&since="+stamp(since), nil, http.StatusOK)
	for _, item := range page["executions"].([]any) {
		n[item.(map[string]any)["host"].(string)]++
	}
	return n
}

// stamp is a time as queries have it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }
