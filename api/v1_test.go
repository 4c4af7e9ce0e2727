package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/apitest"
)

// The scenarios of the functional tests of the first Picasso.

const jsonType = "application/json"

// v1 sends a request of a member of alpha as the original client does.
func (k *kit) v1(status int, method, path, body string) map[string]any {
	k.t.Helper()
	return k.member(status, method, "/v1/alpha"+path, body, "Content-Type", jsonType).JSON(k.t)
}

// v1Error is the message of an error, which has nothing else.
func v1Error(t testing.TB, body map[string]any) string {
	t.Helper()
	require.Len(t, body, 1)
	inner := body["error"].(map[string]any)
	require.Len(t, inner, 1)
	return inner["message"].(string)
}

func (k *kit) v1Route(fields string) {
	k.t.Helper()
	k.v1(200, "POST", "/apps/shop-alpha/routes", `{"route":{"image":"i",`+fields+`}}`)
}

func TestV1Apps(t *testing.T) {
	k := setup(t)
	assert.Equal(t, map[string]any{"apps": []any{}, "message": "Successfully listed applications"}, k.v1(200, "GET", "/apps", ""))
	created := k.v1(200, "POST", "/apps", `{"app":{"name":"shop","description":"d","config":{"max-size":3,"A":"a","B":null},"other":1}}`)
	assert.Equal(t, "App successfully created", created["message"])
	app := created["app"].(map[string]any)
	assert.Equal(t, "shop-alpha", app["name"])
	assert.Equal(t, map[string]any{"MAX_SIZE": "3", "A": "a"}, app["config"])
	assert.Equal(t, "alpha", app["project_id"])

	assert.Equal(t, "App shop-alpha already exists", v1Error(t, k.v1(409, "POST", "/apps", `{"app":{"name":"shop"}}`)))
	assert.Equal(t, map[string]any{"app": app, "message": "Successfully loaded app"}, k.v1(200, "GET", "/apps/shop-alpha", ""))
	assert.Len(t, k.v1(200, "GET", "/apps", "")["apps"], 1)
	updated := k.v1(200, "PUT", "/apps/shop-alpha", `{"config":{"B":"b"}}`)
	assert.Equal(t, "App successfully updated", updated["message"])
	assert.Equal(t, map[string]any{"B": "b"}, updated["app"].(map[string]any)["config"], "in the place of the old one")
	assert.Equal(t, "App none not found", v1Error(t, k.v1(404, "PUT", "/apps/none", `{}`)))

	k.v1Route(`"path":"/x"`)
	assert.Equal(t, "Unable to delete app shop-alpha with routes", v1Error(t, k.v1(403, "DELETE", "/apps/shop-alpha", "")))
	k.v1(200, "DELETE", "/apps/shop-alpha/routes/x", "")
	assert.Equal(t, map[string]any{"message": "App successfully deleted"}, k.v1(200, "DELETE", "/apps/shop-alpha", ""))
	for _, method := range []string{"GET", "DELETE"} {
		assert.Equal(t, "App shop-alpha not found", v1Error(t, k.v1(404, method, "/apps/shop-alpha", "")))
	}
	assert.Contains(t, k.member(200, "GET", "/v2/apps", "").Text, `"apps":[]`, "on the same store")
}

func TestV1Routes(t *testing.T) {
	k := setup(t)
	k.v1(200, "POST", "/apps", `{"app":{"name":"shop"}}`)
	const routes = "/apps/shop-alpha/routes"
	created := k.v1(200, "POST", routes, // as the original client sends it
		`{"route":{"type":"sync","path":"/x","image":"i","is_public":"false","memory":128,"timeout":"30","max_concurrency":1,"config":{"A":"a"}}}`)
	assert.Equal(t, "App route successfully created", created["message"])
	route := map[string]any{
		"path": "/x", "type": "sync", "image": "i", "is_public": false, "memory": 128.0, "timeout": 30.0, "max_concurrency": 1.0,
	}
	assert.Equal(t, route, created["route"])
	assert.Equal(t, "App shop-alpha route /x already exist",
		v1Error(t, k.v1(409, "POST", routes, `{"route":{"path":"/x","image":"i"}}`)))
	k.v1Route(`"path":"/y","is_public":true`)
	assert.Equal(t, "Successfully loaded app routes", k.v1(200, "GET", routes, "")["message"])
	assert.Len(t, k.v1(200, "GET", routes, "")["routes"], 2)
	assert.Equal(t, map[string]any{"route": route, "message": "App route successfully loaded"}, k.v1(200, "GET", routes+"/x", ""))

	function := func() map[string]any { return k.member(200, "GET", "/v2/functions/shop-alpha:x", "").JSON(t) }
	assert.Equal(t, "stdio", function()["contract"])
	updated := k.v1(200, "PUT", routes+"/x", `{"type":"async","is_public":"true","memory":"256","timeout":60,"max_concurrency":2,"format":"http"}`)
	assert.Equal(t, "Route successfully updated", updated["message"])
	assert.Equal(t, map[string]any{
		"path": "/x", "type": "async", "image": "i", "is_public": true, "memory": 256.0, "timeout": 60.0, "max_concurrency": 2.0,
	}, updated["route"])
	assert.Equal(t, "stdio-http", function()["contract"])
	assert.Equal(t, map[string]any{"A": "a", "PICASSO_ROUTE_TYPE": "async"}, function()["config"])
	k.v1(200, "PUT", routes+"/x", `{"config":{"B":"b"}}`)
	assert.Equal(t, map[string]any{"B": "b", "PICASSO_ROUTE_TYPE": "async"}, function()["config"])

	assert.Equal(t, map[string]any{"message": "Route successfully deleted"}, k.v1(200, "DELETE", routes+"/x", ""))
	assert.Equal(t, "Route /x not found", v1Error(t, k.v1(404, "GET", routes+"/x", "")))
	assert.Len(t, k.v1(200, "GET", routes, "")["routes"], 1, "the others stay")
	k.v1(404, "PUT", routes+"/x", `{}`)
	k.v1(404, "DELETE", routes+"/x", "")
	k.v1(404, "GET", "/apps/none/routes", "")
	k.v1(404, "POST", "/apps/none/routes", `{"route":{"path":"/x","image":"i"}}`)
}

func TestV1WrongInput(t *testing.T) {
	k := setup(t)
	k.v1(200, "POST", "/apps", `{"app":{"name":"shop"}}`)
	for body, message := range map[string]string{
		`{}`:                        "route: is required",
		`{"route":[]}`:              "route: must be a JSON object",
		`{"route":{"image":"i"}}`:   "path: is required",
		`{"route":{"path":"/a/b"}}`: "path: must be one segment",
		`{"route":{"path":"/a"}}`:   "image: is required",
		`{"route":{"path":"/a","image":"i","memory":4}}`:                "memory: must be from 8 to 65536",
		`{"route":{"path":"/a","image":"i","timeout":"soon"}}`:          "timeout: must be a whole number",
		`{"route":{"path":"/a","image":"i","type":"later"}}`:            "type: must be sync or async",
		`{"route":{"path":"/a","image":"i","format":"json"}}`:           "format: must be default or http",
		`{"route":{"path":"/a","image":"i","is_public":"perhaps"}}`:     "is_public: must be true or false",
		`{"route":{"path":"/a","image":"i","config":{"not a name":1}}}`: `config: "NOT A NAME" is not a name of an environment variable`,
		`{"route":{"path":"/a b","image":"i"}}`:                         "path: must start with a letter or digit and hold only letters, digits, '-', '_' and '.'",
		`{"route":`:                                                     "body: is not valid JSON: it ends too early",
	} {
		assert.Equal(t, message, v1Error(t, k.v1(400, "POST", "/apps/shop-alpha/routes", body)), body)
	}
	for _, path := range []string{"/v1/alpha/apps", "/v1/alpha/apps/shop-alpha/routes", "/v1/r/alpha/shop-alpha/x"} {
		k.v1(200, "GET", "/apps", "")
		message := "Invalid content type"
		if strings.HasPrefix(path, "/v1/r/") {
			k.v1Route(`"path":"/x"`)
		}
		assert.Equal(t, message, v1Error(t, k.member(400, "POST", path, `{}`, "Content-Type", "text/plain").JSON(t)))
	}
	assert.Equal(t, "Not authorized. Reason: the request has no X-Auth-Token",
		v1Error(t, k.Do("GET", "/v1/alpha/apps", "").JSON(t)))
}

func TestV1Execution(t *testing.T) {
	k := setup(t)
	k.v1(200, "POST", "/apps", `{"app":{"name":"shop"}}`)
	k.v1Route(`"path":"/x"`)
	k.v1Route(`"path":"/open","is_public":"true"`)
	k.v1Route(`"path":"/later","type":"async"`)
	private := func(status int, route, body string) map[string]any {
		return k.member(status, "POST", "/v1/r/alpha/shop-alpha/"+route, body, "Content-Type", jsonType).JSON(t)
	}
	assert.Equal(t, map[string]any{
		"result": map[string]any{"a": 1.0}, "message": "App shop-alpha sync route /x execution finished",
	}, private(200, "x", `{"a":1}`))
	assert.Equal(t, "", private(200, "x", "")["result"], "nothing is text")
	assert.Equal(t, "body: must be a JSON object", v1Error(t, private(400, "x", `[1]`)))
	assert.Equal(t, "Route /none not found", v1Error(t, private(404, "none", "")))
	assert.Equal(t, "App none not found", v1Error(t, k.member(404, "POST", "/v1/r/alpha/none/x", "").JSON(t)))

	assert.Equal(t, map[string]any{}, private(200, "later", `{"b":2}`))
	fn := k.member(200, "GET", "/v2/functions/shop-alpha:later", "").JSON(t)["id"].(string)
	assert.Equal(t, `{"b":2}`, string(k.claim(fn).Input.Body))

	public := k.Do("POST", "/r/shop-alpha/open", `{"c":3}`, "Content-Type", jsonType)
	assert.Equal(t, 200, public.StatusCode)
	assert.Equal(t, map[string]any{"c": 3.0}, public.JSON(t)["result"])
	for path, status := range map[string]int{
		"/r/shop-alpha/x": 403, "/r/shop-alpha/none": 404, "/r/shop-beta/open": 404, "/r/shop/open": 404,
	} {
		answer := k.Do("POST", path, "")
		assert.Equal(t, status, answer.StatusCode, path)
		if status == 403 {
			assert.Equal(t, "Unable to execute private route /x", v1Error(t, answer.JSON(t)))
		}
	}
	assert.Equal(t, 401, k.Do("POST", "/v1/r/alpha/shop-alpha/open", "").StatusCode)
}

func TestV1Result(t *testing.T) {
	var answer func(w http.ResponseWriter) picasso.Outcome
	k := setup(t)
	k.engine.OnInvoke = func(_ context.Context, _ *picasso.Call, w http.ResponseWriter) picasso.Outcome { return answer(w) }
	k.v1(200, "POST", "/apps", `{"app":{"name":"shop"}}`)
	k.v1Route(`"path":"/x"`)
	long := strings.Repeat("long ", 1<<20)
	for said, want := range map[string]any{"plain text\n": "plain text\n", "12\n": 12.0, "\xff!": "\uFFFD!", long: long} {
		answer = func(w http.ResponseWriter) picasso.Outcome {
			for chunk := range strings.SplitAfterSeq(said, " ") {
				_, _ = w.Write([]byte(chunk))
			}
			return apitest.Succeeded(200)
		}
		got := k.member(200, "POST", "/v1/r/alpha/shop-alpha/x", "").JSON(t)["result"]
		assert.True(t, got == want, "%.40q: %.40v", said, got)
	}
	answer = func(http.ResponseWriter) picasso.Outcome {
		return apitest.Failed(picasso.CodeTimedOut, "timeout_s: too long")
	}
	assert.Equal(t, "timeout: too long", v1Error(t, k.member(504, "POST", "/v1/r/alpha/shop-alpha/x", "").JSON(t)))
	answer = func(w http.ResponseWriter) picasso.Outcome {
		w.WriteHeader(503)
		return picasso.Outcome{OwnAccount: true, HTTPStatus: 503, Err: picasso.Errorf(picasso.CodeFunctionFailed, "it said so")}
	}
	assert.Equal(t, "it answered with status 503", v1Error(t, k.member(502, "POST", "/v1/r/alpha/shop-alpha/x", "").JSON(t)))
}

func TestV1OfOthers(t *testing.T) {
	k := setup(t)
	k.v1(200, "POST", "/apps", `{"app":{"name":"shop"}}`)
	k.v1Route(`"path":"/x","is_public":"true"`)
	for _, r := range []struct{ method, path, body string }{
		{"GET", "/apps", ""}, {"POST", "/apps", `{"app":{"name":"mine"}}`}, {"GET", "/apps/shop-alpha", ""},
		{"PUT", "/apps/shop-alpha", `{}`}, {"DELETE", "/apps/shop-alpha", ""}, {"GET", "/apps/shop-alpha/routes", ""},
		{"POST", "/apps/shop-alpha/routes", `{"route":{"path":"/y","image":"i"}}`}, {"GET", "/apps/shop-alpha/routes/x", ""},
		{"PUT", "/apps/shop-alpha/routes/x", `{}`}, {"DELETE", "/apps/shop-alpha/routes/x", ""}, {"POST", "/r", ""},
	} {
		send := func(caller, role, project string) int {
			path := "/v1/" + project + r.path
			if r.path == "/r" {
				path = "/v1/r/" + project + "/shop-alpha/x"
			}
			return k.as(caller, role, r.method, path, r.body, "Content-Type", jsonType).StatusCode
		}
		assert.Equal(t, 404, send("beta", "member,reader", "alpha"), "%v by another project", r)
		if r.path != "/apps" {
			assert.Equal(t, 404, send("beta", "member,reader", "beta"), "%v in the project of the caller", r)
		}
		if r.method == "GET" {
			assert.Equal(t, 200, send("alpha", "reader", "alpha"), "%v by a reader", r)
			assert.Equal(t, 200, send("ops", "admin", "alpha"), "%v by an admin", r)
		} else {
			assert.Equal(t, 403, send("alpha", "reader", "alpha"), "%v by a reader", r)
		}
	}
	// Somebody else's app of the same name takes nothing of it.
	assert.Equal(t, 201, k.as("beta", "member,reader", "POST", "/v2/apps", `{"name":"shop-alpha"}`).StatusCode)
	assert.Equal(t, 201, k.as("beta", "member,reader", "POST", "/v2/functions", `{"name":"x","app":"shop-alpha","image":"theirs","public":true}`).StatusCode)
	k.engine.OnInvoke = func(_ context.Context, c *picasso.Call, w http.ResponseWriter) picasso.Outcome {
		_, _ = w.Write([]byte(c.Function.ProjectID))
		return apitest.Succeeded(200)
	}
	assert.Equal(t, "alpha", k.Do("POST", "/r/shop-alpha/x", "").JSON(t)["result"])
	assert.Equal(t, 200, k.as("ops", "admin", "POST", "/v1/alpha/apps", `{"app":{"name":"theirs"}}`, "Content-Type", jsonType).StatusCode)
	assert.Len(t, k.v1(200, "GET", "/apps", "")["apps"], 2)
}
