package api_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api"
)

// clock is a time that tests set.
type clock struct{ now time.Time }

func (c *clock) set(text string) {
	c.now, _ = time.Parse(time.RFC3339, text)
}

// setupAt starts a kit at noon of 22 November 2026, a Sunday.
func setupAt(t *testing.T) (*kit, *clock) {
	c := &clock{}
	c.set("2026-11-22T12:00:00Z")
	k := setup(t, func(cfg *api.Config) { cfg.Now = func() time.Time { return c.now } })
	k.function(`{"name":"f","image":"i"}`)
	return k, c
}

func nextRun(trigger map[string]any) any { return trigger["clock"].(map[string]any)["next_run_at"] }

func TestTriggerLifeCycle(t *testing.T) {
	k, c := setupAt(t)
	created := k.member(201, "POST", "/v2/triggers",
		`{"name":"nightly","function":"f","type":"schedule","schedule":{"cron":"0 3 * * *","timezone":"Europe/Berlin"}}`)
	trigger := created.JSON(t)
	id := trigger["id"].(string)
	assert.Equal(t, k.URL+"/v2/triggers/"+id, created.Header.Get("Location"))
	for field, want := range map[string]any{
		"project_id": "alpha", "name": "nightly", "function": "default:f", "type": "schedule", "enabled": true, "input_template": "",
		"schedule": map[string]any{
			"cron": "0 3 * * *", "timezone": "Europe/Berlin", "max_runs": 0.0, "overlap": "allow", "catch_up": "last"},
		"clock":      map[string]any{"next_run_at": "2026-11-23T02:00:00.000000Z", "runs": 0.0},
		"created_at": "2026-11-22T12:00:00.000000Z",
	} {
		assert.Equal(t, want, trigger[field], field)
	}
	assert.Equal(t, k.member(200, "GET", "/v2/functions/f", "").JSON(t)["id"], trigger["function_id"])
	for _, ref := range []string{id, "nightly"} {
		assert.Equal(t, trigger, k.member(200, "GET", "/v2/triggers/"+ref, "").JSON(t))
	}

	c.set("2026-11-22T13:00:00Z")
	k.function(`{"name":"g","image":"i"}`)
	patched := k.member(200, "PATCH", "/v2/triggers/nightly",
		`{"name":"hourly","function":"g","input_template":"${time}","schedule":{"cron":null,"timezone":null,"every_s":3600,"max_runs":5}}`).JSON(t)
	assert.Equal(t, "hourly", patched["name"])
	assert.Equal(t, "default:g", patched["function"])
	assert.Equal(t, "${time}", patched["input_template"])
	assert.Equal(t, map[string]any{"every_s": 3600.0, "timezone": "UTC", "max_runs": 5.0, "overlap": "allow", "catch_up": "last"}, patched["schedule"])
	assert.Equal(t, "2026-11-22T14:00:00.000000Z", nextRun(patched), "counted from the creation, and not now")
	assert.Equal(t, patched, k.member(200, "GET", "/v2/triggers/hourly", "").JSON(t))
	k.member(404, "GET", "/v2/triggers/nightly", "")

	k.member(204, "DELETE", "/v2/triggers/hourly", "")
	k.member(404, "DELETE", "/v2/triggers/"+id, "")
}

func TestAPausedScheduleDoesNotCatchUp(t *testing.T) {
	k, c := setupAt(t)
	k.member(201, "POST", "/v2/triggers", `{"name":"t","function":"f","type":"schedule","schedule":{"every_s":60}}`)
	patch := func(body string) map[string]any { return k.member(200, "PATCH", "/v2/triggers/t", body).JSON(t) }
	c.set("2026-11-22T12:00:30Z")
	assert.Equal(t, "2026-11-22T12:01:00.000000Z", nextRun(patch(`{"input_template":"x"}`)), "nothing about the clock")
	assert.Nil(t, nextRun(patch(`{"enabled":false}`)), "it does not run")
	c.set("2026-11-22T15:30:10Z")
	assert.Nil(t, nextRun(patch(`{"schedule":{"every_s":120}}`)))
	assert.Equal(t, "2026-11-22T15:32:00.000000Z", nextRun(patch(`{"enabled":true}`)))
}

func TestTheEndOfASchedule(t *testing.T) {
	k, c := setupAt(t)
	k.member(201, "POST", "/v2/triggers", `{"name":"once","function":"f","type":"schedule","schedule":{"at":"2026-11-22T13:30:00+01:00"}}`)
	trigger := k.member(200, "GET", "/v2/triggers/once", "").JSON(t)
	assert.Equal(t, "2026-11-22T12:30:00.000000Z", trigger["schedule"].(map[string]any)["at"])
	assert.Equal(t, "2026-11-22T12:30:00.000000Z", nextRun(trigger))
	k.member(200, "PATCH", "/v2/triggers/once", `{"enabled":false}`)
	c.set("2026-11-22T13:00:00Z")
	assert.Nil(t, nextRun(k.member(200, "PATCH", "/v2/triggers/once", `{"enabled":true}`).JSON(t)), "its time has passed")

	k.member(201, "POST", "/v2/triggers", `{"name":"few","function":"f","type":"schedule","schedule":{"every_s":60,"max_runs":2}}`)
	k.fire("few", picasso.Clock{Runs: 2})
	few := k.member(200, "PATCH", "/v2/triggers/few", `{"schedule":{"overlap":"skip"}}`).JSON(t)
	assert.Nil(t, nextRun(few), "it has run often enough")
	assert.Equal(t, 2.0, few["clock"].(map[string]any)["runs"])
	assert.NotNil(t, nextRun(k.member(200, "PATCH", "/v2/triggers/few", `{"schedule":{"max_runs":3}}`).JSON(t)))
}

func TestTriggersThatAreRefused(t *testing.T) {
	k, _ := setupAt(t)
	with := func(more string) string { return `{"name":"t","function":"f","type":"schedule",` + more + `}` }
	for body, detail := range map[string]string{
		`{"function":"f","type":"schedule","schedule":{"every_s":1}}`:                 "name: is required",
		`{"name":"t","type":"schedule","schedule":{"every_s":1}}`:                     "function: is required",
		`{"name":"t","function":"absent","type":"schedule","schedule":{"every_s":1}}`: `function: there is no function "absent"`,
		`{"name":"t","function":"f","schedule":{"every_s":1}}`:                        `type: "" is not one of ["swift" "notification" "alarm" "schedule" "webhook"]`,
		`{"name":"t","function":"f","type":"comet","schedule":{"every_s":1}}`:         `type: "comet" is not one of ["swift" "notification" "alarm" "schedule" "webhook"]`,
		`{"name":"t","function":"f","type":"schedule"}`:                               "schedule: is required with type schedule",
		with(`"schedule":{}`):                                             "schedule: exactly one of cron, every_s (from 1 to 31536000) and at is required",
		with(`"schedule":{"every_s":0}`):                                  "schedule: exactly one of cron, every_s (from 1 to 31536000) and at is required",
		with(`"schedule":{"every_s":60,"cron":"@daily"}`):                 "schedule: exactly one of cron, every_s and at is required",
		with(`"schedule":{"every_s":-1}`):                                 "schedule.every_s: must be from 1 to 31536000",
		with(`"schedule":{"every_s":"1m"}`):                               "schedule.every_s: must be a whole number",
		with(`"schedule":{"every_s":60,"overlap":"maybe"}`):               `schedule.overlap: "maybe" is not one of ["allow" "skip"]`,
		with(`"schedule":{"every_s":60,"colour":"red"}`):                  "schedule.colour: unknown field",
		with(`"schedule":{"every_s":60,"every_s":61}`):                    `schedule: "every_s" is given twice`,
		with(`"schedule":"hourly"`):                                       "schedule: must be a JSON object",
		with(`"schedule":{"at":"tomorrow"}`):                              "schedule.at: must be a time like 2026-01-31T12:00:00Z, from 1970 to 9999",
		with(`"schedule":{"at":"1969-01-01T00:00:00Z"}`):                  "schedule.at: must be a time like 2026-01-31T12:00:00Z, from 1970 to 9999",
		with(`"schedule":{"at":"9999-12-31T23:59:59-01:00"}`):             "schedule.at: must be a time like 2026-01-31T12:00:00Z, from 1970 to 9999",
		with(`"schedule":{"at":"2026-11-22T11:59:59Z"}`):                  "schedule: never fires from now on",
		with(`"schedule":{"every_s":60,"end_at":"2026-11-01T00:00:00Z"}`): "schedule: never fires from now on",
		with(`"schedule":{"every_s":60},"clock":{"runs":7}`):              "clock: is set by the server",
		with(`"schedule":{"every_s":60},"function_id":"x"`):               "function_id: is set by the server",
		with(`"schedule":{"every_s":60},"swift":{}`):                      "swift: is not for type schedule",
	} {
		a := k.member(400, "POST", "/v2/triggers", body)
		assert.Equal(t, "invalid", errorCode(t, a), body)
		assert.Equal(t, detail, errorDetail(t, a), body)
	}
	for body, field := range map[string]string{
		with(`"schedule":{"cron":"61 * * * *"}`):                      "schedule.cron",
		with(`"schedule":{"cron":"0 0 30 2 *"}`):                      "schedule.cron",
		with(`"schedule":{"cron":"@daily","timezone":"Mars/Phobos"}`): "schedule.timezone",
	} {
		assert.Contains(t, errorDetail(t, k.member(400, "POST", "/v2/triggers", body)), field)
	}
	assert.Empty(t, k.member(200, "GET", "/v2/triggers", "").JSON(t)["triggers"], "nothing was stored")
}

func TestChangesOfTriggersThatAreRefused(t *testing.T) {
	k, _ := setupAt(t)
	for _, name := range []string{"t", "taken"} {
		k.member(201, "POST", "/v2/triggers", `{"name":"`+name+`","function":"f","type":"schedule","schedule":{"every_s":60}}`)
	}
	before := k.member(200, "GET", "/v2/triggers/t", "").Text
	for body, detail := range map[string]string{
		`{"type":"swift"}`:                               "type: cannot be changed, it is schedule",
		`{"schedule":null}`:                              "schedule: is required with type schedule",
		`{"function":"absent"}`:                          `function: there is no function "absent"`,
		`{"schedule":{"every_s":0}}`:                     "schedule: exactly one of cron, every_s (from 1 to 31536000) and at is required",
		`{"schedule":{"end_at":"2026-11-01T00:00:00Z"}}`: "schedule: never fires from now on",
	} {
		assert.Equal(t, detail, errorDetail(t, k.member(400, "PATCH", "/v2/triggers/t", body)), body)
	}
	assert.Equal(t, "conflict", errorCode(t, k.member(409, "PATCH", "/v2/triggers/t", `{"name":"taken"}`)))
	k.member(409, "POST", "/v2/triggers", `{"name":"t","function":"f","type":"schedule","schedule":{"every_s":60}}`)
	assert.Equal(t, before, k.member(200, "GET", "/v2/triggers/t", "").Text)
}

func TestTriggersOfProjects(t *testing.T) {
	k, _ := setupAt(t)
	body := `{"name":"t","function":"f","type":"schedule","schedule":{"every_s":60}}`
	id := k.member(201, "POST", "/v2/triggers", body).JSON(t)["id"].(string)
	for _, ref := range []string{"t", id} {
		assert.Equal(t, 404, k.as("beta", "reader", "GET", "/v2/triggers/"+ref, "").StatusCode)
		assert.Equal(t, 404, k.as("beta", "member", "PATCH", "/v2/triggers/"+ref, `{"enabled":false}`).StatusCode)
		assert.Equal(t, 404, k.as("beta", "member", "DELETE", "/v2/triggers/"+ref, "").StatusCode)
	}
	foreign := k.member(200, "GET", "/v2/functions/f", "").JSON(t)["id"].(string)
	a := k.as("beta", "member", "POST", "/v2/triggers", `{"name":"t","function":"`+foreign+`","type":"schedule","schedule":{"every_s":60}}`)
	assert.Contains(t, errorDetail(t, a), "function: there is no function")

	assert.Equal(t, 200, k.as("alpha", "reader", "GET", "/v2/triggers/t", "").StatusCode)
	for method, path := range map[string]string{"POST": "/v2/triggers", "PATCH": "/v2/triggers/t", "DELETE": "/v2/triggers/t"} {
		assert.Equal(t, 403, k.as("alpha", "reader", method, path, body).StatusCode, method)
	}
	admin := func(path string) []any {
		return k.as("operator", "admin", "GET", path, "").JSON(t)["triggers"].([]any)
	}
	assert.Empty(t, admin("/v2/triggers"))
	assert.Len(t, admin("/v2/triggers?all_projects=true"), 1)
	assert.Equal(t, 200, k.as("operator", "admin", "PATCH", "/v2/triggers/"+id, `{"function":"f"}`).StatusCode, "f of the trigger's project")
	k.member(403, "GET", "/v2/triggers?all_projects=true", "")
}

func TestListsOfTriggers(t *testing.T) {
	k, _ := setupAt(t)
	g := k.function(`{"name":"g","image":"i"}`)
	for name, function := range map[string]string{"a": "f", "b": "g", "c": "f"} {
		k.member(201, "POST", "/v2/triggers", `{"name":"`+name+`","function":"`+function+`","type":"schedule","schedule":{"every_s":60}}`)
	}
	count := func(query string) int {
		return len(k.member(200, "GET", "/v2/triggers?"+query, "").JSON(t)["triggers"].([]any))
	}
	for query, want := range map[string]int{
		"": 3, "name=a": 1, "name=x": 0, "function=f": 2, "function=default:g": 1, "function=" + g: 1, "type=schedule": 3,
	} {
		assert.Equal(t, want, count(query), query)
	}
	page := k.member(200, "GET", "/v2/triggers?limit=2&sort=name:desc", "").JSON(t)
	assert.Equal(t, "c", page["triggers"].([]any)[0].(map[string]any)["name"])
	rest := k.member(200, "GET", next(t, page["triggers_links"]), "").JSON(t)["triggers"].([]any)
	require.Len(t, rest, 1)
	assert.Equal(t, "a", rest[0].(map[string]any)["name"])
	k.member(400, "GET", "/v2/triggers?function=absent", "")
	assert.Equal(t, "type: must be one of [swift notification alarm schedule webhook]", errorDetail(t, k.member(400, "GET", "/v2/triggers?type=comet", "")))
}

// fire fires a trigger of alpha when it is due, and sets its clock.
func (k *kit) fire(name string, after picasso.Clock) {
	k.t.Helper()
	trigger, err := k.store.Trigger(k.t.Context(), "alpha", name)
	require.NoError(k.t, err)
	due := trigger.Clock.NextAt
	after.LastAt = due
	require.NoError(k.t, k.store.Fire(k.t.Context(), &picasso.Firing{TriggerID: trigger.ID, Due: due, Clock: after,
		Submissions: []picasso.Submission{{Execution: picasso.Execution{
			ID: "019aa7f0-0000-7000-8000-000000000001", ProjectID: "alpha", FunctionID: trigger.FunctionID, Function: "f", App: "default",
			Status: picasso.StatusQueued, Async: true, TriggerID: trigger.ID, EventID: due.Format(time.RFC3339), MaxAttempts: 3,
			CreatedAt: due, RunAt: due, RequestID: "req-x",
		}}},
	}))
}

func TestExecutionsOfATrigger(t *testing.T) {
	k, c := setupAt(t)
	trigger := k.member(201, "POST", "/v2/triggers", `{"name":"t","function":"f","type":"schedule","schedule":{"every_s":60}}`).JSON(t)["id"].(string)
	k.fire("t", picasso.Clock{NextAt: c.now.Add(2 * time.Minute), Runs: 1})
	for _, ref := range []string{"t", trigger} {
		list := k.member(200, "GET", "/v2/executions?trigger="+ref, "").JSON(t)["executions"].([]any)
		require.Len(t, list, 1)
		assert.Equal(t, "2026-11-22T12:01:00Z", list[0].(map[string]any)["event_id"])
	}
	assert.Equal(t, map[string]any{"next_run_at": "2026-11-22T12:02:00.000000Z", "last_run_at": "2026-11-22T12:01:00.000000Z", "runs": 1.0},
		k.member(200, "GET", "/v2/triggers/t", "").JSON(t)["clock"])
	k.member(204, "DELETE", "/v2/triggers/t", "")
	assert.Len(t, k.member(200, "GET", "/v2/executions?trigger="+trigger, "").JSON(t)["executions"], 1, "they stay")
}

func TestATriggerSaysWhatItDidLast(t *testing.T) {
	k := setupWithF(t)
	id := k.trigger("t", "webhook", `{"secret":"hunter5 and hunter6"}`, "")["id"].(string)
	show := func() any { return k.member(200, "GET", "/v2/triggers/t", "").JSON(t)["last_execution"] }
	assert.Nil(t, show())
	fire := func(key string) string {
		a := k.Do("POST", "/hooks/"+id, "x", "Authorization", "Bearer hunter5 and hunter6", "Idempotency-Key", key)
		require.Equal(t, 202, a.StatusCode, a.Text)
		return a.JSON(t)["id"].(string)
	}
	fire("1")
	last := fire("2")
	k.member(204, "DELETE", "/v2/executions/"+last, "")
	shown := show().(map[string]any)
	assert.Equal(t, last, shown["id"])
	assert.Equal(t, "cancelled", shown["status"])
}

// Without notifications only the triggers that live on them do not work.
func TestTriggersWithoutNotifications(t *testing.T) {
	k := setup(t, func(c *api.Config) { c.Deaf = "nobody tells us" })
	k.function(`{"name":"f","image":"i"}`)
	for kind, block := range map[string]string{
		"swift": `{"container":"c","verify":false}`, "notification": `{"event_type":"x"}`, "alarm": `{}`, "webhook": `{}`, "schedule": `{"every_s":60}`,
	} {
		made := k.trigger(kind, kind, block, "")
		works := kind != "swift" && kind != "notification"
		assert.Equal(t, map[bool]any{true: "active", false: "error"}[works], made["state"], kind)
		assert.Equal(t, map[bool]any{true: "", false: "nobody tells us"}[works], made["error"], kind)
	}
}
