package api_test

import (
	"context"
	"math"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/apitest"
)

func TestAppLifeCycle(t *testing.T) {
	k := setup(t)
	created := k.member(201, "POST", "/v2/apps", `{"name":"shop","config":{"A":"1","B":"2"}}`)
	id := created.JSON(t)["id"].(string)
	assert.Equal(t, k.URL+"/v2/apps/"+id, created.Header.Get("Location"))
	assert.Equal(t, "alpha", created.JSON(t)["project_id"])

	for _, ref := range []string{id, "shop"} {
		assert.Equal(t, created.Text, k.member(200, "GET", "/v2/apps/"+ref, "").Text)
	}
	patched := k.member(200, "PATCH", "/v2/apps/shop", `{"name":"store","description":"d","config":{"A":null,"C":"3"}}`).JSON(t)
	assert.Equal(t, "store", patched["name"])
	assert.Equal(t, map[string]any{"B": "2", "C": "3"}, patched["config"])
	assert.NotEqual(t, patched["created_at"], patched["updated_at"])
	k.member(404, "GET", "/v2/apps/shop", "")

	cleared := k.member(200, "PATCH", "/v2/apps/store", `{"description":null,"config":null}`).JSON(t)
	assert.Equal(t, "", cleared["description"])
	assert.Equal(t, map[string]any{}, cleared["config"])

	k.member(204, "DELETE", "/v2/apps/store", "")
	k.member(404, "DELETE", "/v2/apps/store", "")
}

func TestAppErrors(t *testing.T) {
	k := setup(t)
	k.member(201, "POST", "/v2/apps", `{"name":"shop"}`)
	k.member(409, "POST", "/v2/apps", `{"name":"shop"}`)
	k.member(201, "POST", "/v2/apps", `{"name":"other"}`)
	assert.Equal(t, "conflict", errorCode(t, k.member(409, "PATCH", "/v2/apps/other", `{"name":"shop"}`)))
	assert.Equal(t, "name: is required", errorDetail(t, k.member(400, "PATCH", "/v2/apps/other", `{"name":null}`)))

	k.function(`{"name":"f","app":"shop","image":"i"}`)
	assert.Equal(t, "conflict", errorCode(t, k.member(409, "DELETE", "/v2/apps/shop", "")))
}

func TestProjectsDoNotMeet(t *testing.T) {
	k := setup(t)
	app := k.member(201, "POST", "/v2/apps", `{"name":"shop"}`).JSON(t)["id"].(string)
	fn := k.function(`{"name":"f","image":"i"}`)
	execution := k.member(200, "POST", "/v2/functions/f/invoke", "hi").Header.Get("Picasso-Execution-Id")

	for _, path := range []string{
		"/v2/apps/" + app, "/v2/apps/shop", "/v2/functions/" + fn, "/v2/functions/f",
		"/v2/executions/" + execution, "/v2/executions/" + execution + "/log",
	} {
		a := k.as("beta", "member", "GET", path, "")
		assert.Equal(t, 404, a.StatusCode, path)
		assert.Equal(t, "not_found", errorCode(t, a), path)
		assert.Equal(t, 200, k.as("operator", "admin", "GET", "/v2/apps/"+app, "").StatusCode)
	}
	for _, path := range []string{"/v2/apps/" + app, "/v2/functions/" + fn} {
		assert.Equal(t, 404, k.as("beta", "member", "PATCH", path, `{"description":"mine"}`).StatusCode)
		assert.Equal(t, 404, k.as("beta", "member", "DELETE", path, "").StatusCode)
	}
	for _, path := range []string{"/v2/functions/" + fn + "/invoke", "/v2/functions/f/invoke", "/f/" + fn} {
		assert.Equal(t, 404, k.as("beta", "member", "POST", path, "").StatusCode, path)
	}
	k.as("beta", "member", "POST", "/v2/apps", `{"name":"shop"}`)
	assert.Equal(t, 200, k.as("beta", "member", "GET", "/v2/apps/shop", "").StatusCode)
}

func TestAdminsReachEveryProject(t *testing.T) {
	k := setup(t)
	fn := k.function(`{"name":"f","image":"i"}`)
	admin := func(method, path, body string) apitest.Answer { return k.as("operator", "admin", method, path, body) }

	assert.Equal(t, 200, admin("GET", "/v2/functions/"+fn, "").StatusCode)
	assert.Equal(t, 404, admin("GET", "/v2/functions/f", "").StatusCode, "a name is of the caller's project")
	assert.Equal(t, 200, admin("POST", "/v2/functions/"+fn+"/invoke", "").StatusCode)
	assert.Equal(t, 200, admin("POST", "/f/"+fn, "").StatusCode)
	assert.Equal(t, 200, admin("PATCH", "/v2/functions/"+fn, `{"description":"x"}`).StatusCode)
	for path, want := range map[string]int{
		"/v2/functions": 0, "/v2/functions?all_projects=true": 1, "/v2/functions?project_id=alpha": 1, "/v2/functions?project_id=beta": 0,
	} {
		assert.Len(t, admin("GET", path, "").JSON(t)["functions"], want, path)
	}
	for _, path := range []string{"/v2/functions?all_projects=true", "/v2/apps?project_id=beta", "/v2/executions?all_projects=1"} {
		assert.Equal(t, "forbidden", errorCode(t, k.member(403, "GET", path, "")), path)
	}
	k.member(200, "GET", "/v2/functions?project_id=alpha&all_projects=false", "")
}

func TestRoles(t *testing.T) {
	k := setup(t)
	k.function(`{"name":"f","image":"i"}`)
	reader := func(method, path, body string) int { return k.as("alpha", "reader", method, path, body).StatusCode }
	assert.Equal(t, 200, reader("GET", "/v2/functions/f", ""))
	assert.Equal(t, 200, reader("GET", "/v2/executions", ""))
	assert.Equal(t, 403, reader("POST", "/v2/functions/f/invoke", ""))
	assert.Equal(t, 403, reader("POST", "/v2/functions", `{`), "authorized before the body is read")
	assert.Equal(t, 403, reader("DELETE", "/v2/functions/absent", ""), "authorized before anything is loaded")
	assert.Equal(t, 403, k.as("alpha", "stranger", "GET", "/v2/functions", "").StatusCode)
}

func TestConfigOfAnAppChangesItsFunctions(t *testing.T) {
	k := setup(t)
	k.member(201, "POST", "/v2/apps", `{"name":"shop","config":{"A":"1"}}`)
	warm := k.function(`{"name":"warm","app":"shop","image":"i","min_sandboxes":2}`)
	cold := k.function(`{"name":"cold","app":"shop","image":"i"}`)
	k.member(200, "POST", "/v2/functions/"+warm+"/invoke", "")

	k.member(200, "PATCH", "/v2/apps/shop", `{"description":"nothing for sandboxes"}`)
	assert.Empty(t, k.engine.Retirements())
	k.member(200, "PATCH", "/v2/apps/shop", `{"config":{"A":"2"}}`)
	assert.ElementsMatch(t, []apitest.Retired{{FunctionID: warm, Below: 2}, {FunctionID: cold, Below: 2}}, k.engine.Retirements())
	warmed := k.engine.Warmed()
	require.Len(t, warmed, 2)
	assert.Equal(t, map[string]string{"A": "2"}, warmed[1].AppConfig)

	execution := k.member(200, "POST", "/v2/functions/"+warm+"/invoke", "").Header.Get("Picasso-Execution-Id")
	assert.EqualValues(t, 2, k.member(200, "GET", "/v2/executions/"+execution, "").JSON(t)["revision"], "the cache has forgotten revision 1")
	k.member(204, "DELETE", "/v2/functions/"+warm, "")
	assert.Contains(t, k.engine.Retirements(), apitest.Retired{FunctionID: warm, Below: math.MaxInt64})
}

func TestPages(t *testing.T) {
	k := setup(t)
	names := []string{"a", "b", "c", "d", "e"}
	for _, name := range names {
		k.member(201, "POST", "/v2/apps", `{"name":"`+name+`"}`)
	}
	var seen []string
	path := "/v2/apps?limit=2&sort=name:desc"
	for path != "" {
		page := k.member(200, "GET", path, "").JSON(t)
		for _, app := range page["apps"].([]any) {
			seen = append(seen, app.(map[string]any)["name"].(string))
		}
		path = next(t, page["apps_links"])
	}
	assert.Equal(t, []string{"e", "d", "c", "b", "a"}, seen)
	assert.NotContains(t, k.member(200, "GET", "/v2/apps?limit=5", "").JSON(t), "apps_links")
	assert.Len(t, k.member(200, "GET", "/v2/apps?limit=100000", "").JSON(t)["apps"], 5)
	assert.Len(t, k.member(200, "GET", "/v2/apps?name=c", "").JSON(t)["apps"], 1)
}

// next is the path of the next page, "" after the last.
func next(t *testing.T, links any) string {
	if links == nil {
		return ""
	}
	first := links.([]any)[0].(map[string]any)
	require.Equal(t, "next", first["rel"])
	u, err := url.Parse(first["href"].(string))
	require.NoError(t, err)
	return u.RequestURI()
}

func TestQueryErrors(t *testing.T) {
	k := setup(t)
	for query, detail := range map[string]string{
		"colour=red":          "colour: unknown query key",
		"limit=0":             "limit: must be a whole number of at least 1",
		"limit=x":             "limit: must be a whole number of at least 1",
		"limit=1&limit=2":     "limit: is given more than once",
		"sort=name:up":        "sort: must be a list like name:asc,created_at:desc",
		"sort=":               "sort: must be a list like name:asc,created_at:desc",
		"all_projects=please": "all_projects: must be true or false",
		"%zz=1":               `query: invalid URL escape "%zz"`,
	} {
		assert.Equal(t, detail, errorDetail(t, k.member(400, "GET", "/v2/apps?"+query, "")), query)
	}
	assert.Contains(t, errorDetail(t, k.member(400, "GET", "/v2/apps?sort=colour", "")), "sort")
	assert.Contains(t, errorDetail(t, k.member(400, "GET", "/v2/apps?marker=nobody", "")), "marker")
	k.member(400, "GET", "/v2/apps/shop?verbose=1", "")
	k.member(400, "POST", "/v2/functions/f/invoke?x=1", "")
	for query, detail := range map[string]string{
		"status=fine":                     "status: must be one of queued, running, succeeded, failed, timed_out, cancelled, lost",
		"since=today":                     "since: must be a time like 2026-01-31T12:00:00Z, from 1970 to 9999",
		"since=9999-12-31T23:59:59-01:00": "since: must be a time like 2026-01-31T12:00:00Z, from 1970 to 9999",
		"until=3":                         "until: must be a time like 2026-01-31T12:00:00Z, from 1970 to 9999",
		"function=none":                   `function: there is no function "none"`,
	} {
		assert.Equal(t, detail, errorDetail(t, k.member(400, "GET", "/v2/executions?"+query, "")), query)
	}
}

func TestAFunctionThatCannotBeWarmedHoldsUpNoOther(t *testing.T) {
	k := setup(t)
	k.engine.OnWarm = func(fn *picasso.Function) error {
		if fn.Name == "b" {
			return nil
		}
		return picasso.Errorf(picasso.CodeUnavailable, "host_tags: no compute host has them all")
	}
	k.member(201, "POST", "/v2/apps", `{"name":"shop"}`)
	for _, name := range []string{"a", "b", "c"} {
		k.function(`{"name":"` + name + `","app":"shop","image":"i","min_sandboxes":1}`)
	}
	k.member(200, "PATCH", "/v2/apps/shop", `{"config":{"A":"1"}}`)
	assert.Len(t, k.engine.Retirements(), 3)
	assert.Len(t, k.engine.Warmed(), 6, "when they are made, and when their app is changed")
}

func TestAChangedAppWaitsForADeadEngineOnce(t *testing.T) {
	k := setup(t)
	k.member(201, "POST", "/v2/apps", `{"name":"shop"}`)
	for _, name := range []string{"a", "b", "c"} {
		id := k.function(`{"name":"` + name + `","app":"shop","image":"i"}`)
		k.member(200, "POST", "/v2/functions/"+id+"/invoke", "") // it is in the cache now
	}
	k.engine.Err = picasso.Errorf(picasso.CodeUnavailable, "the engine does not answer")
	k.member(200, "PATCH", "/v2/apps/shop", `{"config":{"A":"1"}}`)
	assert.Len(t, k.engine.Retirements(), 1, "an engine that does not answer is asked once, not for each function")

	k.engine.OnInvoke = func(_ context.Context, call *picasso.Call, _ http.ResponseWriter) picasso.Outcome {
		assert.Equal(t, map[string]string{"A": "1"}, call.Function.AppConfig)
		return apitest.Succeeded(http.StatusOK)
	}
	for _, name := range []string{"a", "b", "c"} {
		k.member(200, "POST", "/v2/functions/shop:"+name+"/invoke", "")
	}
}
