package api_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/api"
)

func TestVersionDiscovery(t *testing.T) {
	k := setup(t)
	for _, path := range []string{"/", "/v2", "/v2/"} {
		a := k.Do("GET", path, "")
		assert.Equal(t, 200, a.StatusCode, path)
		assert.Contains(t, a.Text, `"status":"CURRENT"`)
		assert.Contains(t, a.Text, k.URL+"/v2/")
		assert.Regexp(t, `^req-[0-9a-f-]{36}$`, a.Header.Get("X-Openstack-Request-Id"))
	}
	doc, err := openapi3.NewLoader().LoadFromData([]byte(k.Do("GET", "/v2/openapi.json", "").Text))
	require.NoError(t, err)
	require.NoError(t, doc.Validate(t.Context()))
}

func TestMicroversions(t *testing.T) {
	k := setup(t)
	a := k.member(200, "GET", "/v2/apps", "", "OpenStack-API-Version", "compute 2.1, functions latest")
	assert.Equal(t, "functions 2.0", a.Header.Get("OpenStack-API-Version"))
	assert.Equal(t, "OpenStack-API-Version", a.Header.Get("Vary"))
	a = k.member(406, "GET", "/v2/apps", "", "OpenStack-API-Version", "functions 2.1")
	assert.Equal(t, "not_acceptable", errorCode(t, a))
	item := a.JSON(t)["errors"].([]any)[0].(map[string]any)
	assert.Equal(t, "2.0", item["min_version"])
	assert.Equal(t, "2.0", item["max_version"])
	k.member(400, "GET", "/v2/apps", "", "OpenStack-API-Version", "functions two")
	assert.Equal(t, "functions 2.0", k.member(404, "GET", "/v2/nothing", "").Header.Get("OpenStack-API-Version"))
}

func TestPathsAndMethodsThatAreNotServed(t *testing.T) {
	k := setup(t)
	for _, path := range []string{"/nothing", "/v1/apps", "/v2/apps/", "/v2//apps", "/v2/functions/a/b", "/v2/apps/a%2Fb/c", "/metrics", "/%76%32/apps"} {
		assert.Equal(t, "no_route", errorCode(t, k.member(404, "GET", path, "")), path)
	}
	for path, allow := range map[string]string{
		"/v2/apps": "GET, POST", "/v2/hosts": "GET", "/v2/apps/a": "GET, PATCH, DELETE", "/v2/functions/f/invoke": "POST", "/healthcheck": "GET, HEAD",
		"/v2/executions/" + nobody: "GET, DELETE", "/v2/executions/redrive": "GET, POST, DELETE",
	} {
		a := k.member(405, "PUT", path, "")
		assert.Equal(t, "method_not_allowed", errorCode(t, a), path)
		assert.Equal(t, allow, a.Header.Get("Allow"), path)
	}
	assert.Equal(t, `app "a/b" not found`, errorDetail(t, k.member(404, "GET", "/v2/apps/a%2Fb", "")))
	assert.Equal(t, 401, k.Do("GET", "/v2/apps", "").StatusCode)
}

func TestHealthcheck(t *testing.T) {
	disabled := false
	k := setup(t, func(c *api.Config) { c.Disabled = func() bool { return disabled } })
	assert.Equal(t, "OK", k.Do("GET", "/healthcheck", "").Text)
	assert.JSONEq(t, `{"detailed":false,"reasons":["OK"]}`, k.Do("GET", "/healthcheck", "", "Accept", "application/json").Text)
	head, err := k.HTTP.Head(k.URL + "/healthcheck")
	require.NoError(t, err)
	require.NoError(t, head.Body.Close())
	assert.Equal(t, 200, head.StatusCode)

	disabled = true
	a := k.Do("GET", "/healthcheck", "")
	assert.Equal(t, 503, a.StatusCode)
	assert.Equal(t, "DISABLED BY FILE", a.Text)
}

func TestMetrics(t *testing.T) {
	k := setup(t)
	k.heartbeat(200, "host-1", map[string]any{"memory_used_mb": 128})
	k.heartbeat(200, "host-2", map[string]any{"fault": "Docker does not answer"})
	id := k.function(`{"name":"f","image":"i","public":true}`)
	k.member(200, "POST", "/v2/functions/f/invoke", "x")
	k.Do("BREW", "/f/"+id+"/some/path", "x")
	k.member(404, "GET", "/nothing", "")
	require.Eventually(t, func() bool { // a request is counted when its answer is out
		return strings.Contains(k.metrics(), `picasso_http_requests_total{method="ANY",route="none",status="404"} 1`+"\n")
	}, 10*time.Second, time.Millisecond)
	for _, line := range []string{
		`picasso_http_requests_total{method="POST",route="/v2/functions/{function}/invoke",status="200"} 1`,
		`picasso_http_requests_total{method="ANY",route="/f/{function}/{rest:.*}",status="200"} 1`,
		`picasso_calls_total{outcome="succeeded"} 2`,
		`picasso_call_run_seconds_count 2`,
		`picasso_host_up{host="host-1"} 1`,
		`picasso_host_memory_used_bytes{host="host-1"} 1.34217728e+08`,
		`picasso_host_up{host="host-2"} 0`,
		`picasso_records_dropped_total 0`,
	} {
		assert.Contains(t, k.metrics(), line+"\n")
	}
	assert.NotContains(t, k.metrics(), id)
	assert.NotContains(t, k.metrics(), `picasso_host_memory_bytes{host="host-2"}`)
}

func TestTheLogHasNoSecrets(t *testing.T) {
	k := setup(t)
	k.Log.Reset()
	id := k.function(`{"name":"f","image":"i","config":{"PASSWORD":"hunter2"}}`)
	k.member(200, "POST", "/v2/functions/f/invoke", "payload-1", "X-Openstack-Request-Id", "req-7f3a2c1e-0000-4000-8000-00000000000a")
	k.member(200, "GET", "/f/"+id+"?token=hunter3", "")
	k.member(204, "DELETE", "/v2/executions/"+k.async("f", "payload-2", "Idempotency-Key", "hunter4"), "")
	assert.Empty(t, k.Log.AllEntries(), "one line per request, at level debug")
}

// locked is text that servers write to, a line when a request was answered.
type locked struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// await waits until the text has a part so often.
func (l *locked) await(t *testing.T, part string, times int) {
	t.Helper()
	require.Eventually(t, func() bool { return strings.Count(l.String(), part) == times }, 10*time.Second, time.Millisecond, part)
}

func TestTheAccessLog(t *testing.T) {
	text, log := &locked{}, logrus.New()
	log.SetLevel(logrus.DebugLevel)
	log.SetOutput(text)
	k := setup(t, func(c *api.Config) { c.Log = log })
	id := k.function(`{"name":"f","image":"i","config":{"PASSWORD":"hunter2"}}`)
	a := k.member(200, "POST", "/f/"+id+"/private-path?token=hunter3", "payload-1",
		"X-Openstack-Request-Id", "req-7f3a2c1e-0000-4000-8000-00000000000a")
	text.await(t, "/f/", 1)
	for _, want := range []string{
		"request_id=" + a.Header.Get("X-Openstack-Request-Id"), "global_request_id=req-7f3a2c1e", "status=200", "project_id=alpha",
		"/f/{function}/{rest:.*}", "method=POST", "duration_ms=", "execution_id=" + a.Header.Get("Picasso-Execution-Id"),
	} {
		assert.Contains(t, text.String(), want)
	}
	hook := k.trigger("t", "webhook", `{"secret":"hunter5 and hunter6"}`, "")["id"].(string)
	for _, query := range []string{"?token=hunter5+and+hunter6", "?token=hunter5%zz"} {
		a = k.Do("POST", "/hooks/"+hook+query, "payload-3", "Authorization", "Bearer hunter7")
		assert.NotContains(t, a.Text, "hunter")
	}
	text.await(t, "/hooks/{trigger}", 2)
	for _, secret := range []string{"hunter", "payload", "private-path", "secret-token"} {
		assert.NotContains(t, text.String(), secret)
	}
}
