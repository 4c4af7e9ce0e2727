package e2e

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/keystone/keystonetest"
)

// TestHosts is life with several compute hosts: each part of it leaves three hosts
// that are up, and at the end none has left anything in Docker.
func TestHosts(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 3, 8)
	for _, name := range []string{"short", "long"} {
		f.ids[name] = f.alice[0].create(testfn(t, name, nil))
	}
	for _, part := range []struct {
		name string
		test func(*testing.T, *fleet)
	}{
		{"registration", registration}, {"affinity", affinity}, {"spill", spill}, {"limit over all hosts", limitOverAll},
		{"tags", hostTags}, {"dedicated host", dedicatedHost}, {"drain", drainUnderLoad}, {"stop", stopUnderLoad}, {"kill", killUnderLoad},
		{"network cut", networkCut}, {"slow host", slowHost}, {"hung engine", hungEngine}, {"rolling restart", rollingRestart},
	} {
		if !t.Run(part.name, func(t *testing.T) { part.test(t, f.in(t)) }) {
			return // what follows stands on it
		}
	}
}

// in is the fleet for a part of the test.
func (f *fleet) in(t *testing.T) *fleet {
	part, stack := *f, *f.stack
	part.t, stack.t, part.stack = t, t, &stack
	part.admin = f.admin.in(t)
	part.alice = [2]*caller{f.alice[0].in(t), f.alice[1].in(t)}
	return &part
}

func registration(t *testing.T, f *fleet) {
	hosts := f.admin.json(http.MethodGet, "/v2/hosts", nil, http.StatusOK)["hosts"].([]any)
	require.Len(t, hosts, 3)
	for i, item := range hosts {
		host := item.(map[string]any)
		require.Equal(t, f.hosts[i].name, host["name"])
		require.Equal(t, "up", host["state"])
		require.EqualValues(t, 8*128, host["memory_mb"])
		require.Equal(t, []any{"all", "number-" + strconv.Itoa(i+1)}, host["tags"])
		require.NotContains(t, host, "key")
	}
	listed := f.operator("picasso host list -f value -c Name -c State -c 'Memory MB'")
	require.Equal(t, fmt.Sprintf("%s up 1024\n%s up 1024\n%s up 1024\n", f.hosts[0].name, f.hosts[1].name, f.hosts[2].name), listed)
	wantProblem(t, f.alice[0].do(http.MethodGet, "/v2/hosts", nil), http.StatusForbidden, "forbidden")
	wantProblem(t, f.alice[0].do(http.MethodPut, "/v2/hosts/"+f.hosts[0].name, strings.NewReader("{}"), asJSON), http.StatusForbidden, "forbidden")
}

func affinity(t *testing.T, f *fleet) {
	first := f.where(f.alice[0], "short")
	for i := range 10 {
		require.Equal(t, first.name, f.where(f.alice[i%2], "short").name)
	}
	require.Len(t, f.sandboxesOfFunction(f.ids["short"]), 1)
	require.Eventually(t, func() bool {
		return len(f.shown(first)["functions"].([]any)) == 1
	}, waitLong, waitStep, "it does not say what is warm there")
}

// spill: a function gets as many hosts as its calls need, and goes back to one.
func spill(t *testing.T, f *fleet) {
	home := f.where(f.alice[0], "long")
	began := time.Now()
	load := f.call("long", "sleep 400\n", 20)
	load.more(t, 60)
	require.Empty(t, load.end())
	require.Eventually(t, func() bool { return len(f.hostsOf("long", began)) == 3 }, waitLong, waitStep, "%v", f.hostsOf("long", began))
	for i := range 4 {
		require.Equal(t, home.name, f.where(f.alice[i%2], "long").name)
	}
}

// limitOverAll: max_sandboxes holds, whichever API the calls come through.
func limitOverAll(t *testing.T, f *fleet) {
	id := f.alice[0].create(testfn(t, "limited", map[string]any{"max_sandboxes": 2}))
	load := f.call("limited", "sleep 200\n", 12)
	most := 0
	for range 20 {
		load.more(t, 1)
		most = max(most, len(f.sandboxesOfFunction(id)))
	}
	require.Empty(t, load.end())
	require.Equal(t, 2, most)
	f.alice[0].json(http.MethodDelete, "/v2/functions/limited", nil, http.StatusNoContent)
}

func hostTags(t *testing.T, f *fleet) {
	f.alice[0].create(testfn(t, "tagged", map[string]any{"host_tags": []string{"number-3"}}))
	for i := range 3 {
		require.Equal(t, f.hosts[2].name, f.where(f.alice[i%2], "tagged").name)
	}
	f.alice[0].create(testfn(t, "nowhere", map[string]any{"host_tags": []string{"all", "moon"}}))
	wantProblem(t, f.alice[0].invoke("nowhere", "count\n"), http.StatusServiceUnavailable, "unavailable", "moon")
}

// dedicatedHost: a host that is a project's own serves that project alone, and it no other host.
func dedicatedHost(t *testing.T, f *fleet) {
	bob := f.withToken(keystonetest.Token(t, "beta")).in(t)
	id := bob.create(testfn(t, "own", nil))
	project := bob.json(http.MethodGet, "/v2/functions/"+id, nil, http.StatusOK)["project_id"].(string)
	own := f.hosts[0]
	own.engine.stop(syscall.SIGTERM)
	f.startHost(own, writeFile(t, t.TempDir(), "dedicated.conf", "[engine]\nprojects = %s\n", project))
	f.waitForState(own, "up")
	require.Eventually(t, func() bool {
		a := bob.invoke("own", "count\n")
		return a.Status == http.StatusOK && bob.execution(a)["host"] == own.name
	}, waitLong, waitStep, "the project is not served by its host")

	began := time.Now()
	load := f.call("long", "sleep 100\n", 20)
	load.more(t, 40)
	require.Empty(t, load.end())
	require.Eventually(t, func() bool { return len(f.hostsOf("long", began)) == 2 }, waitLong, waitStep, "%v", f.hostsOf("long", began))
	require.NotContains(t, f.hostsOf("long", began), own.name)

	own.engine.stop(syscall.SIGTERM)
	wantProblem(t, bob.invoke("own", "count\n"), http.StatusServiceUnavailable, "unavailable")
	f.startHost(own)
	f.waitForState(own, "up")
	require.Eventually(t, func() bool { return bob.invoke("own", "count\n").Status == http.StatusOK }, waitLong, waitStep)
}

// drainUnderLoad: an operator takes the host away that the calls go to, and gives it back.
func drainUnderLoad(t *testing.T, f *fleet) {
	home := f.where(f.alice[0], "short")
	load := f.call("short", "sleep 30\n", 6)
	f.set(home, "--disable --reason 'a fan is broken'")
	f.waitForState(home, "draining")
	f.eventuallyRuns(home, 0)
	load.more(t, 50)
	require.Equal(t, "draining\na fan is broken\n", f.operator("picasso host show "+home.name+" -f value -c state -c disabled_reason"))
	require.NotEqual(t, home.name, f.where(f.alice[0], "short").name)
	f.set(home, "--enable")
	require.Eventually(t, func() bool { return f.where(f.alice[1], "short") == home }, waitLong, waitStep, "calls do not come back")
	require.Empty(t, load.end())
}

// stopUnderLoad: SIGTERM on an engine loses no call, also none that lasts for longer than it
// takes to give up a host.
func stopUnderLoad(t *testing.T, f *fleet) {
	f.allRun(0) // what hosts say is a heartbeat old
	lasting := make(chan *answer, 1)
	go func() {
		a, _ := f.alice[1].try(http.MethodPost, "/v2/functions/short/invoke", strings.NewReader("sleep 8000\n"))
		lasting <- a
	}()
	home := f.allRun(1)
	load := f.call("short", "sleep 30\n", 6)
	home.engine.stop(syscall.SIGTERM)
	require.Equal(t, http.StatusOK, (<-lasting).Status)
	require.Zero(t, home.engine.cmd.ProcessState.ExitCode())
	require.Equal(t, "down", f.state(home))
	require.Empty(t, f.sandboxesOf(home))
	load.more(t, 50)
	f.startHost(home)
	f.waitForState(home, "up")
	load.more(t, 50)
	require.Empty(t, load.end())
}

// killUnderLoad: of the calls that a killed engine had, each gets a clear error, and
// asynchronous executions run again elsewhere.
func killUnderLoad(t *testing.T, f *fleet) {
	home := f.where(f.alice[0], "short")
	const queued = 40
	began := time.Now()
	for n := range queued {
		f.alice[n%2].queue("short", "sleep 200\n", fmt.Sprintf("kill-%d", n))
	}
	until := time.Now()
	load := f.call("short", "sleep 30\n", 6)
	kill(home.engine)
	load.more(t, 50)
	f.startHost(home)
	f.waitForState(home, "up")
	load.more(t, 50)
	failed := load.end()
	t.Logf("%d synchronous calls failed of %d", len(failed), load.good.Load())
	require.LessOrEqual(t, len(failed), 6, "no caller more than once")
	for _, a := range failed {
		require.Equal(t, http.StatusBadGateway, a.Status, "%v", a)
		code, _, detail := a.problem(t)
		require.Equal(t, "host_lost", code)
		require.Contains(t, detail, a.Header.Get("Picasso-Execution-Id"))
	}
	require.Equal(t, queued, f.succeeded("short", began, until), "asynchronous executions")
}

// succeeded waits until no asynchronous execution of a function, made in that time, waits
// or runs, and counts those that succeeded.
func (f *fleet) succeeded(function string, since, until time.Time) (n int) {
	f.t.Helper()
	path := fmt.Sprintf("/v2/executions?limit=1000&function=%s&since=%s&until=%s", function, stamp(since), stamp(until))
	require.Eventually(f.t, func() bool {
		n = 0
		page := f.alice[0].json(http.MethodGet, path, nil, http.StatusOK)
		for _, item := range page["executions"].([]any) {
			e := item.(map[string]any)
			switch {
			case !e["async"].(bool):
			case e["status"] == "succeeded":
				n++
			case e["status"] == "queued" || e["status"] == "running":
				return false
			}
		}
		return true
	}, waitLong, 100*time.Millisecond)
	return n
}

// networkCut: packets to and from a host vanish. The calls there, and those sent there
// before that is known, end with a clear error in time, others go elsewhere, and what the
// host does when it is back is of no consequence for what was run again meanwhile.
func networkCut(t *testing.T, f *fleet) {
	f.allRun(0) // what hosts say is a heartbeat old
	began := time.Now()
	inFlight := make(chan *answer, 1)
	go func() {
		a, _ := f.alice[1].try(http.MethodPost, "/v2/functions/long/invoke", strings.NewReader("sleep 12000\n"))
		inFlight <- a
	}()
	home := f.allRun(1)
	f.alice[0].queue("long", "sleep 8000\n", "cut") // most often at the same host
	queued := time.Now()
	f.allRun(2)
	home.Cut(t)
	load := f.call("long", "sleep 20\n", 4)
	wantProblem(t, <-inFlight, http.StatusBadGateway, "host_lost")
	f.waitForState(home, "down")
	for _, a := range load.end() {
		wantProblem(t, a, http.StatusBadGateway, "host_lost")
	}
	load = f.call("long", "sleep 20\n", 4)
	load.more(t, 20)
	home.Heal(t)
	f.waitForState(home, "up")
	load.more(t, 20)
	require.Empty(t, load.end(), "calls that came after the host was given up")
	require.Equal(t, 1, f.succeeded("long", began, queued))
}

// eventuallyRuns waits until a host says that so many calls are in its sandboxes.
func (f *fleet) eventuallyRuns(h *computeHost, n float64) {
	f.t.Helper()
	require.Eventually(f.t, func() bool { return f.running(h) == n }, waitLong, waitStep, "%v calls on %s", n, h.name)
}

func (f *fleet) running(h *computeHost) float64 {
	return f.shown(h)["calls_running"].(float64)
}

// allRun waits until so many calls are in sandboxes of all hosts, and returns a host that has one.
func (f *fleet) allRun(n float64) (on *computeHost) {
	f.t.Helper()
	require.Eventually(f.t, func() bool {
		all := 0.0
		for _, h := range f.hosts {
			runs := f.running(h)
			if all += runs; runs > 0 {
				on = h
			}
		}
		return all == n
	}, waitLong, waitStep, "%v calls", n)
	return on
}

// slowHost: an engine that answers late keeps few of the calls, and none fails.
func slowHost(t *testing.T, f *fleet) {
	home := f.where(f.alice[0], "short")
	began := time.Now()
	quick := home.engine.slow(t)
	load := f.call("short", "sleep 20\n", 12)
	load.more(t, 200)
	require.Empty(t, load.end())
	quick()
	ran, all := f.hostsOf("short", began), 0
	for _, n := range ran {
		all += n
	}
	require.Less(t, ran[home.name], all/2, "%v", ran)
}

// hungEngine: an engine that stands still, with its connections open.
func hungEngine(t *testing.T, f *fleet) {
	home := f.where(f.alice[0], "short")
	require.NoError(t, home.engine.cmd.Process.Signal(syscall.SIGSTOP))
	load := f.call("short", "sleep 20\n", 6)
	f.waitForState(home, "down")
	load.more(t, 50)
	require.NoError(t, home.engine.cmd.Process.Signal(syscall.SIGCONT))
	f.waitForState(home, "up")
	load.more(t, 20)
	for _, a := range load.end() {
		wantProblem(t, a, http.StatusBadGateway, "host_lost")
	}
}

// rollingRestart takes the processes from one version of the protocol to the other,
// one after the other, while calls go on and executions are queued.
func rollingRestart(t *testing.T, f *fleet) {
	old := []string{writeFile(t, t.TempDir(), "old.conf", "[rpc]\nmax_protocol = 1\n")}
	load := f.call("short", "sleep 20\n", 6)
	began, queued := time.Now(), 0
	for _, version := range [][]string{old, nil} {
		for _, h := range f.hosts {
			h.engine.stop(syscall.SIGTERM)
			f.startHost(h, version...)
			f.waitForState(h, "up")
			load.more(t, 10)
		}
		for i := range f.triggers {
			for range 10 {
				f.alice[0].queue("long", "sleep 50\n", fmt.Sprintf("rolling-%d", queued))
				queued++
			}
			f.triggers[i].stop(syscall.SIGTERM)
			f.triggers[i] = f.startForAll("picasso-trigger", version...)
		}
		// behind a proxy, an API is taken out before it is stopped; here its callers wait
		f.other.stop(syscall.SIGTERM)
		f.restartSecondAPI(version...)
		load.more(t, 10)
		f.api.stop(syscall.SIGTERM)
		f.stack.api = f.startForAll("picasso-api", version...)
		f.waitHealthy()
		load.more(t, 10)
	}
	for _, a := range load.end() {
		require.Zero(t, a.Status, "%v", a) // no connection to the API that was restarted
	}
	require.Equal(t, queued, f.succeeded("long", began, time.Now()), "asynchronous executions")
}

// sandboxesOfFunction lists what all hosts have of a function.
func (f *fleet) sandboxesOfFunction(id string) []string {
	f.t.Helper()
	return f.labelled("picasso.function=" + id)
}
