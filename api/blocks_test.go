package api_test

import (
	"encoding/json"
	"maps"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/api"
)

// trigger creates a trigger of function f in project alpha, of which a member has the user id "ann".
func (k *kit) trigger(name, kind, block, more string) map[string]any {
	k.t.Helper()
	body := `{"name":"` + name + `","function":"f","type":"` + kind + `","` + kind + `":` + block + more + `}`
	return k.member(201, "POST", "/v2/triggers", body, "X-User-Id", "ann").JSON(k.t)
}

// setupWithF starts a kit with a function f in project alpha.
func setupWithF(t *testing.T, options ...func(*api.Config)) *kit {
	k := setup(t, options...)
	k.function(`{"name":"f","image":"i"}`)
	return k
}

func withoutKeystone(c *api.Config) { c.Delegator = nil }

func parse(t *testing.T, text string) (value any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), &value))
	return value
}

func TestBlocksOfTriggers(t *testing.T) {
	k := setupWithF(t)
	for _, tt := range []struct{ kind, created, shown, patch, changed string }{
		{"swift", `{"container":"photos"}`, `{"container":"photos","events":["created","copied"],"prefix":"","suffix":"","verify":true}`,
			`{"events":["deleted"],"prefix":"in/","suffix":".jpg","verify":false}`,
			`{"container":"photos","events":["deleted"],"prefix":"in/","suffix":".jpg","verify":false}`},
		{"swift", `{"container":"c","events":["metadata"],"prefix":"x","verify":false}`,
			`{"container":"c","events":["metadata"],"prefix":"x","suffix":"","verify":false}`,
			`{"events":null,"prefix":null,"verify":null}`, `{"container":"c","events":["created","copied"],"prefix":"","suffix":"","verify":true}`},
		{"notification", `{"event_type":"compute.instance.*"}`,
			`{"event_type":"compute.instance.*","exchange":"","topic":"","filter":{},"all_projects":false}`,
			`{"exchange":"nova","filter":{"payload.state":"active"}}`,
			`{"event_type":"compute.instance.*","exchange":"nova","topic":"","filter":{"payload.state":"active"},"all_projects":false}`},
		{"notification", `{"event_type":"a","topic":"t","filter":{"payload.size":{"gt":5},"payload.name":["a","b"]}}`,
			`{"event_type":"a","exchange":"","topic":"t","filter":{"payload.size":{"gt":5},"payload.name":["a","b"]},"all_projects":false}`,
			`{"filter":{"payload.size":{"lt":9},"payload.name":null}}`,
			`{"event_type":"a","exchange":"","topic":"t","filter":{"payload.size":{"gt":5,"lt":9}},"all_projects":false}`},
		{"alarm", `{}`, `{"alarm_id":"","alarm_name":"","states":["alarm"]}`,
			`{"alarm_name":"hot","states":["ok","insufficient data"]}`, `{"alarm_id":"","alarm_name":"hot","states":["ok","insufficient data"]}`},
		{"webhook", `{"auth":"keystone"}`, `{"auth":"keystone"}`, `{}`, `{"auth":"keystone"}`},
	} {
		made := k.trigger("t", tt.kind, tt.created, "")
		assert.Equal(t, parse(t, tt.shown), made[tt.kind], tt.created)
		assert.Equal(t, made, k.member(200, "GET", "/v2/triggers/t", "").JSON(t))
		assert.Equal(t, "active", made["state"])
		assert.Equal(t, "", made["error"])
		assert.Equal(t, []any{}, made["delegate_roles"])
		assert.NotContains(t, made, "clock", "only schedules have one")
		changed := k.member(200, "PATCH", "/v2/triggers/t", `{"`+tt.kind+`":`+tt.patch+`}`).JSON(t)
		assert.Equal(t, parse(t, tt.changed), changed[tt.kind], tt.patch)
		assert.Equal(t, changed, k.member(200, "GET", "/v2/triggers/t", "").JSON(t))
		assert.Len(t, k.member(200, "GET", "/v2/triggers?type="+tt.kind, "").JSON(t)["triggers"], 1)
		assert.Equal(t, tt.kind+": is required with type "+tt.kind,
			errorDetail(t, k.member(400, "PATCH", "/v2/triggers/t", `{"`+tt.kind+`":null}`)))
		k.member(204, "DELETE", "/v2/triggers/t", "")
	}
}

func TestBlocksThatAreRefused(t *testing.T) {
	k := setupWithF(t)
	for block, detail := range map[[2]string]string{
		{"swift", `{}`}:                                                "swift.container: must have from 1 to 256 bytes and no '/'",
		{"swift", `{"container":"a/b"}`}:                               "swift.container: must have from 1 to 256 bytes and no '/'",
		{"swift", `{"verify":"yes"}`}:                                  "swift.verify: must be true or false",
		{"swift", `{"events":"created"}`}:                              "swift.events: must be a list of strings",
		{"swift", `{"bucket":"b"}`}:                                    "swift.bucket: unknown field",
		{"notification", `{}`}:                                         "notification.event_type: is required",
		{"notification", `{"filter":["a"]}`}:                           "notification.filter: must be a JSON object",
		{"notification", `{"filter":{"a":{"gt":1,"gt":2}}}`}:           `notification.filter[a]: "gt" is given twice`,
		{"alarm", `{"alarm_id":"a","alarm_name":"b"}`}:                 "alarm: either alarm_id or alarm_name can be set",
		{"webhook", `{"auth":"basic"}`}:                                `webhook.auth: "basic" is not one of ["keystone" "hmac" "token"]`,
		{"webhook", `{"secret":"short"}`}:                              "webhook.secret: must have from 16 to 1024 bytes",
		{"webhook", `{"auth":"keystone","secret":"0123456789abcdef"}`}: "webhook.secret: is not for auth keystone",
	} {
		body := `{"name":"t","function":"f","type":"` + block[0] + `","` + block[0] + `":` + block[1] + `}`
		assert.Equal(t, detail, errorDetail(t, k.member(400, "POST", "/v2/triggers", body)), block[1])
	}
	a := k.member(400, "POST", "/v2/triggers",
		`{"name":"t","function":"f","type":"notification","notification":{"event_type":"a","filter":{"payload.a":{"like":"x"}}}}`)
	assert.Contains(t, errorDetail(t, a), "notification.filter")
	assert.Zero(t, k.trusts.Made())
}

func TestNotificationsOfAllProjectsTakeARule(t *testing.T) {
	k := setupWithF(t)
	body := `{"name":"all","function":"f","type":"notification","notification":{"event_type":"identity.*","all_projects":true}}`
	assert.Contains(t, errorDetail(t, k.member(403, "POST", "/v2/triggers", body)), "functions:trigger:all_projects")
	require.Equal(t, 201, k.as("alpha", "admin,member", "POST", "/v2/triggers", body).StatusCode)
	for patch, status := range map[string]int{
		`{"name":"every"}`: 200, `{"enabled":false}`: 200, `{"function":"f"}`: 403, `{"input_template":"x"}`: 403,
		`{"notification":{"event_type":"*"}}`: 403, `{"notification":{"all_projects":false}}`: 200, `{"notification":{"all_projects":true}}`: 403,
	} {
		id := k.member(200, "GET", "/v2/triggers", "").JSON(t)["triggers"].([]any)[0].(map[string]any)["id"].(string)
		k.member(status, "PATCH", "/v2/triggers/"+id, patch)
		require.Equal(t, 200, k.as("alpha", "admin", "PATCH", "/v2/triggers/"+id, body).StatusCode, "as it was")
	}
}

// Who may not have such a trigger must not say what its function runs, either.
func TestFunctionsOfAllProjectsTakeTheRule(t *testing.T) {
	k := setup(t)
	k.member(201, "POST", "/v2/apps", `{"name":"watch"}`)
	k.function(`{"name":"f","app":"watch","image":"i"}`)
	body := `{"name":"all","function":"watch:f","type":"notification","notification":{"event_type":"identity.*","all_projects":true}}`
	require.Equal(t, 201, k.as("alpha", "admin,member", "POST", "/v2/triggers", body).StatusCode)
	for patch, path := range map[string]string{
		`{"image":"other"}`: "/v2/functions/watch:f", `{"config":{"LD_PRELOAD":"other"}}`: "/v2/apps/watch",
		`{"on_success":"f"}`: "/v2/functions/watch:f", `{"on_failure":"https://elsewhere.example.org/"}`: "/v2/functions/watch:f",
	} {
		assert.Contains(t, errorDetail(t, k.member(403, "PATCH", path, patch)), "functions:trigger:all_projects")
		require.Equal(t, 200, k.as("alpha", "admin,member", "PATCH", path, patch).StatusCode)
	}
	k.member(200, "PATCH", "/v2/functions/watch:f", `{"description":"harmless"}`)
}

func TestATriggerInError(t *testing.T) {
	k := setupWithF(t)
	made := k.trigger("t", "swift", `{"container":"c"}`, "")
	fail := func() { k.fail(t, "t") }
	fail()
	broken := k.member(200, "GET", "/v2/triggers/t", "").JSON(t)
	assert.Equal(t, "error", broken["state"])
	assert.Equal(t, "the trust is gone", broken["error"])
	first := maps.Clone(k.trusts.Trusts())

	mended := k.member(200, "PATCH", "/v2/triggers/t", `{}`, "X-User-Id", "ann").JSON(t)
	assert.Equal(t, "active", mended["state"])
	assert.Equal(t, "", mended["error"])
	assert.Equal(t, made["id"], mended["id"])
	assert.Equal(t, 2, k.trusts.Made(), "it may have been the trust")
	assert.NotEqual(t, first, k.trusts.Trusts())
	fail()
	k.member(200, "PATCH", "/v2/triggers/t", `{"enabled":false}`, "X-User-Id", "bob")
	assert.Equal(t, 2, k.trusts.Made(), "who pauses it need not be able to delegate")
}

func TestAScheduleInErrorGoesOnWhenItIsUpdated(t *testing.T) {
	k := setupWithF(t)
	due := nextRun(k.trigger("t", "schedule", `{"every_s":60}`, ""))
	k.fail(t, "t")
	assert.Nil(t, nextRun(k.member(200, "GET", "/v2/triggers/t", "").JSON(t)))
	assert.Equal(t, due, nextRun(k.member(200, "PATCH", "/v2/triggers/t", `{}`).JSON(t)))
}

// fail puts a trigger of alpha into error, as what runs it does.
func (k *kit) fail(t *testing.T, name string) {
	t.Helper()
	stored, err := k.store.Trigger(t.Context(), "alpha", name)
	require.NoError(t, err)
	require.NoError(t, k.store.FailTrigger(t.Context(), stored.ID, stored.UpdatedAt, "the trust is gone"))
}

func TestURLsOfTriggers(t *testing.T) {
	k := setupWithF(t, func(c *api.Config) { c.PublicEndpoint = "https://api.example.org/faas/" })
	for kind, block := range map[string]string{
		"alarm": `{}`, "webhook": `{"auth":"keystone"}`, "swift": `{"container":"c"}`, "notification": `{"event_type":"a"}`, "schedule": `{"every_s":60}`,
	} {
		made := k.trigger(kind, kind, block, "")
		url := "https://api.example.org/faas/hooks/" + made["id"].(string)
		switch kind {
		case "alarm":
			assert.Equal(t, url, made["url"])
			assert.Equal(t, "trust+"+url, made["alarm_action"])
		case "webhook":
			assert.Equal(t, url, made["url"])
			assert.NotContains(t, made, "alarm_action")
		default:
			assert.NotContains(t, made, "url", kind)
			assert.NotContains(t, made, "alarm_action", kind)
		}
	}
}

func TestSecretsAreShownOnce(t *testing.T) {
	made := 0
	k := setupWithF(t, func(c *api.Config) {
		c.NewSecret = func() string { made++; return "secret/0123456789+" + string(rune('0'+made)) }
	})
	const url = "/hooks/"
	secret := func(trigger map[string]any) any { return trigger["webhook"].(map[string]any)["secret"] }
	shown := k.trigger("t", "webhook", `{}`, "")
	assert.Equal(t, "secret/0123456789+1", secret(shown))
	assert.Equal(t, k.URL+url+shown["id"].(string)+"?token=secret%2F0123456789%2B1", shown["url"])
	stored := func() string {
		t.Helper()
		trigger, err := k.store.Trigger(t.Context(), "alpha", "t")
		require.NoError(t, err)
		assert.Empty(t, trigger.Webhook.Secret)
		return trigger.Secret
	}
	assert.Regexp(t, "^[0-9a-f]{64}$", stored(), "its hash")

	before := stored()
	for patch, want := range map[string]any{
		`{"webhook":{"secret":null}}`: "secret/0123456789+2",
		`{"webhook":{"secret":""}}`:   "secret/0123456789+2",
		`{"webhook":{}}`:              nil, `{"enabled":true}`: nil, `{"webhook":{"auth":"token"}}`: nil,
		`{"webhook":{"secret":"this is one of mine"}}`: nil,
	} {
		made = 1
		changed := k.member(200, "PATCH", "/v2/triggers/t", patch).JSON(t)
		assert.Equal(t, want, secret(changed), patch)
		if want == nil {
			assert.Equal(t, k.URL+url+shown["id"].(string), changed["url"], patch)
		}
		again := k.member(200, "GET", "/v2/triggers/t", "")
		assert.NotContains(t, again.Text, "secret", patch)
		before = stored()
	}

	signing := k.member(200, "PATCH", "/v2/triggers/t", `{"webhook":{"auth":"hmac"}}`).JSON(t)
	assert.Equal(t, stored(), secret(signing), "the hash of the old one is no secret; to check a signature takes the secret itself")
	assert.NotEqual(t, before, stored())
	assert.Equal(t, k.URL+url+shown["id"].(string), signing["url"], "a signature is not in the URL")
	assert.Nil(t, secret(k.member(200, "PATCH", "/v2/triggers/t", `{"webhook":{"auth":"hmac","secret":"this is one of mine"}}`).JSON(t)))
	assert.Equal(t, "this is one of mine", stored())
	k.member(200, "PATCH", "/v2/triggers/t", `{"webhook":{"auth":"keystone","secret":null}}`)
	assert.Empty(t, stored())
	for _, line := range k.Log.AllEntries() {
		assert.NotContains(t, line.Message, "secret/")
	}
}
