package e2e

import (
	"bufio"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/keystone/keystonetest"
	"github.com/picasso-faas/picasso/tools/functions/functest"
)

// TestAsync is the life of asynchronous executions, all in one on SQLite and on
// the real cloud with every part a process of its own and two picasso-trigger.
func TestAsync(t *testing.T) {
	t.Parallel()
	stacks := map[string]func(t *testing.T) *caller{
		"all in one": func(t *testing.T) *caller { return newStack(t, options{}).project("alpha") },
		"cloud": func(t *testing.T) *caller {
			return cloudStack(t, options{split: true, triggers: 2}).withToken(keystonetest.Token(t, "alpha"))
		},
	}
	for name, start := range stacks {
		t.Run(name, func(t *testing.T) {
			c := start(t)
			c.create(testfn(t, "fn", nil))
			c.create(testfn(t, "web", map[string]any{"contract": "web", "retry": map[string]any{"max_attempts": 2, "min_delay_s": 0}}))
			for part, test := range map[string]func(*testing.T, *caller){
				"result and log": asyncResult, "retries": asyncRetries, "cancel": asyncCancel,
				"redrive": asyncRedrive, "destination": asyncDestination, "pause": asyncPause,
				"schedule": asyncSchedule, "follow": asyncFollow,
			} {
				t.Run(part, func(t *testing.T) { test(t, c.in(t)) })
			}
		})
	}
}

// async queues an execution and returns it.
func (c *caller) async(function, body string, edit ...func(*http.Request)) map[string]any {
	c.t.Helper()
	a := c.do(http.MethodPost, "/v2/functions/"+function+"/invoke", strings.NewReader(body), append(edit, func(r *http.Request) {
		r.Header.Set("Prefer", "respond-async")
	})...)
	require.Equal(c.t, http.StatusAccepted, a.Status, "%s", a.Body)
	e := a.object(c.t)
	require.True(c.t, strings.HasSuffix(a.Header.Get("Location"), "/v2/executions/"+e["id"].(string)), a.Header.Get("Location"))
	return e
}

// await waits until the execution has the status.
func (c *caller) await(id any, status string) (e map[string]any) {
	c.t.Helper()
	require.Eventually(c.t, func() bool {
		e = c.json(http.MethodGet, "/v2/executions/"+id.(string), nil, http.StatusOK)
		return e["status"] == status
	}, waitLong, waitStep, "%s: %v", status, &e)
	return e
}

// list is the executions that match the query, newest first.
func (c *caller) list(query string) (found []map[string]any) {
	c.t.Helper()
	for _, e := range c.json(http.MethodGet, "/v2/executions?"+query, nil, http.StatusOK)["executions"].([]any) {
		found = append(found, e.(map[string]any))
	}
	return found
}

func asyncResult(t *testing.T, c *caller) {
	once := func(r *http.Request) { r.Header.Set("Idempotency-Key", "result") }
	e := c.async("fn", "log 3\n", once)
	require.Equal(t, e["id"], c.async("fn", "log 3\n", once)["id"], "the same key is the same execution")
	done := c.await(e["id"], "succeeded")
	require.EqualValues(t, 1, done["attempt"])
	require.NotEmpty(t, done["finished_at"])
	require.Equal(t, 3, strings.Count(c.log(e["id"].(string)), "\n"))

	e = c.async("web", "echo\nback again", func(r *http.Request) { r.Header.Set("Content-Type", "text/x-test") })
	c.await(e["id"], "succeeded")
	result := c.do(http.MethodGet, "/v2/executions/"+e["id"].(string)+"/result", nil)
	require.Equal(t, "back again", string(result.Body))
	require.Equal(t, "text/x-test", result.Header.Get("Content-Type"))
}

func asyncRetries(t *testing.T, c *caller) {
	failed := c.await(c.async("web", "status 500\n")["id"], "failed")
	require.EqualValues(t, 2, failed["attempt"], "%v", failed)
	require.Contains(t, failed["reason"], "500")
	refused := c.await(c.async("web", "status 422\n")["id"], "failed")
	require.EqualValues(t, 1, refused["attempt"], "what the function refuses is not tried again: %v", refused)
}

func asyncCancel(t *testing.T, c *caller) {
	id := c.async("fn", "sleep 25000\n")["id"]
	c.await(id, "running")
	c.json(http.MethodDelete, "/v2/executions/"+id.(string), nil, http.StatusNoContent)
	c.await(id, "cancelled")
	wantProblem(t, c.do(http.MethodDelete, "/v2/executions/"+id.(string), nil), http.StatusConflict, "conflict", "cancelled")
}

func asyncRedrive(t *testing.T, c *caller) {
	failed := c.await(c.async("web", "status 400\n")["id"], "failed")
	path := "/v2/executions/" + failed["id"].(string) + "/redrive"
	again := c.json(http.MethodPost, path, nil, http.StatusAccepted)
	require.Equal(t, failed["id"], again["redrive_of"])
	c.await(again["id"], "failed")
	wantProblem(t, c.do(http.MethodPost, path, nil), http.StatusConflict, "conflict")
}

func asyncDestination(t *testing.T, c *caller) {
	c.create(testfn(t, "sink", map[string]any{"command": []string{"request"}}))
	c.create(testfn(t, "source", map[string]any{"command": []string{"echo"}, "on_success": "sink"}))
	id := c.async("source", `{"a": 1}`)["id"]
	c.await(id, "succeeded")
	var event map[string]any
	require.Eventually(t, func() bool {
		for _, e := range c.list("function=sink") {
			event = e
			return e["caused_by"] == id && e["status"] == "succeeded"
		}
		return false
	}, waitLong, waitStep)
	got := c.do(http.MethodGet, "/v2/executions/"+event["id"].(string)+"/result", nil).Body
	require.Contains(t, string(got), "org.openstack.functions.execution.succeeded")
	require.Contains(t, string(got), id)
}

func asyncPause(t *testing.T, c *caller) {
	c.create(testfn(t, "paused", map[string]any{"enabled": false}))
	id := c.async("paused", "count\n")["id"]
	wantProblem(t, c.invoke("paused", "count\n"), http.StatusConflict, "conflict", "enabled")
	require.Equal(t, "queued", c.await(id, "queued")["status"])
	c.json(http.MethodPatch, "/v2/functions/paused", map[string]any{"enabled": true}, http.StatusOK)
	c.await(id, "succeeded")
}

func asyncSchedule(t *testing.T, c *caller) {
	trigger := c.json(http.MethodPost, "/v2/triggers", map[string]any{
		"name": "tick", "type": "schedule", "function": "fn", "input_template": "count\n",
		"schedule": map[string]any{"every_s": 1, "max_runs": 2},
	}, http.StatusCreated)
	require.Eventually(t, func() bool {
		return len(c.list("status=succeeded&trigger="+trigger["id"].(string))) == 2
	}, waitLong, waitStep)
	clock := c.json(http.MethodGet, "/v2/triggers/tick", nil, http.StatusOK)["clock"].(map[string]any)
	require.EqualValues(t, 2, clock["runs"])
	require.NotContains(t, clock, "next_run_at")
	c.json(http.MethodDelete, "/v2/triggers/tick", nil, http.StatusNoContent)
}

// asyncFollow reads the log of a function while it runs.
func asyncFollow(t *testing.T, c *caller) {
	c.create(testfn(t, "talks", map[string]any{"contract": "stdio", "image": functest.Image(t, "debian"),
		"entrypoint": []string{"sh", "-c", "echo first >&2; read line; sleep 3; echo last >&2"}}))
	id := c.async("talks", "\n")["id"].(string)
	req, err := http.NewRequest(http.MethodGet, c.url+"/v2/executions/"+id+"/log?follow=true", nil)
	require.NoError(t, err)
	req.Header = c.header.Clone()
	resp, err := httpClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	require.True(t, lines.Scan())
	require.Equal(t, "first", lines.Text())
	require.Equal(t, "running", c.json(http.MethodGet, "/v2/executions/"+id, nil, http.StatusOK)["status"])
	require.True(t, lines.Scan())
	require.Equal(t, "last", lines.Text())
	require.False(t, lines.Scan(), "it ends with the execution: %q", lines.Text())
	c.await(id, "succeeded")
}
