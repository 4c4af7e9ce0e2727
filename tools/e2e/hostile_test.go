package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	waitLong = 2 * time.Minute // a busy machine takes long for eight uploads in a row
	waitStep = 50 * time.Millisecond
)

// TestHostileFunctionsHarmNobody calls everything a function can do to us, and
// after each of them a neighbour and the function itself again.
func TestHostileFunctionsHarmNobody(t *testing.T) {
	hostile := []string{
		"crash 3", "crash-unread 3", "crash-half 100000", "exit 0", "signal 9", "panic",
		"chunked 7000000", "header 100000", "headers 2000", "endless-header",
		"log 20000", "line 3000000", "log-later 10 5",
		"garbage", "nothing", "half-header", "short", "long", "two-lengths", "minus-length", "bad-chunk", "cut-chunk", "smuggle",
		"until-close", "interim", "bare-newlines", "early",
		"fdk-status 404", "fdk-status 502", "relink /var/run/docker.sock", "unlink",
		"fork 1000", "open 100000", "connect 1000", "disk 200", "iofs 100", "root 10", "shm 200", "inodes 100000", "memory 512",
		"mount", "setuid 0", "mknod", "ptrace",
	}
	s := newStack(t, options{})
	c := s.project("alpha")
	more := map[string]any{"timeout_s": 5, "memory_mb": 64}
	for _, contract := range []string{"fn", "web"} {
		more["contract"] = contract
		c.create(testfn(t, "victim-"+contract, more))
		c.create(testfn(t, "hostile-"+contract, more))
		require.Equal(t, http.StatusOK, c.invoke("victim-"+contract, "count\n").Status)
	}
	settle := func() (goroutines, files float64) { return s.gauge("go_goroutines"), s.gauge("process_open_fds") }
	beforeGoroutines, beforeFiles := settle()
	for _, what := range hostile {
		for _, contract := range []string{"fn", "web"} {
			t.Run(contract+" "+what, func(t *testing.T) {
				_, err := c.try(http.MethodPost, "/v2/functions/hostile-"+contract+"/invoke", strings.NewReader(what+"\n"))
				if err != nil { // an answer that breaks off is all a caller can see
					require.NotContains(t, err.Error(), "refused")
				}
				a := c.invoke("victim-"+contract, "echo\nstill here")
				require.Equal(t, "still here", string(a.Body), "%d", a.Status)
				// What it has broken in its own sandbox (no process, no socket left) may fail its next call; then a new one serves.
				require.Eventually(t, func() bool {
					a = c.invoke("hostile-"+contract, "echo\nback again")
					return string(a.Body) == "back again"
				}, waitLong, waitStep)
			})
		}
	}
	for _, contract := range []string{"fn", "web"} {
		count := c.invoke("victim-"+contract, "count\n")
		_, n, _ := strings.Cut(string(count.Body), " ")
		require.Equal(t, "2", n, "the neighbour's sandbox was never restarted")
	}
	require.Eventually(t, func() bool {
		goroutines, files := settle()
		return goroutines <= beforeGoroutines+20 && files <= beforeFiles+20
	}, waitLong, time.Second, "goroutines or descriptors grow")
}

func TestSandboxIsClosed(t *testing.T) {
	s := newStack(t, options{})
	c := s.project("alpha")
	c.create(testfn(t, "probe", map[string]any{"config": map[string]string{"MINE": "1"}}))
	c.create(testfn(t, "alone", map[string]any{"network": "none"}))
	do := func(fn, what string) string {
		a := c.invoke(fn, what+"\n")
		require.Equal(t, http.StatusOK, a.Status, "%s", a.Body)
		return string(a.Body)
	}
	status := do("probe", "cat /proc/self/status")
	require.Contains(t, status, "CapEff:\t0000000000000000")
	require.Contains(t, status, "CapBnd:\t0000000000000000")
	require.Contains(t, status, "NoNewPrivs:\t1")
	require.Contains(t, status, "Uid:\t1000\t1000")
	env := do("probe", "env")
	require.Contains(t, env, "MINE=1\n")
	require.Contains(t, env, "FN_FORMAT=http-stream\n")
	for line := range strings.SplitSeq(strings.ToUpper(env), "\n") {
		name, _, _ := strings.Cut(line, "=")
		require.NotContains(t, name, "TOKEN")
		require.NotContains(t, name, "HEADER_")
	}
	for _, target := range []string{"169.254.169.254:80", "169.254.169.254:443"} {
		require.Contains(t, do("probe", "dial "+target), "permission denied", "refused by us, not merely absent: %s", target)
	}
	require.Contains(t, do("alone", "dial 203.0.113.1:80"), "network is unreachable")
}
