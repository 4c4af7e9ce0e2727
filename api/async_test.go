package api_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/api"
)

func TestAsynchronousCall(t *testing.T) {
	k := setup(t)
	id := k.function(`{"name":"f","image":"i","retry":{"max_attempts":7}}`)
	body := "\x00\xff bytes \r\n"
	a := k.member(202, "POST", "/v2/functions/f/invoke", body, "Prefer", "wait=10, respond-async", "Content-Type", "application/x-thing",
		"X-Mine", "1", "Authorization", "Basic x", "Cookie", "c=1", "X-Service-Token", "s", "Connection", "X-Hop", "X-Hop", "1")
	e := a.JSON(t)
	assert.Equal(t, "respond-async", a.Header.Get("Preference-Applied"))
	assert.Equal(t, k.URL+"/v2/executions/"+e["id"].(string), a.Header.Get("Location"))
	assert.Equal(t, e["id"], a.Header.Get("Picasso-Execution-Id"))
	assert.Empty(t, a.Header.Get("Picasso-Function-Status"), "the function has not said anything")
	for field, want := range map[string]any{
		"status": "queued", "async": true, "attempt": 0.0, "max_attempts": 7.0, "function_id": id, "function": "f", "app": "default",
		"project_id": "alpha", "request_id": a.Header.Get("X-Openstack-Request-Id"), "input_bytes": float64(len(body)),
		"run_at": e["created_at"], "reason": "",
	} {
		assert.Equal(t, want, e[field], field)
	}
	for _, later := range []string{"started_at", "finished_at", "trigger_id", "caused_by", "depth", "redrive_of"} {
		assert.NotContains(t, e, later)
	}
	assert.Equal(t, e, k.member(200, "GET", "/v2/executions/"+e["id"].(string), "").JSON(t))

	input := k.claim(id).Input
	assert.Equal(t, body, string(input.Body))
	header := http.Header(input.Header)
	assert.Equal(t, "application/x-thing", header.Get("Content-Type"))
	assert.Equal(t, "1", header.Get("X-Mine"))
	for _, name := range []string{
		"X-Auth-Token", "X-Service-Token", "X-Project-Id", "X-Roles", "Authorization", "Cookie", "Connection", "X-Hop", "Prefer",
	} {
		assert.NotContains(t, header, name)
	}
	assert.Equal(t, "running", k.member(200, "GET", "/v2/executions/"+e["id"].(string), "").JSON(t)["status"])
}

func TestOnlyThePreferenceMakesACallAsynchronous(t *testing.T) {
	k := setup(t)
	id := k.function(`{"name":"f","image":"i","public":true}`)
	k.member(200, "POST", "/v2/functions/f/invoke", "", "Prefer", "respond-sometime", "Idempotency-Key", "k")
	a := k.Do("POST", "/f/"+id, "", "Prefer", "respond-async")
	assert.Equal(t, 200, a.StatusCode, "a function URL passes it on")
	assert.Empty(t, a.Header.Get("Preference-Applied"))
}

func TestIdempotency(t *testing.T) {
	k := setup(t)
	k.function(`{"name":"f","image":"i"}`)
	k.function(`{"name":"g","image":"i"}`)
	first := k.async("f", "body", "Idempotency-Key", "k 1", "Traceparent", "one")
	assert.Equal(t, first, k.async("f", "body", "Idempotency-Key", "k 1", "Traceparent", "another"))
	assert.NotEqual(t, first, k.async("f", "body", "Idempotency-Key", "k 2"))
	assert.NotEqual(t, first, k.async("f", "body"))
	assert.NotEqual(t, first, k.async("g", "body", "Idempotency-Key", "k 1"), "a key is of one function")
	for _, headers := range [][]string{{"Idempotency-Key", "k 1"}, {"Idempotency-Key", "k 1", "Content-Type", "text/plain"}} {
		body := map[int]string{2: "other", 4: "body"}[len(headers)]
		a := k.member(409, "POST", "/v2/functions/f/invoke", body, append(headers, "Prefer", "respond-async")...)
		assert.Equal(t, "conflict", errorCode(t, a))
		assert.Contains(t, errorDetail(t, a), "Idempotency-Key")
	}
	a := k.member(400, "POST", "/v2/functions/f/invoke", "", "Prefer", "respond-async", "Idempotency-Key", "")
	assert.Contains(t, errorDetail(t, a), "Idempotency-Key: must be")
	assert.Len(t, k.member(200, "GET", "/v2/executions?function=f", "").JSON(t)["executions"], 3)
	assert.Contains(t, k.metrics(), "picasso_async_calls_accepted_total 4\n")
}

// metrics is the page of metrics.
func (k *kit) metrics() string {
	w := httptest.NewRecorder()
	k.API.Metrics().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

func TestPausedFunctions(t *testing.T) {
	k := setup(t)
	k.member(201, "POST", "/v2/apps", `{"name":"shop"}`)
	id := k.function(`{"name":"f","app":"shop","image":"i","public":true,"min_sandboxes":1}`)
	k.member(200, "POST", "/v2/functions/shop:f/invoke", "") // it is in the cache now
	require.Len(t, k.engine.Warmed(), 1)
	for _, step := range []struct{ path, detail string }{
		{"/v2/functions/shop:f", `enabled: is false, function "shop:f" is paused`},
		{"/v2/apps/shop", `enabled: is false, app "shop" is paused`},
	} {
		assert.Equal(t, false, k.member(200, "PATCH", step.path, `{"enabled":false}`).JSON(t)["enabled"])
		for _, path := range []string{"/v2/functions/shop:f/invoke", "/f/" + id} {
			a := k.member(409, "POST", path, "")
			assert.Equal(t, "conflict", errorCode(t, a))
			assert.Equal(t, step.detail, errorDetail(t, a))
			assert.Empty(t, a.Header.Get("Picasso-Execution-Id"))
		}
		execution := k.async("shop:f", "")
		assert.Equal(t, "queued", k.member(200, "GET", "/v2/executions/"+execution, "").JSON(t)["status"])
		assert.Equal(t, true, k.member(200, "PATCH", step.path, `{"enabled":null}`).JSON(t)["enabled"])
		k.member(200, "POST", "/v2/functions/shop:f/invoke", "")
	}
	assert.Len(t, k.engine.Warmed(), 3, "warmed again when it goes on, and not while it is paused")
	assert.Empty(t, k.engine.Retirements())
	assert.EqualValues(t, 1, k.member(200, "GET", "/v2/functions/shop:f", "").JSON(t)["revision"])
}

func TestAsynchronousCallsThatAreRefused(t *testing.T) {
	k := setup(t, func(c *api.Config) { c.MaxRequestBytes = 100_000 })
	id := k.function(`{"name":"f","image":"i"}`)
	prefer := []string{"Prefer", "respond-async"}
	big := strings.Repeat("x", 100_001)
	a := k.member(413, "POST", "/v2/functions/f/invoke", big, prefer...)
	assert.Equal(t, "body: is longer than 100000 bytes", errorDetail(t, a))
	r, err := http.NewRequest("POST", k.URL+"/v2/functions/f/invoke", io.MultiReader(strings.NewReader(big))) // chunked
	require.NoError(t, err)
	r.Header = http.Header{"X-Auth-Token": {"t"}, "X-Project-Id": {"alpha"}, "Prefer": {"respond-async"}}
	assert.Equal(t, "too_large", errorCode(t, k.Send(r)))
	k.async("f", big[:100_000])
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader(big[:100_000])))
	assert.Equal(t, 202, k.Send(r).StatusCode)

	a = k.member(400, "POST", "/v2/functions/f/invoke", "", append(prefer, "X-Long", strings.Repeat("x", 64<<10))...)
	assert.Contains(t, errorDetail(t, a), "headers: ")
	assert.Equal(t, 403, k.as("alpha", "reader", "POST", "/v2/functions/f/invoke", "", prefer...).StatusCode)
	assert.Equal(t, 404, k.as("beta", "member", "POST", "/v2/functions/"+id+"/invoke", "", prefer...).StatusCode)
	k.member(404, "POST", "/v2/functions/absent/invoke", "", prefer...)
	require.NoError(t, k.store.DeleteFunction(t.Context(), "alpha", id)) // by another process
	k.member(404, "POST", "/v2/functions/"+id+"/invoke", "", prefer...)
	k.member(404, "POST", "/v2/functions/"+id+"/invoke", "") // the cache has forgotten it
	assert.Contains(t, k.metrics(), "picasso_bodies_bytes 0\n")
}

func TestABodyThatEndsEarlyIsNotQueued(t *testing.T) {
	k := setup(t, func(c *api.Config) { c.ClientTimeout = 50 * time.Millisecond })
	k.function(`{"name":"f","image":"i"}`)
	half := call("f", 10) + "half"
	assert.Equal(t, 400, raw(t, k, half), "a client that is too slow")
	assert.Empty(t, k.member(200, "GET", "/v2/executions", "").JSON(t)["executions"])
	assert.Contains(t, k.metrics(), "picasso_bodies_bytes 0\n")
}

// call is the head of an asynchronous call with a body of so many bytes.
func call(function string, length int) string {
	return fmt.Sprintf("POST /v2/functions/%s/invoke HTTP/1.1\r\nHost: x\r\nX-Auth-Token: t\r\nX-Project-Id: alpha\r\n"+
		"Prefer: respond-async\r\nContent-Length: %d\r\n\r\n", function, length)
}

func TestBodiesDoNotTakeAllMemory(t *testing.T) {
	const largest = 1 << 20
	k := setup(t, func(c *api.Config) { c.MaxRequestBytes = largest })
	k.function(`{"name":"f","image":"i"}`)
	k.as("beta", "member", "POST", "/v2/functions", `{"name":"f","image":"i"}`)
	almost := strings.Repeat("x", largest-1)
	taken := func() float64 {
		_, after, _ := strings.Cut(k.metrics(), "\npicasso_bodies_bytes ")
		line, _, _ := strings.Cut(after, "\n")
		bytes, err := strconv.ParseFloat(line, 64)
		require.NoError(t, err)
		return bytes
	}
	var slow []net.Conn
	for n := 1; n <= 31; n++ { // clients that hold back their last byte: nearly half of 64 MiB
		conn, err := net.Dial("tcp", strings.TrimPrefix(k.URL, "http://"))
		require.NoError(t, err)
		defer conn.Close()
		_, err = io.WriteString(conn, call("f", largest)+almost)
		require.NoError(t, err)
		slow = append(slow, conn)
		// One after the other: while bodies grow, several of them could take as much for a moment.
		require.Eventually(t, func() bool { return taken() == float64(n*largest) }, 10*time.Second, time.Millisecond)
	}
	a := k.member(429, "POST", "/v2/functions/f/invoke", almost, "Prefer", "respond-async")
	assert.Equal(t, "rate_limited", errorCode(t, a))
	assert.Equal(t, "1", a.Header.Get("Retry-After"))
	a = k.as("beta", "member", "POST", "/v2/functions/f/invoke", almost, "Prefer", "respond-async")
	assert.Equal(t, 202, a.StatusCode, "another project has its share")
	for _, conn := range slow {
		require.NoError(t, conn.Close())
	}
	require.Eventually(t, func() bool { return taken() == 0 }, 10*time.Second, 5*time.Millisecond)
	k.async("f", almost)
}
