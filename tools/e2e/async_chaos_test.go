package e2e

import (
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
)

// asyncCount is how many executions TestAsyncChaos queues.
func asyncCount() int {
	if os.Getenv("PICASSO_SOAK") != "" {
		return 10_000
	}
	return 1_000
}

// TestAsyncChaos queues executions while two picasso-trigger, the engine,
// MariaDB and Docker are killed and started again at random. Every execution
// succeeds, none is lost or stuck; a function runs more than once only where a
// kill explains it, and never after its execution was reported finished.
func TestAsyncChaos(t *testing.T) {
	t.Parallel()
	env := cloudtest.Need(t, "docker", "mariadb")
	docker, maria := cloudtest.PrivateDocker(t), cloudtest.PrivateMariaDB(t)
	witness := newWitness(t)
	env.DBDSN = maria.DBDSN
	s := newStack(t, options{
		split: true, triggers: 2, connection: newDatabase(t, env, nil),
		docker: map[string]string{"docker_host": docker.DockerHost},
		queue:  map[string]string{"lease": "6", "workers": "16"},
	})
	loadImage(t, docker.DockerHost, testfn(t, "x", nil)["image"].(string))
	c := s.project("alpha")
	c.create(testfn(t, "told", map[string]any{
		"timeout_s": 10, "retry": map[string]any{"max_attempts": 25, "max_delay_s": 2},
	}))

	count, length := asyncCount(), chaosTime(t)
	var queueing sync.WaitGroup
	queueing.Go(func() {
		began := time.Now()
		for n := range count {
			c.queue("told", "get "+witness.url+"/?n="+strconv.Itoa(n)+"\n", strconv.Itoa(n))
			pace(t, began.Add(length*time.Duration(n)/time.Duration(count)))
		}
	})
	kills := s.killParts(length, docker, maria)
	queueing.Wait()
	c.awaitQueue(count, 4*time.Minute)

	finished := c.finishedAt(t)
	require.Len(t, finished, count)
	twice := 0
	for n := range count {
		runs := witness.seen(strconv.Itoa(n))
		require.NotEmpty(t, runs, "execution %d succeeded without having run", n)
		require.False(t, runs[len(runs)-1].After(finished[strconv.Itoa(n)]), "execution %d ran after it was reported finished", n)
		for i := range len(runs) - 1 {
			require.True(t, kills.explain(runs[i], runs[i+1]), "execution %d ran at %v and again at %v while nothing was away: %v", n, runs[i], runs[i+1], kills)
		}
		if len(runs) > 1 {
			twice++
		}
	}
	t.Logf("%d executions, %d kills, none lost; %d ran more than once, each explained by a kill", count, len(kills), twice)
}

// pace waits until a moment.
func pace(t *testing.T, until time.Time) {
	if time.Now().Before(until) {
		<-time.After(time.Until(until))
	}
}

// queue submits an execution until it is accepted. The key makes that happen once.
func (c *caller) queue(function, body, key string) {
	for deadline := time.Now().Add(2 * time.Minute); ; {
		a, err := c.try(http.MethodPost, "/v2/functions/"+function+"/invoke", strings.NewReader(body), func(r *http.Request) {
			r.Header.Set("Prefer", "respond-async")
			r.Header.Set("Idempotency-Key", key)
		})
		if err == nil && a.Status == http.StatusAccepted {
			return
		}
		if time.Now().After(deadline) {
			c.t.Errorf("execution %s is not accepted: %v %v", key, err, a)
			return
		}
		<-time.After(100 * time.Millisecond)
	}
}

// awaitQueue waits until all of the count executions have succeeded. That nothing is queued and
// nothing runs would not tell: what ran can be queued again between the two questions.
func (c *caller) awaitQueue(count int, within time.Duration) {
	c.t.Helper()
	open := func(e map[string]any) bool { return e["finished_at"] == nil }
	require.Eventually(c.t, func() bool {
		for _, status := range []string{"queued", "running"} {
			a, err := c.try(http.MethodGet, "/v2/executions?limit=1&status="+status, nil)
			if err != nil || a.Status != http.StatusOK || !strings.Contains(string(a.Body), `"executions":[]`) {
				return false
			}
		}
		all := c.all("")
		return len(all) == count && !slices.ContainsFunc(all, open)
	}, within, 200*time.Millisecond, "executions are stuck")
	for _, status := range []string{"failed", "timed_out", "cancelled", "lost"} {
		out := c.json(http.MethodGet, "/v2/executions?limit=5&status="+status, nil, http.StatusOK)
		require.Empty(c.t, out["executions"], status)
	}
}

// finishedAt reads when every execution ended, by the key it was queued with.
func (c *caller) finishedAt(t *testing.T) map[string]time.Time {
	t.Helper()
	at := map[string]time.Time{}
	for _, e := range c.all("") {
		ended, err := time.Parse(time.RFC3339Nano, e["finished_at"].(string))
		require.NoError(t, err)
		result := c.do(http.MethodGet, "/v2/executions/"+e["id"].(string)+"/result", nil)
		require.Equal(t, http.StatusOK, result.Status)
		at[strings.TrimPrefix(string(result.Body), "seen ")] = ended
	}
	return at
}

// witness is told by functions that they run.
type witness struct {
	url  string
	mu   sync.Mutex
	runs map[string][]time.Time
}

// newWitness listens on an address of the host that sandboxes reach.
func newWitness(t *testing.T) *witness {
	t.Helper()
	w := &witness{runs: map[string][]time.Time{}}
	listener, err := net.Listen("tcp", net.JoinHostPort(outsideAddress(t), "0"))
	require.NoError(t, err)
	server := httptest.NewUnstartedServer(w)
	require.NoError(t, server.Listener.Close())
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

// outsideAddress is an address of the host beside loopback.
func outsideAddress(t *testing.T) string {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	require.NoError(t, err)
	for _, address := range addresses {
		if ip, _, err := net.ParseCIDR(address.String()); err == nil && ip.IsGlobalUnicast() && ip.To4() != nil {
			return ip.String()
		}
	}
	require.Fail(t, "no address besides loopback", "%v", addresses)
	return ""
}

// ServeHTTP implements http.Handler.
func (w *witness) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	n := r.URL.Query().Get("n")
	w.mu.Lock()
	w.runs[n] = append(w.runs[n], time.Now())
	w.mu.Unlock()
	_, _ = io.WriteString(rw, "seen "+n)
}

// seen returns when the function ran for n, in order.
func (w *witness) seen(n string) []time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.runs[n]
}

// killing is a part being away: from when it was killed until it was up again.
type killing struct{ from, until time.Time }

type killings []killing

// explain reports whether a part was away at some time in between. What it had sent before may
// come to its function, at from, a moment after the next one was started: tens of milliseconds were seen.
func (k killings) explain(from, to time.Time) bool {
	const moment = 500 * time.Millisecond
	return slices.ContainsFunc(k, func(one killing) bool { return one.from.Before(to) && one.until.Add(moment).After(from) })
}

// killParts kills one part after the other, in random order, and starts it again.
func (s *stack) killParts(length time.Duration, docker, maria *cloudtest.Private) (k killings) {
	s.t.Helper()
	parts := []func(){
		func() { kill(s.triggers[0]); s.startTrigger(0) },
		func() { kill(s.triggers[1]); s.startTrigger(1) },
		func() { kill(s.engine); s.startEngine() },
		func() { maria.Kill(s.t); maria.Start(s.t) },
		func() { docker.Kill(s.t); docker.Start(s.t) },
	}
	for end := time.Now().Add(length); time.Now().Before(end); {
		for _, i := range rand.Perm(len(parts)) {
			<-time.After(500*time.Millisecond + rand.N(2*time.Second))
			began := time.Now()
			parts[i]()
			k = append(k, killing{began, time.Now()})
		}
	}
	return k
}
