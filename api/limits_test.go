package api_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/apitest"
	"github.com/picasso-faas/picasso/db/dbtest"
)

// TestProjectConcurrency: two API processes on one MariaDB hold a project to its limit
// together, and no other project.
func TestProjectConcurrency(t *testing.T) {
	const limit = 4
	store := dbtest.MariaDB(t)
	begun, goOn := make(chan struct{}, 100), make(chan struct{})
	engine := &apitest.Engine{OnInvoke: func(_ context.Context, _ *picasso.Call, _ http.ResponseWriter) picasso.Outcome {
		begun <- struct{}{}
		<-goOn
		return apitest.Succeeded(http.StatusOK)
	}}
	var servers []*apitest.Server
	for range 2 {
		cfg := configOn(t, store, engine)
		cfg.ProjectConcurrency, cfg.Usage = limit, store
		servers = append(servers, apitest.Start(t, cfg))
	}
	as := func(server int, project, method, path, body string) apitest.Answer {
		return servers[server].Do(method, path, body, "X-Auth-Token", "t", "X-Project-Id", project, "X-Roles", "member,reader")
	}
	for _, project := range []string{"alpha", "beta"} {
		require.Equal(t, 201, as(0, project, "POST", "/v2/functions", `{"name":"f","image":"i"}`).StatusCode)
	}
	statuses := make(chan int, 100)
	begin := func(server int, project string) {
		go func() {
			status := http.StatusTooManyRequests
			for status == http.StatusTooManyRequests { // until the servers know of each other
				status = as(server, project, "POST", "/v2/functions/f/invoke", "").StatusCode
			}
			statuses <- status
		}()
		<-begun
	}
	running := func(server int, want float64) {
		t.Helper()
		require.Eventually(t, func() bool { return as(server, "alpha", "GET", "/v2/limits", "").JSON(t)["calls_running"] == want }, 20*time.Second, 50*time.Millisecond)
	}
	for _, server := range []int{0, 0, 1, 1} {
		begin(server, "alpha")
	}
	running(0, limit)
	running(1, limit)
	for server := range servers {
		refused := as(server, "alpha", "POST", "/v2/functions/f/invoke", "")
		assert.Equal(t, "rate_limited", errorCode(t, refused))
		assert.Equal(t, "1", refused.Header.Get("Retry-After"))
	}
	begin(0, "beta")
	close(goOn)
	for range limit + 1 {
		assert.Equal(t, 200, <-statuses)
	}
	running(0, 0)
	assert.Equal(t, 200, as(0, "alpha", "POST", "/v2/functions/f/invoke", "").StatusCode)
}

func TestLimitsWithoutAny(t *testing.T) {
	k := setup(t)
	limits := k.as("alpha", "reader", "GET", "/v2/limits", "").JSON(t)
	assert.Equal(t, map[string]any{"project_id": "alpha", "max_request_bytes": 6291456.0, "max_page_size": 1000.0, "project_concurrency": 0.0, "calls_running": nil, "max_queued": 0.0, "queued": nil}, limits)
	assert.Equal(t, 403, k.as("alpha", "stranger", "GET", "/v2/limits", "").StatusCode)
	assert.Equal(t, 401, k.Do("GET", "/v2/limits", "").StatusCode)
}
