package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api"
	"github.com/picasso-faas/picasso/api/apitest"
)

var update = flag.Bool("update", false, "write the files in samples anew")

const endpoint = "https://functions.example.org"

// TestSamples plays a tour and compares every answer with its file in samples, which are
// the examples of the documentation at once. `go test -run Samples -update` writes them.
func TestSamples(t *testing.T) {
	k := setup(t, func(c *api.Config) {
		c.PublicEndpoint = endpoint
		c.NewSecret = func() string { return "UKV4H3HYYHZP7S3P4QFUA7AQ2M" }
	})
	s := sampler{t: t, seen: map[string]string{}}
	s.check("versions", k.Do("GET", "/", ""))
	s.check("version", k.Do("GET", "/v2/", ""))
	s.check("app-create", k.member(201, "POST", "/v2/apps", s.request("app-create-request")))
	s.check("app-update", k.member(200, "PATCH", "/v2/apps/shop", s.request("app-update-request")))
	s.check("function-create", k.member(201, "POST", "/v2/functions", s.request("function-create-request")))
	s.check("function-update", k.member(200, "PATCH", "/v2/functions/shop:thumbnail", s.request("function-update-request")))
	hello := k.function(`{"name":"hello","image":"registry.example.org/hello:1"}`)
	s.check("functions-list", k.member(200, "GET", "/v2/functions?limit=1", ""))
	s.check("apps-list", k.member(200, "GET", "/v2/apps", ""))
	id := k.member(200, "POST", "/v2/functions/hello/invoke", "hello").Header.Get("Picasso-Execution-Id")
	s.check("execution-show", k.member(200, "GET", "/v2/executions/"+id, ""))
	s.check("executions-list", k.member(200, "GET", "/v2/executions", ""))
	queued := k.member(202, "POST", "/v2/functions/hello/invoke", "hello", "Prefer", "respond-async")
	s.check("function-invoke-async", queued)
	s.check("trigger-create", k.member(201, "POST", "/v2/triggers", s.request("trigger-create-request")))
	s.check("trigger-update", k.member(200, "PATCH", "/v2/triggers/nightly", s.request("trigger-update-request")))
	s.check("triggers-list", k.member(200, "GET", "/v2/triggers", ""))
	for _, kind := range []string{"swift", "notification", "alarm", "webhook"} {
		s.check("trigger-create-"+kind, k.member(201, "POST", "/v2/triggers", s.request("trigger-create-"+kind+"-request")))
	}
	s.check("trigger-update-webhook", k.member(200, "PATCH", "/v2/triggers/push", s.request("trigger-update-webhook-request")))
	hot := k.member(200, "GET", "/v2/triggers/hot", "").JSON(t)["id"].(string)
	fired := k.member(202, "POST", "/hooks/"+hot, s.request("hook-request"), "Idempotency-Key", "7") // without one its input has a time
	s.check("hook", fired)
	k.member(204, "DELETE", "/v2/executions/"+fired.JSON(t)["id"].(string), "") // it is not the one to claim
	k.member(204, "DELETE", "/v2/executions/"+queued.JSON(t)["id"].(string), "")
	s.check("execution-redrive", k.member(202, "POST", "/v2/executions/"+queued.JSON(t)["id"].(string)+"/redrive", ""))
	k.end(k.claim(hello), picasso.StatusFailed, nil)
	s.check("executions-redrive", k.member(202, "POST", "/v2/executions/redrive", s.request("executions-redrive-request")))
	s.check("error-conflict", k.member(409, "DELETE", "/v2/executions/"+id, ""))
	s.check("error-invalid", k.member(400, "POST", "/v2/functions", `{"name":"x","image":"y","memory_mb":"much"}`))
	s.check("error-not-found", k.member(404, "GET", "/v2/functions/absent", ""))
	s.check("error-version", k.member(406, "GET", "/v2/apps", "", "OpenStack-API-Version", "functions 9.9"))
	s.check("error-unauthenticated", k.Do("GET", "/v2/apps", ""))
	s.check("limits-show", k.member(200, "GET", "/v2/limits", ""))
	report := s.request("host-heartbeat-request")
	s.check("host-heartbeat", k.as("service", "service", "PUT", "/v2/hosts/compute-1", report))
	s.check("hosts-list", k.as("operator", "admin", "GET", "/v2/hosts", ""))
	s.check("host-update", k.as("operator", "admin", "PATCH", "/v2/hosts/compute-1", s.request("host-update-request")))
}

// sampler compares answers with files. Ids, times and durations differ in every run, so they
// are replaced, an id by the same one wherever it is.
type sampler struct {
	t    testing.TB
	seen map[string]string
}

// request is a body from a file that is written by hand.
func (s sampler) request(name string) string {
	s.t.Helper()
	data, err := os.ReadFile(filepath.Join("samples", name+".json"))
	require.NoError(s.t, err)
	return string(data)
}

func (s sampler) check(name string, a apitest.Answer) {
	s.t.Helper()
	var indented bytes.Buffer
	require.NoError(s.t, json.Indent(&indented, []byte(a.Text), "", "  "))
	got := s.normal(indented.String()) + "\n"
	path := filepath.Join("samples", name+".json")
	if *update {
		require.NoError(s.t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(s.t, err)
	assert.Equal(s.t, string(want), got, name)
}

var (
	anyID       = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	anyTime     = regexp.MustCompile(`[0-9-]{10}T[0-9:]{8}\.[0-9]{6}Z`)
	anyDuration = regexp.MustCompile(`("(?:wait|run)_ms": )(?:0[.][0-9]+|[1-9][0-9.]*)`)
)

func (s sampler) normal(text string) string {
	text = anyID.ReplaceAllStringFunc(text, func(id string) string {
		if _, ok := s.seen[id]; !ok {
			s.seen[id] = fmt.Sprintf("019aa7f0-0000-7000-8000-%012d", len(s.seen)+1)
		}
		return s.seen[id]
	})
	text = anyTime.ReplaceAllString(text, "2026-11-22T12:00:00.000000Z")
	return strings.ReplaceAll(anyDuration.ReplaceAllString(text, "${1}1.5"), "\t", "  ")
}
