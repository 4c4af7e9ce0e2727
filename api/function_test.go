package api_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/apitest"
)

func TestFunctionDefaults(t *testing.T) {
	k := setup(t)
	fn := k.member(201, "POST", "/v2/functions", `{"name":"hello","image":"example.org/hello:1"}`).JSON(t)
	for field, want := range map[string]any{
		"app": "default", "project_id": "alpha", "contract": "fn", "network": "egress", "public": false, "revision": 1.0,
		"memory_mb": 128.0, "tmp_mb": 64.0, "timeout_s": 30.0, "queue_timeout_s": 30.0, "idle_timeout_s": 60.0, "concurrency": 1.0,
		"config": map[string]any{}, "command": []any{}, "entrypoint": []any{},
	} {
		assert.Equal(t, want, fn[field], field)
	}
	assert.True(t, strings.HasPrefix(fn["image_digest"].(string), "example.org/hello:1@sha256:"))
	assert.Equal(t, fn, k.member(200, "GET", "/v2/functions/hello", "").JSON(t))
	assert.Equal(t, fn, k.member(200, "GET", "/v2/functions/default:hello", "").JSON(t))
	assert.Equal(t, fn, k.member(200, "GET", "/v2/functions/default%3Ahello", "").JSON(t))
	assert.Len(t, k.member(200, "GET", "/v2/functions?app=default&name=hello", "").JSON(t)["functions"], 1)
	assert.Len(t, k.member(200, "GET", "/v2/functions?name=other", "").JSON(t)["functions"], 0)
}

func TestFunctionIsRefused(t *testing.T) {
	k := setup(t)
	for body, detail := range map[string]string{
		`{"name":"f","image":"i","memory_mb":"128"}`:          "memory_mb: must be a whole number",
		`{"name":"f","image":"i","memory_mb":1.5}`:            "memory_mb: must be a whole number",
		`{"name":"f","image":"i","memory_mb":4}`:              "memory_mb: must be from 8 to 65536",
		`{"name":"f","image":"i","public":"yes"}`:             "public: must be true or false",
		`{"name":"f","image":"i","cpus":"two"}`:               "cpus: must be a number",
		`{"name":7,"image":"i"}`:                              "name: must be a string",
		`{"name":"f","image":"i","command":"ls"}`:             "command: must be a list of strings",
		`{"name":"f","image":"i","command":["a",null]}`:       "command[1]: must be a string",
		`{"name":"f","image":"i","config":["a"]}`:             "config: must be a JSON object",
		`{"name":"f","image":"i","config":{"A":1}}`:           "config[A]: must be a string",
		`{"name":"f","image":"i","config":{"A":"1","A":"2"}}`: `config: "A" is given twice`,
		`{"name":"f","name":"g","image":"i"}`:                 `body: "name" is given twice`,
		`{"Name":"f","image":"i"}`:                            "Name: unknown field",
		`{"name":"f","image":"i","colour":"red"}`:             "colour: unknown field",
		`{"name":"f","image":"i","id":"x"}`:                   "id: is set by the server",
		`{"name":"f","image":"i","revision":7}`:               "revision: is set by the server",
		`{"name":"f","image":"i","image_digest":"x"}`:         "image_digest: is set by the server",
		`{"name":"f","image":"i","created_at":null}`:          "created_at: is set by the server",
		`{"name":"f"}`:  "image: is required",
		`{"image":"i"}`: "name: is required",
		`{"name":"f","image":"i","app":"absent"}`:      `app: there is no app "absent"`,
		`{"name":"f","image":"i","contract":"lambda"}`: `contract: "lambda" is not one of ["fn" "web" "stdio" "stdio-http"]`,
		``:                            "body: is not valid JSON: it ends too early",
		`{"name":"f"`:                 "body: is not valid JSON: it ends too early",
		`[]`:                          "body: must be a JSON object",
		`null`:                        "body: must be a JSON object",
		`{"name":"f","image":"i"} {}`: "body: has something after the JSON object",
		"{\"name\":\"f\xff\"}":        "body: is not UTF-8",
		`{"name":"f","image":"i","memory_mb":99999999999999999999}`: "memory_mb: must be a whole number",
	} {
		a := k.member(400, "POST", "/v2/functions", body)
		assert.Equal(t, "invalid", errorCode(t, a), body)
		assert.Equal(t, detail, errorDetail(t, a), body)
	}
	assert.Empty(t, k.member(200, "GET", "/v2/functions", "").JSON(t)["functions"], "nothing was stored")
	assert.Empty(t, k.member(200, "GET", "/v2/apps", "").JSON(t)["apps"], "nothing was stored")
}

func TestBodiesThatAreNoJSON(t *testing.T) {
	k := setup(t)
	body := `{"name":"shop"}`
	for _, media := range []string{"text/plain", "application/merge-patch+json", "application/x-www-form-urlencoded", "nonsense/"} {
		assert.Equal(t, "unsupported_media_type", errorCode(t, k.member(415, "POST", "/v2/apps", body, "Content-Type", media)))
	}
	k.member(201, "POST", "/v2/apps", body, "Content-Type", "application/json; charset=utf-8")
	k.member(200, "PATCH", "/v2/apps/shop", `{}`, "Content-Type", "application/merge-patch+json")
	big := `{"description":"` + strings.Repeat("x", 1<<20) + `"}`
	assert.Equal(t, "too_large", errorCode(t, k.member(413, "PATCH", "/v2/apps/shop", big)))
}

func TestImageThatCannotBeHad(t *testing.T) {
	k := setup(t)
	k.engine.OnResolve = func(ref string) (string, error) {
		if ref == "good" {
			return "sha256:1", nil
		}
		return "", picasso.Errorf(picasso.CodeImageUnavailable, "image %q: manifest unknown", ref)
	}
	a := k.member(400, "POST", "/v2/functions", `{"name":"f","image":"bad"}`)
	assert.Equal(t, "image_unavailable", errorCode(t, a))
	assert.Equal(t, `image "bad": manifest unknown`, errorDetail(t, a))
	assert.Empty(t, k.member(200, "GET", "/v2/functions", "").JSON(t)["functions"], "nothing was stored")

	k.function(`{"name":"f","image":"good"}`)
	k.member(400, "PATCH", "/v2/functions/f", `{"image":"bad","description":"x"}`)
	fn := k.member(200, "GET", "/v2/functions/f", "").JSON(t)
	assert.Equal(t, "good", fn["image"])
	assert.Equal(t, "", fn["description"])
}

func TestRevisions(t *testing.T) {
	k := setup(t)
	digest := "sha256:1"
	k.engine.OnResolve = func(string) (string, error) { return digest, nil }
	id := k.function(`{"name":"f","image":"i","config":{"A":"1"}}`)
	steps := []struct {
		patch    string
		digest   string
		revision float64
	}{
		{`{"description":"d"}`, "sha256:1", 1},
		{`{"public":true}`, "sha256:1", 1},
		{`{"memory_mb":256}`, "sha256:1", 2},
		{`{"memory_mb":256}`, "sha256:1", 2},
		{`{"config":{"B":"2"}}`, "sha256:1", 3},
		{`{"timeout_s":5}`, "sha256:2", 4},
		{`{"image":"i"}`, "sha256:2", 5}, // the tag has moved
		{`{"image":"i"}`, "sha256:2", 5},
		{`{"memory_mb":null}`, "sha256:2", 6},
	}
	for _, step := range steps {
		digest = step.digest
		fn := k.member(200, "PATCH", "/v2/functions/"+id, step.patch).JSON(t)
		require.Equal(t, step.revision, fn["revision"], step.patch)
	}
	fn := k.member(200, "GET", "/v2/functions/"+id, "").JSON(t)
	assert.Equal(t, 128.0, fn["memory_mb"])
	assert.Equal(t, map[string]any{"A": "1", "B": "2"}, fn["config"])
	assert.Equal(t, "sha256:2", fn["image_digest"])
	assert.Len(t, k.engine.Retirements(), 5)
	assert.Empty(t, k.engine.Warmed())
}

func TestFunctionMovesToAnotherApp(t *testing.T) {
	k := setup(t)
	k.member(201, "POST", "/v2/apps", `{"name":"shop","config":{"A":"1"}}`)
	id := k.function(`{"name":"f","image":"i","min_sandboxes":1}`)
	moved := k.member(200, "PATCH", "/v2/functions/f", `{"app":"shop","name":"g"}`).JSON(t)
	shop := k.member(200, "GET", "/v2/apps/shop", "").JSON(t)
	assert.Equal(t, shop["id"], moved["app_id"])
	assert.Equal(t, id, k.member(200, "GET", "/v2/functions/shop:g", "").JSON(t)["id"])
	k.member(404, "GET", "/v2/functions/f", "")
	assert.Equal(t, map[string]string{"A": "1"}, k.engine.Warmed()[1].AppConfig)
	assert.Equal(t, `app: there is no app "absent"`, errorDetail(t, k.member(400, "PATCH", "/v2/functions/"+id, `{"app":"absent"}`)))
}

func TestEngineThatFailsAfterTheWriteIsOnlyLogged(t *testing.T) {
	k := setup(t)
	k.engine.Err = errors.New("engine is gone")
	k.function(`{"name":"f","image":"i","min_sandboxes":1}`)
	k.member(200, "PATCH", "/v2/functions/f", `{"memory_mb":256}`)
	k.member(204, "DELETE", "/v2/functions/f", "")
	assert.Len(t, k.engine.Retirements(), 2)
	var logged []string
	for _, entry := range k.Log.AllEntries() {
		logged = append(logged, entry.Message)
	}
	assert.Contains(t, logged, "function could not be warmed")
	assert.Contains(t, logged, "sandboxes could not be retired")
}

func TestDeletedFunction(t *testing.T) {
	k := setup(t)
	id := k.function(`{"name":"f","image":"i"}`)
	execution := k.member(200, "POST", "/v2/functions/f/invoke", "x").Header.Get("Picasso-Execution-Id")
	k.member(204, "DELETE", "/v2/functions/f", "")
	for _, ref := range []string{"f", id} {
		k.member(404, "POST", "/v2/functions/"+ref+"/invoke", "")
	}
	k.member(404, "GET", "/f/"+id, "")
	k.member(200, "GET", "/v2/executions/"+execution, "")
	assert.Len(t, k.member(200, "GET", "/v2/executions?function="+id, "").JSON(t)["executions"], 1)

	again := k.function(`{"name":"f","image":"i"}`)
	k.member(200, "POST", "/v2/functions/f/invoke", "")
	assert.Len(t, k.member(200, "GET", "/v2/executions?function=f", "").JSON(t)["executions"], 1)
	assert.NotEqual(t, id, again)
	assert.Equal(t, []apitest.Retired{{FunctionID: id, Below: 1<<63 - 1}}, k.engine.Retirements())
}
