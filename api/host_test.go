package api_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api"
	"github.com/picasso-faas/picasso/api/apitest"
)

const hostKey = "key-that-nobody-sees"

// report is one of an engine, with some fields changed.
func report(t testing.TB, name string, changes map[string]any) string {
	t.Helper()
	fields := map[string]any{
		"name": name, "version": "1.4.0", "cores": 2, "memory_mb": 1024, "sandboxes": 1, "tags": []string{"gpu"}, "functions": []string{nobody},
		"incarnation": "incarnation-1", "url": "http://" + name + ":10002", "key": hostKey, "min_protocol": 1, "max_protocol": 2,
		"what_a_newer_engine_says": true,
	}
	maps.Copy(fields, changes)
	text, err := json.Marshal(fields)
	require.NoError(t, err)
	return string(text)
}

func (k *kit) operator(status int, method, path, body string) apitest.Answer {
	k.t.Helper()
	answer := k.as("operator", "admin", method, path, body)
	require.Equal(k.t, status, answer.StatusCode, "%s", answer.Text)
	return answer
}

func (k *kit) heartbeat(status int, name string, changes map[string]any) apitest.Answer {
	k.t.Helper()
	answer := k.as("service", "service", "PUT", "/v2/hosts/"+name, report(k.t, name, changes))
	require.Equal(k.t, status, answer.StatusCode, "%s", answer.Text)
	return answer
}

func TestHosts(t *testing.T) {
	text, log := &locked{}, logrus.New()
	log.SetLevel(logrus.DebugLevel)
	log.SetOutput(text)
	k := setup(t, func(c *api.Config) { c.GiveUp, c.Log = time.Hour, log })
	for _, name := range []string{"b", "a", "c"} {
		answer := k.heartbeat(200, name, nil)
		assert.NotContains(t, answer.Text, hostKey)
		assert.NotContains(t, answer.JSON(t), "functions", "it knows")
	}
	k.heartbeat(200, "c", map[string]any{"fault": "Docker does not answer"})
	host := k.operator(200, "GET", "/v2/hosts/a", "")
	assert.NotContains(t, host.Text, hostKey)
	a := host.JSON(t)
	assert.Equal(t, []any{"up", "a", "http://a:10002", false, []any{"gpu"}, []any{}, []any{nobody}},
		[]any{a["state"], a["name"], a["url"], a["disabled"], a["tags"], a["projects"], a["functions"]})

	for path, want := range map[string]string{
		"/v2/hosts": "a b c", "/v2/hosts?limit=2": "a b", "/v2/hosts?marker=" + a["id"].(string): "b c", "/v2/hosts?state=down": "c", "/v2/hosts?state=draining": "",
	} {
		page := k.operator(200, "GET", path, "")
		assert.NotContains(t, page.Text, hostKey)
		var names []string
		for _, h := range page.JSON(t)["hosts"].([]any) {
			names = append(names, h.(map[string]any)["name"].(string))
			assert.NotContains(t, h, "functions")
		}
		assert.Equal(t, want, strings.Join(names, " "), path)
		assert.Equal(t, path == "/v2/hosts?limit=2", page.JSON(t)["hosts_links"] != nil, path)
	}
	assert.Contains(t, errorDetail(t, k.operator(400, "GET", "/v2/hosts?state=fine", "")), "state: must be one of")
	assert.Contains(t, errorDetail(t, k.operator(400, "GET", "/v2/hosts?marker=x", "")), "marker")
	k.operator(404, "GET", "/v2/hosts/z", "")

	assert.Equal(t, "conflict", errorCode(t, k.heartbeat(409, "a", map[string]any{"incarnation": "incarnation-2", "url": "http://evil:1"})))
	assert.Equal(t, "conflict", errorCode(t, k.operator(409, "DELETE", "/v2/hosts/a", "")))
	text.await(t, `PUT`, 5)
	assert.NotContains(t, text.String(), hostKey)
}

// TestHostsAreDisabled: what the operator says holds over heartbeats.
func TestHostsAreDisabled(t *testing.T) {
	k := setup(t, func(c *api.Config) { c.GiveUp = time.Hour })
	k.heartbeat(200, "a", nil)
	off := k.operator(200, "PATCH", "/v2/hosts/a", `{"disabled":true,"disabled_reason":"a fan"}`).JSON(t)
	assert.Equal(t, []any{"draining", true, "a fan"}, []any{off["state"], off["disabled"], off["disabled_reason"]})
	again := k.heartbeat(200, "a", map[string]any{"incarnation": "incarnation-2"}).JSON(t)
	assert.Equal(t, []any{"draining", true, "a fan"}, []any{again["state"], again["disabled"], again["disabled_reason"]})
	for body, detail := range map[string]string{
		`{"disabled":"yes"}`: "disabled: must be true or false",
		`{"name":"b"}`:       "name: unknown field",
		`{"state":"up"}`:     "state: is set by the server",
		`{"disabled":false,"disabled_reason":"x"}`:                "disabled_reason: is only for a host that is disabled",
		`{"disabled_reason":"` + strings.Repeat("x", 1025) + `"}`: "disabled_reason: is longer than 1024 bytes",
		`{"disabled_reason":"a\u0000"}`:                           "disabled_reason: must not contain NUL",
	} {
		assert.Contains(t, errorDetail(t, k.operator(400, "PATCH", "/v2/hosts/a", body)), detail, body)
	}
	on := k.operator(200, "PATCH", "/v2/hosts/a", `{"disabled":false}`).JSON(t)
	assert.Equal(t, []any{"up", ""}, []any{on["state"], on["disabled_reason"]})
	k.operator(404, "PATCH", "/v2/hosts/z", `{"disabled":true}`)
}

// TestHostsThatAreGone: one that was not heard of is down, and may be forgotten.
func TestHostsThatAreGone(t *testing.T) {
	k := setup(t, func(c *api.Config) { c.GiveUp = time.Microsecond })
	k.heartbeat(200, "a", nil)
	require.Eventually(t, func() bool { return k.operator(200, "GET", "/v2/hosts/a", "").JSON(t)["state"] == "down" }, 10*time.Second, time.Millisecond)
	k.heartbeat(200, "a", map[string]any{"incarnation": "incarnation-2", "url": "http://elsewhere:1"})
	require.Eventually(t, func() bool { return k.as("operator", "admin", "DELETE", "/v2/hosts/a", "").StatusCode == 204 }, 10*time.Second, time.Millisecond)
	k.operator(404, "GET", "/v2/hosts/a", "")
}

// TestWhoMaySeeHosts: operators; and who may be one: services.
func TestWhoMaySeeHosts(t *testing.T) {
	k := setup(t, func(c *api.Config) { c.GiveUp = time.Hour })
	k.heartbeat(200, "a", nil)
	requests := []struct{ method, path, body string }{
		{"GET", "/v2/hosts", ""}, {"GET", "/v2/hosts/a", ""}, {"PATCH", "/v2/hosts/a", `{`}, {"DELETE", "/v2/hosts/a", ""}, {"PUT", "/v2/hosts/a", `{`},
	}
	for _, r := range requests {
		for _, role := range []string{"reader", "member,reader", "stranger", "admin", "service"} {
			allowed := role == "admin" && r.method != "PUT" || role == "service" && r.method == "PUT"
			answer := k.as("beta", role, r.method, r.path, r.body)
			if !allowed {
				assert.Equal(t, "forbidden", errorCode(t, answer), "%s: %s", role, r.method)
				continue
			}
			assert.NotEqual(t, 403, answer.StatusCode, "%s: %s", role, r.method)
		}
		assert.Equal(t, 401, k.Do(r.method, r.path, r.body).StatusCode, r.method)
	}
}

func TestBadReports(t *testing.T) {
	k := setup(t)
	many := make([]string, picasso.MaxInventory+1)
	for i := range many {
		many[i] = "f"
	}
	for detail, changes := range map[string]map[string]any{
		"name: is not the one in the path":       {"name": "b"},
		"name: must start with":                  {"name": "../x"},
		"cores: must be from 1":                  {"cores": 0},
		"memory_mb: must be from 1":              {"memory_mb": -1},
		"sandboxes: is of the wrong type":        {"sandboxes": "1"},
		"cold_starts: must be from 0":            {"cold_starts": -1},
		"tags[0]: must be":                       {"tags": []string{"g pu"}},
		"tags: has more than 16":                 {"tags": many[:17]},
		"functions: has more than 4096":          {"functions": many},
		"images[0]: must be":                     {"images": []string{strings.Repeat("x", 1025)}},
		"projects[0]: must be":                   {"projects": []string{""}},
		"fault: is longer":                       {"fault": strings.Repeat("x", 1025)},
		"incarnation: must be":                   {"incarnation": "short"},
		"key: must be of 16":                     {"key": "short-key"},
		"key: is of the wrong type":              {"key": 1234567890123456},
		"min_protocol, max_protocol: must be":    {"min_protocol": 3},
		"url: must be like http://host:10002 or": {"url": "http://a"},
	} {
		answer := k.as("service", "service", "PUT", "/v2/hosts/a", report(t, "a", changes))
		assert.Equal(t, 400, answer.StatusCode, detail)
		assert.Contains(t, errorDetail(t, answer), detail)
		for _, key := range []string{hostKey, "short-key", "1234567890123456"} {
			assert.NotContains(t, answer.Text, key)
		}
	}
	for _, url := range []string{"", "ftp://a:1", "http://a:0", "http://a:99999", "http://u:p@a:1", "http://a:1/path", "http://a:1?q", "http://:1", "http://a:1#f", "//a:1", "http://[::1:2"} {
		assert.Contains(t, errorDetail(t, k.heartbeat(400, "a", map[string]any{"url": url})), "url: must be", url)
	}
	for _, body := range []string{"", "[]", "{", `{"name":"a","name":"b"}`, "null", `"x"`} {
		assert.Equal(t, 400, k.as("service", "service", "PUT", "/v2/hosts/a", body).StatusCode, body)
	}
	assert.Equal(t, "too_large", errorCode(t, k.as("service", "service", "PUT", "/v2/hosts/a", strings.Repeat(" ", 2<<20))))
	assert.Empty(t, k.operator(200, "GET", "/v2/hosts", "").JSON(t)["hosts"])
}

// TestHostTags: a function asks for hosts, and a change of that is a new revision.
func TestHostTags(t *testing.T) {
	k := setup(t)
	made := k.member(201, "POST", "/v2/functions", `{"name":"f","image":"i","host_tags":["gpu","ssd"]}`).JSON(t)
	assert.Equal(t, []any{"gpu", "ssd"}, made["host_tags"])
	same := k.member(200, "PATCH", "/v2/functions/f", `{"host_tags":["gpu","ssd"]}`).JSON(t)
	assert.EqualValues(t, 1, same["revision"])
	cleared := k.member(200, "PATCH", "/v2/functions/f", `{"host_tags":null}`).JSON(t)
	assert.Equal(t, []any{[]any{}, 2.0}, []any{cleared["host_tags"], cleared["revision"]})
	for body, detail := range map[string]string{
		`{"host_tags":["a b"]}`:   "host_tags[0]: must be",
		`{"host_tags":["a","a"]}`: `host_tags: has "a" twice`,
		`{"host_tags":"a"}`:       "host_tags: must be a list of strings",
	} {
		assert.Contains(t, errorDetail(t, k.member(400, "PATCH", "/v2/functions/f", body)), detail, body)
	}
}
