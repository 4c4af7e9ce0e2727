package e2e

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// chaosTime is how long TestChaos goes on: PICASSO_SOAK as a duration, which
// "make soak" sets; otherwise long enough for each process to be killed a few times.
func chaosTime(t *testing.T) time.Duration {
	text := os.Getenv("PICASSO_SOAK")
	if text == "" {
		return 20 * time.Second
	}
	d, err := time.ParseDuration(text)
	require.NoError(t, err, "PICASSO_SOAK")
	return d
}

// TestChaos calls functions of two projects without a pause while API and
// engine are killed and started again at random. An answer is either right or
// a clear error; when the killing stops everything works, and nothing is left.
func TestChaos(t *testing.T) {
	t.Parallel()
	s := newStack(t, options{split: true, engine: map[string]string{"memory_mb": "2048"}})
	alpha, beta := s.project("alpha"), s.project("beta")
	for _, c := range []*caller{alpha, beta} {
		c.create(testfn(t, "echo", map[string]any{"command": []string{"echo"}}))
		c.create(testfn(t, "web", map[string]any{"command": []string{"echo"}, "contract": "web", "concurrency": 4}))
		c.create(testfn(t, "fragile", map[string]any{"timeout_s": 1}))
	}
	var tally tally
	stop := make(chan struct{})
	var callers sync.WaitGroup
	for i := range 8 {
		c := alpha
		if i%2 == 1 {
			c = beta
		}
		callers.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
					tally.call(c, fmt.Sprintf("%s %d %d", c.header.Get("X-Project-Id"), i, n))
				}
			}
		})
	}
	s.killAtRandom(chaosTime(t))
	close(stop)
	callers.Wait()
	t.Logf("right %d, clear errors %d, connections cut %d", tally.right.Load(), tally.refused.Load(), tally.cut.Load())
	require.Empty(t, tally.wrong())
	require.Positive(t, tally.right.Load())
	for _, c := range []*caller{alpha, beta} {
		for _, function := range []string{"echo", "web"} {
			require.Eventually(t, func() bool { return string(c.invoke(function, "after").Body) == "after" }, waitLong, waitStep)
		}
	}
}

// killAtRandom kills API or engine every few seconds and starts it again.
func (s *stack) killAtRandom(d time.Duration) {
	s.t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); {
		before := time.Now().Add(2*time.Second + rand.N(3*time.Second))
		require.Eventually(s.t, func() bool { return time.Now().After(before) }, time.Minute, waitStep)
		if rand.IntN(2) == 0 {
			kill(s.engine)
			s.startEngine()
		} else {
			kill(s.api)
			s.startAPI("picasso-api")
		}
	}
}

// tally counts what became of calls.
type tally struct {
	right, refused, cut atomic.Int64
	mu                  sync.Mutex
	complaints          []string
}

func (y *tally) wrong() []string {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.complaints
}

// call makes one call: mostly an echo, now and then something that ends its sandbox.
func (y *tally) call(c *caller, word string) {
	function, body := []string{"echo", "web"}[rand.IntN(2)], word
	if rand.IntN(50) == 0 {
		function, body = "fragile", []string{"crash 1\n", "sleep 3000\n", "garbage\n"}[rand.IntN(3)]
	}
	a, err := c.try(http.MethodPost, "/v2/functions/"+function+"/invoke", strings.NewReader(body))
	switch {
	case err != nil:
		y.cut.Add(1)
	case a.Status == http.StatusOK && string(a.Body) == word:
		y.right.Add(1)
	case a.Status >= http.StatusBadGateway && a.Status <= http.StatusGatewayTimeout && strings.Contains(string(a.Body), `"code":"functions.`):
		y.refused.Add(1)
	default:
		y.mu.Lock()
		defer y.mu.Unlock()
		y.complaints = append(y.complaints, fmt.Sprintf("%s %q: %d %.200q", function, body, a.Status, a.Body))
	}
}
