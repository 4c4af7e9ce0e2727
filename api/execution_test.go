package api_test

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api"
)

func TestCancel(t *testing.T) {
	k := setup(t)
	id := k.function(`{"name":"f","image":"i"}`)
	show := func(execution string) map[string]any {
		return k.member(200, "GET", "/v2/executions/"+execution, "").JSON(t)
	}
	queued := k.async("f", "")
	a := k.member(204, "DELETE", "/v2/executions/"+queued, "")
	assert.Equal(t, "cancelled", show(queued)["status"])
	assert.Equal(t, "Cancelled by request "+a.Header.Get("X-Openstack-Request-Id"), show(queued)["reason"])
	assert.NotEmpty(t, show(queued)["finished_at"])
	assert.Empty(t, k.engine.Cancelled(), "no engine has it")

	running := k.async("f", "")
	claimed := k.claim(id)
	k.member(204, "DELETE", "/v2/executions/"+running, "")
	assert.Equal(t, "cancelled", show(running)["status"])
	assert.Equal(t, []string{running}, k.engine.Cancelled())
	lost, err := k.store.Renew(t.Context(), []picasso.Lease{claimed.Lease}, time.Minute)
	require.NoError(t, err)
	assert.Equal(t, []picasso.Lease{claimed.Lease}, lost, "its worker finds out")

	k.engine.Err = io.ErrUnexpectedEOF
	deaf := k.async("f", "")
	k.claim(id)
	k.member(204, "DELETE", "/v2/executions/"+deaf, "")
	assert.Equal(t, "cancelled", show(deaf)["status"], "also when the engine does not answer")
}

func TestWhatHasEndedIsNotCancelled(t *testing.T) {
	k := setup(t)
	id := k.function(`{"name":"f","image":"i"}`)
	synchronous := k.member(200, "POST", "/v2/functions/f/invoke", "").Header.Get("Picasso-Execution-Id")
	for execution, status := range map[string]string{
		synchronous:                             "succeeded",
		k.ended(id, "", picasso.StatusFailed):   "failed",
		k.ended(id, "", picasso.StatusTimedOut): "timed_out",
		k.ended(id, "", picasso.StatusLost):     "lost",
	} {
		a := k.member(409, "DELETE", "/v2/executions/"+execution, "")
		assert.Equal(t, "conflict", errorCode(t, a))
		assert.Contains(t, errorDetail(t, a), status)
		assert.Equal(t, status, k.member(200, "GET", "/v2/executions/"+execution, "").JSON(t)["status"])
	}
	k.member(404, "DELETE", "/v2/executions/"+nobody, "")
	k.member(404, "DELETE", "/v2/executions/f", "")
	queued := k.async("f", "")
	assert.Equal(t, 404, k.as("beta", "member", "DELETE", "/v2/executions/"+queued, "").StatusCode)
	assert.Equal(t, 403, k.as("alpha", "reader", "DELETE", "/v2/executions/"+queued, "").StatusCode)
	assert.Equal(t, 204, k.as("operator", "admin", "DELETE", "/v2/executions/"+queued, "").StatusCode)
}

func TestFiltersOfExecutions(t *testing.T) {
	k := setup(t)
	id := k.function(`{"name":"f","image":"i"}`)
	want := map[string]string{ // by status
		"failed":    k.ended(id, "", picasso.StatusFailed),
		"lost":      k.ended(id, "", picasso.StatusLost),
		"timed_out": k.ended(id, "", picasso.StatusTimedOut),
		"cancelled": k.async("f", ""),
		"succeeded": k.member(200, "POST", "/v2/functions/f/invoke", "").Header.Get("Picasso-Execution-Id"),
	}
	k.member(204, "DELETE", "/v2/executions/"+want["cancelled"], "")
	want["running"] = k.async("f", "")
	k.claim(id)
	want["queued"] = k.async("f", "")
	for status, execution := range want {
		list := k.member(200, "GET", "/v2/executions?status="+status, "").JSON(t)["executions"].([]any)
		require.Len(t, list, 1, status)
		assert.Equal(t, execution, list[0].(map[string]any)["id"], status)
	}
	assert.Len(t, k.member(200, "GET", "/v2/executions", "").JSON(t)["executions"], len(want))
	assert.Empty(t, k.member(200, "GET", "/v2/executions?trigger="+nobody, "").JSON(t)["executions"])
	assert.Equal(t, `trigger: there is no trigger "nightly"`,
		errorDetail(t, k.member(400, "GET", "/v2/executions?trigger=nightly", "")))
}

func TestExecutionsOfAnApp(t *testing.T) {
	k := setup(t)
	apps, executions := map[string]string{}, map[string]string{} // ids by project
	for _, project := range []string{"alpha", "beta"} {
		apps[project] = k.as(project, "member", "POST", "/v2/apps", `{"name":"shop"}`).JSON(t)["id"].(string)
		require.Equal(t, 201, k.as(project, "member", "POST", "/v2/functions", `{"name":"f","app":"shop","image":"i"}`).StatusCode)
		executions[project] = k.as(project, "member", "POST", "/v2/functions/shop:f/invoke", "").Header.Get("Picasso-Execution-Id")
	}
	k.function(`{"name":"f","image":"i"}`)
	k.member(200, "POST", "/v2/functions/f/invoke", "")
	listed := func(role, query string) (ids []string) {
		for _, e := range k.as("alpha", role, "GET", "/v2/executions?app="+query, "").JSON(t)["executions"].([]any) {
			ids = append(ids, e.(map[string]any)["id"].(string))
		}
		return ids
	}
	alpha := []string{executions["alpha"]}
	for _, ref := range []string{"shop", apps["alpha"]} {
		assert.Equal(t, alpha, listed("member", ref))
	}
	assert.Equal(t, alpha, listed("admin", apps["alpha"]+"&all_projects=true"), "not those of another's app of the name")
	assert.Equal(t, []string{executions["beta"]}, listed("admin", apps["beta"]+"&project_id=beta"))
	for _, ref := range []string{"none", nobody, apps["beta"]} {
		assert.Empty(t, listed("admin", ref), ref)
	}
}

func TestResults(t *testing.T) {
	k := setup(t)
	id := k.function(`{"name":"f","image":"i"}`)
	execution := k.async("f", "question")
	path := "/v2/executions/" + execution + "/result"
	assert.Equal(t, "conflict", errorCode(t, k.member(409, "GET", path, "")), "it is queued")
	claimed := k.claim(id)
	assert.Contains(t, errorDetail(t, k.member(409, "GET", path, "")), "running")
	body := "\x00\xff answer \r\n"
	k.end(claimed, picasso.StatusSucceeded, &picasso.Payload{Header: map[string][]string{"Content-Type": {"image/png"}}, Body: []byte(body)})
	a := k.as("alpha", "reader", "GET", path, "")
	assert.Equal(t, 200, a.StatusCode)
	assert.Equal(t, body, a.Text)
	assert.Equal(t, "image/png", a.Header.Get("Content-Type"))
	assert.Equal(t, "200", a.Header.Get("Picasso-Function-Status"))
	assert.Equal(t, 404, k.as("beta", "reader", "GET", path, "").StatusCode)

	unnamed := k.async("f", "")
	k.end(k.claim(id), picasso.StatusSucceeded, &picasso.Payload{Body: []byte("x")})
	a = k.member(200, "GET", "/v2/executions/"+unnamed+"/result", "")
	assert.Equal(t, "application/octet-stream", a.Header.Get("Content-Type"))

	synchronous := k.member(200, "POST", "/v2/functions/f/invoke", "").Header.Get("Picasso-Execution-Id")
	assert.Contains(t, errorDetail(t, k.member(404, "GET", "/v2/executions/"+synchronous+"/result", "")), "the result of")
	for _, none := range []string{k.ended(id, "", picasso.StatusTimedOut), nobody} {
		assert.Equal(t, "not_found", errorCode(t, k.member(404, "GET", "/v2/executions/"+none+"/result", "")))
	}
}

func TestRedrive(t *testing.T) {
	k := setup(t)
	id := k.function(`{"name":"f","image":"i"}`)
	failed := k.ended(id, "the input", picasso.StatusFailed)
	a := k.member(202, "POST", "/v2/executions/"+failed+"/redrive", "")
	e := a.JSON(t)
	assert.Equal(t, k.URL+"/v2/executions/"+e["id"].(string), a.Header.Get("Location"))
	for field, want := range map[string]any{
		"redrive_of": failed, "status": "queued", "attempt": 0.0, "request_id": a.Header.Get("X-Openstack-Request-Id"), "async": true,
	} {
		assert.Equal(t, want, e[field], field)
	}
	assert.Equal(t, e["id"], k.member(200, "GET", "/v2/executions/"+failed, "").JSON(t)["redriven_as"])
	claimed := k.claim(id)
	assert.Equal(t, e["id"], claimed.ID)
	assert.Equal(t, "the input", string(claimed.Input.Body))
	k.end(claimed, picasso.StatusSucceeded, nil)

	synchronous := k.member(200, "POST", "/v2/functions/f/invoke", "").Header.Get("Picasso-Execution-Id")
	for why, execution := range map[string]string{
		"redriven before": failed, "succeeded": claimed.ID, "queued": k.async("f", ""), "synchronous": synchronous,
	} {
		assert.Equal(t, "conflict", errorCode(t, k.member(409, "POST", "/v2/executions/"+execution+"/redrive", "")), why)
	}
	for _, nothing := range []string{nobody, "f"} {
		k.member(404, "POST", "/v2/executions/"+nothing+"/redrive", "")
	}
	again := k.async("f", "")
	k.member(204, "DELETE", "/v2/executions/"+again, "")
	assert.Equal(t, 404, k.as("beta", "member", "POST", "/v2/executions/"+again+"/redrive", "").StatusCode)
	assert.Equal(t, 403, k.as("alpha", "reader", "POST", "/v2/executions/"+again+"/redrive", "").StatusCode)
	assert.Equal(t, 202, k.as("operator", "admin", "POST", "/v2/executions/"+again+"/redrive", "").StatusCode)
}

func TestRedriveOfMany(t *testing.T) {
	k := setup(t)
	id := k.function(`{"name":"f","image":"i"}`)
	other := k.function(`{"name":"g","image":"i"}`)
	k.ended(id, "", picasso.StatusSucceeded)
	k.ended(other, "", picasso.StatusFailed)
	k.member(204, "DELETE", "/v2/executions/"+k.async("f", ""), "") // which nobody wants
	failed := map[string]bool{}
	for range 3 {
		failed[k.ended(id, "", picasso.StatusFailed)] = true
	}
	redrive := func(body string) (ids []any, more bool) {
		answer := k.member(202, "POST", "/v2/executions/redrive", body).JSON(t)
		return answer["executions"].([]any), answer["more"].(bool)
	}
	ids, more := redrive(`{"function":"f","until":"2020-01-01T00:00:00Z"}`)
	assert.Empty(t, ids)
	assert.False(t, more)
	ids, more = redrive(`{"function":"default:f","since":"2020-01-01T00:00:00Z","limit":2}`)
	require.Len(t, ids, 2)
	assert.True(t, more)
	rest, more := redrive(`{"function":"` + id + `","since":null,"limit":null}`)
	require.Len(t, rest, 1)
	assert.False(t, more)
	for _, made := range append(ids, rest...) {
		of := k.member(200, "GET", "/v2/executions/"+made.(string), "").JSON(t)["redrive_of"].(string)
		assert.True(t, failed[of])
		delete(failed, of)
	}
	assert.Empty(t, failed)

	for body, detail := range map[string]string{
		`{}`:                                 "function: is required",
		`{"function":"absent"}`:              `function: there is no function "absent"`,
		`{"function":"f","limit":0}`:         "limit: must be from 1 to 1000",
		`{"function":"f","limit":1001}`:      "limit: must be from 1 to 1000",
		`{"function":"f","since":"today"}`:   "since: must be a time like 2026-01-31T12:00:00Z, from 1970 to 9999",
		`{"function":"f","until":7}`:         "until: must be a time like 2026-01-31T12:00:00Z, from 1970 to 9999",
		`{"function":"f","status":"failed"}`: "status: unknown field",
	} {
		assert.Equal(t, detail, errorDetail(t, k.member(400, "POST", "/v2/executions/redrive", body)), body)
	}
	for _, ref := range []string{"f", id} {
		a := k.as("beta", "member", "POST", "/v2/executions/redrive", `{"function":"`+ref+`"}`)
		assert.Contains(t, errorDetail(t, a), "there is no function")
	}
}

// breaking is a queue that fails in the middle of a redrive of many.
type breaking struct{ picasso.Queue }

func (b breaking) Redrive(ctx context.Context, r picasso.Redrive) ([]picasso.Execution, bool, error) {
	r.Limit = 1
	made, _, _ := b.Queue.Redrive(ctx, r)
	return made, false, picasso.Errorf(picasso.CodeUnavailable, "the database does not answer")
}

func TestARedriveThatBreaksOffTellsWhatItMade(t *testing.T) {
	k := setup(t, func(c *api.Config) { c.Queue = breaking{c.Queue} })
	id := k.function(`{"name":"f","image":"i"}`)
	k.ended(id, "", picasso.StatusFailed)
	answer := k.member(202, "POST", "/v2/executions/redrive", `{"function":"f"}`).JSON(t)
	assert.Len(t, answer["executions"], 1)
	assert.Equal(t, true, answer["more"])
	k.member(503, "POST", "/v2/executions/redrive", `{"function":"f"}`)
}
