package api_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api"
	"github.com/picasso-faas/picasso/api/apitest"
)

const secret = "sixteen bytes and more"

// hooks are triggers of all kinds of project alpha, by what they are called here: their paths.
func (k *kit) hooks() map[string]string {
	k.t.Helper()
	paths := map[string]string{"nobody": "/hooks/" + nobody, "name": "/hooks/token"}
	for name, block := range map[string]string{
		"token": `{"secret":"` + secret + `"}`, "hmac": `{"auth":"hmac","secret":"` + secret + `"}`, "keystone": `{"auth":"keystone"}`,
	} {
		paths[name] = "/hooks/" + k.trigger(name, "webhook", block, "")["id"].(string)
	}
	paths["alarm"] = "/hooks/" + k.trigger("alarm", "alarm", `{"alarm_id":"a1"}`, "")["id"].(string)
	paths["swift"] = "/hooks/" + k.trigger("swift", "swift", `{"container":"c"}`, "")["id"].(string)
	return paths
}

func sign(body, key string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

const alarmBody = `{"alarm_id":"a1","alarm_name":"hot","severity":"low","previous":"ok","current":"alarm","reason":"r","reason_data":{}}`

func TestWhoFiresWhat(t *testing.T) {
	k := setupWithF(t)
	paths := k.hooks()
	const body = `{"x":1}`
	keystone := func(project, roles string) []string {
		return []string{"X-Auth-Token", "t", "X-Project-Id", project, "X-Roles", roles}
	}
	for _, tt := range []struct {
		why, hook, query, body string
		headers                []string
		status                 int
	}{
		{"bearer", "token", "", body, []string{"Authorization", "Bearer " + secret}, 202},
		{"bearer, in small letters", "token", "", body, []string{"Authorization", "bearer " + secret}, 202},
		{"in the query", "token", "?token=" + url.QueryEscape(secret), body, nil, 202},
		{"among other keys", "token", "?a=b&token=" + url.QueryEscape(secret), body, nil, 202},
		{"a wrong one", "token", "?token=wrong", body, nil, 401},
		{"the hash is no secret", "token", "?token=" + fmt.Sprintf("%x", sha256.Sum256([]byte(secret))), body, nil, 401},
		{"a wrong header beats the query", "token", "?token=" + url.QueryEscape(secret), body, []string{"Authorization", "Bearer wrong"}, 401},
		{"none", "token", "", body, nil, 401},
		{"a token of Keystone is another thing", "token", "", body, keystone("alpha", "member"), 401},
		{"of another project", "token", "", body, keystone("beta", "member"), 404},
		{"signed", "hmac", "", body, []string{"X-Hub-Signature-256", sign(body, secret)}, 202},
		{"signed, in capitals", "hmac", "", body, []string{"X-Hub-Signature-256", "sha256=" + strings.ToUpper(sign(body, secret)[7:])}, 202},
		{"nothing signed", "hmac", "", "", []string{"X-Hub-Signature-256", sign("", secret)}, 202},
		{"another body", "hmac", "", body + " ", []string{"X-Hub-Signature-256", sign(body, secret)}, 401},
		{"another key", "hmac", "", body, []string{"X-Hub-Signature-256", sign(body, "x")}, 401},
		{"half a signature", "hmac", "", body, []string{"X-Hub-Signature-256", sign(body, secret)[:20]}, 401},
		{"no hexadecimal", "hmac", "", body, []string{"X-Hub-Signature-256", "sha256=" + strings.Repeat("z", 64)}, 401},
		{"no algorithm", "hmac", "", body, []string{"X-Hub-Signature-256", sign(body, secret)[7:]}, 401},
		{"the secret itself", "hmac", "?token=" + url.QueryEscape(secret), body, nil, 401},
		{"a member", "keystone", "", body, keystone("alpha", "member"), 202},
		{"an admin of another project", "keystone", "", body, keystone("operators", "admin"), 202},
		{"a reader", "keystone", "", body, keystone("alpha", "reader"), 403},
		{"a member of another project", "keystone", "", body, keystone("beta", "member"), 404},
		{"nobody", "keystone", "", body, nil, 401},
		{"Aodh", "alarm", "", alarmBody, keystone("alpha", "member"), 202},
		{"not Aodh", "alarm", "", alarmBody, nil, 401},
		{"what Aodh does not send", "alarm", "", body, keystone("alpha", "member"), 400},
		{"no hook", "swift", "", body, keystone("alpha", "member"), 404},
		{"no hook, and nobody", "swift", "", body, nil, 401},
		{"no trigger", "nobody", "", body, keystone("alpha", "member"), 404},
		{"no trigger, and nobody", "nobody", "", body, nil, 401},
		{"no trigger, and a reader", "nobody", "", body, keystone("alpha", "reader"), 403},
		{"names are nobody's in particular", "name", "", body, keystone("alpha", "member"), 404},
	} {
		a := k.Do("POST", paths[tt.hook]+tt.query, tt.body, tt.headers...)
		assert.Equal(t, tt.status, a.StatusCode, "%s: %s: %s", tt.hook, tt.why, a.Text)
		if tt.status == 401 {
			assert.Equal(t, `Keystone uri="http://keystone.example.org"`, a.Header.Get("WWW-Authenticate"))
		}
	}
	for _, line := range k.Log.AllEntries() {
		text, err := json.Marshal(line.Data)
		require.NoError(t, err)
		assert.NotContains(t, string(text)+line.Message, "sixteen")
	}
}

func TestHooksThatExistAnswerStrangersAsThoseThatDoNot(t *testing.T) {
	k := setupWithF(t)
	paths := k.hooks()
	delete(paths, "name") // the answer has it
	answer := func(path string, headers ...string) string {
		a := k.Do("POST", path, "{}", headers...)
		return strings.ReplaceAll(strings.ReplaceAll(a.Text, a.Header.Get("X-Openstack-Request-Id"), "ID"), strings.TrimPrefix(path, "/hooks/"), "TRIGGER")
	}
	for _, headers := range [][]string{
		nil, {"Authorization", "Bearer x"}, {"X-Hub-Signature-256", sign("{}", "x")}, {"X-Auth-Token", "t", "X-Project-Id", "beta", "X-Roles", "member"},
	} {
		want := answer(paths["nobody"], headers...)
		for name, path := range paths {
			assert.Equal(t, want, answer(path, headers...), "%s, %s", name, headers)
		}
	}
}

func TestWhatAHookQueues(t *testing.T) {
	k := setupWithF(t)
	paths := k.hooks()
	fn := k.member(200, "GET", "/v2/functions/f", "").JSON(t)["id"].(string)
	a := k.Do("POST", paths["token"], `{"x":1}`, "Authorization", "Bearer "+secret, "Content-Type", "application/json", "X-Mine", "1")
	require.Equal(t, 202, a.StatusCode, a.Text)
	e := a.JSON(t)
	assert.Equal(t, k.URL+"/v2/executions/"+e["id"].(string), a.Header.Get("Location"))
	assert.Equal(t, e["id"], a.Header.Get("Picasso-Execution-Id"))
	assert.Equal(t, a.Header.Get("X-Openstack-Request-Id"), e["request_id"])
	assert.Equal(t, strings.TrimPrefix(paths["token"], "/hooks/"), e["trigger_id"])
	assert.Equal(t, "queued", e["status"])
	assert.Contains(t, k.metrics(), "picasso_async_calls_accepted_total 1\n")
	assert.Equal(t, e, k.member(200, "GET", "/v2/executions/"+e["id"].(string), "").JSON(t))

	var event map[string]any
	require.NoError(t, json.Unmarshal(k.claim(fn).Input.Body, &event))
	assert.Equal(t, "org.openstack.functions.webhook", event["type"])
	assert.Equal(t, map[string]any{"x": 1.0}, event["data"])
}

func TestAnAlarmInAnotherStateAsksForNothing(t *testing.T) {
	k := setupWithF(t)
	path := k.hooks()["alarm"]
	body := strings.Replace(alarmBody, `"current":"alarm"`, `"current":"ok"`, 1)
	a := k.member(202, "POST", path, body)
	assert.Equal(t, "{}\n", a.Text)
	assert.Empty(t, a.Header.Get("Location"))
	assert.Empty(t, k.member(200, "GET", "/v2/executions", "").JSON(t)["executions"])
}

func TestAHookFiresOnceForAKey(t *testing.T) {
	k := setupWithF(t)
	path := k.hooks()["token"] + "?token=" + url.QueryEscape(secret)
	first := k.Do("POST", path, "a", "Idempotency-Key", "k").JSON(t)
	assert.Equal(t, first, k.Do("POST", path, "a", "Idempotency-Key", "k").JSON(t))
	assert.Equal(t, 409, k.Do("POST", path, "b", "Idempotency-Key", "k").StatusCode)
	assert.Equal(t, 400, k.Do("POST", path, "a", "Idempotency-Key", "").StatusCode)
	long := strings.Repeat("k", 255)
	assert.Equal(t, long, k.Do("POST", path, "a", "Idempotency-Key", long).JSON(t)["event_id"])
	assert.NotEqual(t, first["id"], k.Do("POST", path, "a").JSON(t)["id"])
	assert.Contains(t, k.metrics(), "picasso_async_calls_accepted_total 3\n")
}

func TestHooksThatDoNotFire(t *testing.T) {
	k := setupWithF(t)
	path := k.hooks()["token"]
	fire := func(body string) apitest.Answer { return k.Do("POST", path, body, "Authorization", "Bearer "+secret) }
	assert.Equal(t, 202, fire(strings.Repeat("x", 1<<20)).StatusCode)
	a := fire(strings.Repeat("x", 1<<20+1))
	assert.Equal(t, 413, a.StatusCode)
	assert.Equal(t, "body: is longer than 1048576 bytes", errorDetail(t, a))

	k.member(200, "PATCH", "/v2/triggers/token", `{"enabled":false}`)
	a = fire("x")
	assert.Equal(t, 409, a.StatusCode)
	assert.Equal(t, `enabled: is false, trigger "token" is disabled`, errorDetail(t, a))
	assert.Equal(t, 401, k.Do("POST", path, "x").StatusCode, "which is nobody's business")
	k.member(200, "PATCH", "/v2/triggers/token", `{"enabled":true,"webhook":{"secret":"another one, as long"}}`)
	assert.Equal(t, 401, fire("x").StatusCode)
	k.member(204, "DELETE", "/v2/triggers/token", "")
	assert.Equal(t, 401, fire("x").StatusCode)
	assert.Equal(t, 405, k.Do("GET", path, "").StatusCode)
}

func TestMemoryOfHooksIsBounded(t *testing.T) {
	k := setupWithF(t, func(c *api.Config) { c.MaxRequestBytes = 1000 })
	path := k.hooks()["token"]
	a := k.Do("POST", path, strings.Repeat("x", 1001), "Authorization", "Bearer "+secret)
	assert.Equal(t, 413, a.StatusCode)
	require.True(t, k.API.TakeBodies("alpha", 32<<20), "all that a project may have")
	a = k.Do("POST", path, "x", "Authorization", "Bearer "+secret)
	assert.Equal(t, 429, a.StatusCode, a.Text)
}

// unanswered is a store of triggers that does not answer.
type unanswered struct{ picasso.TriggerStore }

func (unanswered) Trigger(context.Context, string, string) (*picasso.Trigger, error) {
	return nil, picasso.Errorf(picasso.CodeUnavailable, "the database does not answer")
}

func TestHooksWithoutADatabase(t *testing.T) {
	k := setup(t, func(c *api.Config) { c.Triggers = unanswered{c.Triggers} })
	for _, headers := range [][]string{nil, {"X-Auth-Token", "t"}} {
		assert.Equal(t, 503, k.Do("POST", "/hooks/"+uuid.NewString(), "x", headers...).StatusCode, "401 or not is unknown")
	}
	assert.Equal(t, 401, k.Do("POST", "/hooks/x", "x").StatusCode, "which is no id")
	assert.Equal(t, http.StatusServiceUnavailable, k.Do("POST", "/hooks/"+nobody, "x", "Authorization", "Bearer x").StatusCode)
}
