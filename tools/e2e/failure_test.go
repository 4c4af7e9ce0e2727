package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/tools/functions/functest"
)

func TestErrorsTellApart(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		spec   map[string]any
		body   string
		status int
		code   string
		texts  []string
	}{
		{"cannot start: no such command", map[string]any{"entrypoint": []string{"/nothing"}}, "", 502, "sandbox_failed", []string{"/nothing"}},
		{"ends before it is ready", map[string]any{"command": []string{"crash-start", "7"}}, "", 502, "sandbox_failed", []string{"7"}},
		{"not ready in time", map[string]any{"command": []string{"never-ready"}}, "", 504, "not_ready", nil},
		{"dies during the call", map[string]any{"command": []string{"crash", "9"}}, "", 502, "function_died", []string{"9", "crash"}},
		{"killed for memory", map[string]any{"memory_mb": 32}, "memory 512\n", 502, "function_died", []string{"memory"}},
		{"runs too long", map[string]any{"timeout_s": 1}, "sleep 20000\n", 504, "timed_out", []string{"1"}},
		{"answers garbage", map[string]any{"command": []string{"garbage"}}, "", 502, "function_failed", nil},
		{"answers too much", nil, "big 7000000\n", 502, "response_too_large", nil},
		{"web: ends before it is ready", map[string]any{"contract": "web", "command": []string{"crash-start", "7"}}, "", 502, "sandbox_failed", []string{"7"}},
		{"web: dies during the call", map[string]any{"contract": "web", "command": []string{"crash", "9"}}, "", 502, "function_died", []string{"9"}},
		{"stdio: exit status", map[string]any{"contract": "stdio", "command": []string{"crash", "4"}}, "", 502, "function_failed", []string{"4"}},
		{"stdio: runs too long", map[string]any{"contract": "stdio", "command": []string{"sleep", "20000"}, "timeout_s": 1}, "", 504, "timed_out", nil},
	}
	c := newStack(t, options{split: true}).project("alpha")
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := c.in(t)
			id := c.create(testfn(t, "f"+string(rune('a'+i)), tt.spec))
			a := c.invoke(id, tt.body)
			wantProblem(t, a, tt.status, tt.code, tt.texts...)
			record := c.execution(a)
			require.NotEqual(t, "succeeded", record["status"])
			require.NotEmpty(t, record["reason"])
			c.json(http.MethodDelete, "/v2/functions/"+id, nil, http.StatusNoContent)
		})
	}
}

func TestImageNotFoundStoresNothing(t *testing.T) {
	s := newStack(t, options{docker: map[string]string{"pull_policy": "never"}})
	c := s.project("alpha")
	for image, detail := range map[string]string{
		"picasso-test/none:latest": "picasso-test/none", "Not A Reference": "Not A Reference",
		functest.Image(t, "volume"): "olume",
	} {
		a := c.do(http.MethodPost, "/v2/functions", strings.NewReader(`{"name":"x","image":"`+image+`"}`))
		wantProblem(t, a, http.StatusBadRequest, "image_unavailable", detail)
	}
	require.Empty(t, c.json(http.MethodGet, "/v2/functions", nil, http.StatusOK)["functions"])
}

func TestFullHostAndFullQueue(t *testing.T) {
	t.Parallel()
	s := newStack(t, options{split: true})
	c := s.project("alpha")
	c.create(testfn(t, "big", map[string]any{"memory_mb": 60000}))
	a := c.invoke("big", "count\n")
	wantProblem(t, a, http.StatusServiceUnavailable, "busy")
	require.NotEmpty(t, a.Header.Get("Retry-After"))

	c.create(testfn(t, "one", map[string]any{"max_sandboxes": 1, "queue_timeout_s": 1}))
	// its sandbox may take longer to start than a call may wait
	require.Eventually(t, func() bool { return c.invoke("one", "count\n").Status == http.StatusOK }, waitLong, waitStep)
	started := s.inFlight(c, "one", "sleep 15000\n")
	wantProblem(t, c.invoke("one", "count\n"), http.StatusGatewayTimeout, "wait_timed_out")
	require.Equal(t, "slept 15000", string((<-started).Body))
}
