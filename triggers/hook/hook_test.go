package hook_test

import (
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/db"
	"github.com/picasso-faas/picasso/db/dbtest"
	"github.com/picasso-faas/picasso/triggers/hook"
	"github.com/picasso-faas/picasso/triggers/triggerstest"
)

func at() time.Time { return time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC) }

// setup makes hooks on a store with a trigger of a function.
func setup(t *testing.T, edit func(*picasso.Trigger)) (*db.Store, *hook.Hooks, *picasso.Trigger) {
	t.Helper()
	store := dbtest.SQLite(t)
	fn := triggerstest.Function(t, store, "p1")
	trigger := &picasso.Trigger{ID: triggerstest.NewID(), ProjectID: "p1", CreatedAt: at(), UpdatedAt: at()}
	trigger.Name, trigger.Function, trigger.Enabled = "hook", fn.ID, true
	trigger.Type, trigger.Webhook = picasso.TriggerWebhook, &picasso.Webhook{}
	edit(trigger)
	require.NoError(t, trigger.Validate())
	require.NoError(t, store.CreateTrigger(t.Context(), trigger))
	return store, hook.New(hook.Config{Queue: store, Functions: store, Now: at, NewID: triggerstest.NewID}), trigger
}

func plain(*picasso.Trigger) {}

// input is what the function gets for an execution.
func input(t *testing.T, store *db.Store, e *picasso.Execution) map[string]any {
	t.Helper()
	claimed, err := store.Claim(t.Context(), []picasso.Claim{{FunctionID: e.FunctionID, ProjectID: e.ProjectID, Count: 10}}, time.Hour)
	require.NoError(t, err)
	for _, c := range claimed {
		if c.ID == e.ID {
			var event map[string]any
			require.NoError(t, json.Unmarshal(c.Input.Body, &event))
			return event
		}
	}
	require.Fail(t, "it is not queued")
	return nil
}

func TestWebhook(t *testing.T) {
	store, hooks, trigger := setup(t, plain)
	for name, c := range map[string]struct {
		contentType, body string
		want              map[string]any // of the event
	}{
		"nothing":        {"", "", map[string]any{}},
		"JSON":           {"application/json; charset=utf-8", `{"a": [1]}`, map[string]any{"data": map[string]any{"a": []any{1.0}}, "datacontenttype": "application/json"}},
		"some JSON":      {"application/vnd.github+json", `5`, map[string]any{"data": 5.0, "datacontenttype": "application/json"}},
		"looks like it":  {"", `null`, map[string]any{"data": nil, "datacontenttype": "application/json"}},
		"an event":       {"application/cloudevents+json", `{"id": "theirs"}`, map[string]any{"data": map[string]any{"id": "theirs"}, "datacontenttype": "application/json"}},
		"text":           {"text/plain", "hello\n", map[string]any{"data": "hello\n", "datacontenttype": "text/plain"}},
		"text as it is":  {"text/plain", `{"a": 1}`, map[string]any{"data": `{"a": 1}`, "datacontenttype": "text/plain"}},
		"some text":      {"", "hello", map[string]any{"data": "hello", "datacontenttype": "text/plain; charset=utf-8"}},
		"a form":         {"application/x-www-form-urlencoded", "a=b", map[string]any{"data": "a=b", "datacontenttype": "application/x-www-form-urlencoded"}},
		"bytes":          {"image/png", "\x89PNG\xff", map[string]any{"data_base64": "iVBOR/8=", "datacontenttype": "image/png"}},
		"some bytes":     {"", "\xff", map[string]any{"data_base64": "/w==", "datacontenttype": "application/octet-stream"}},
		"unreadable one": {"text", "hello", map[string]any{"data": "hello", "datacontenttype": "text"}},
	} {
		t.Run(name, func(t *testing.T) {
			e, err := hooks.Fire(t.Context(), trigger, &picasso.HookRequest{ID: "req-1", ContentType: c.contentType, Body: []byte(c.body)})
			require.NoError(t, err)
			assert.Equal(t, picasso.StatusQueued, e.Status)
			assert.Equal(t, "req-1", e.RequestID)
			assert.Equal(t, trigger.ID, e.TriggerID)
			got := input(t, store, e)
			assert.Equal(t, e.EventID, got["id"])
			for name, value := range map[string]any{
				"specversion": "1.0", "id": e.EventID, "source": "/projects/p1/triggers/" + trigger.ID, "type": "org.openstack.functions.webhook",
				"subject": "hook", "time": "2026-11-22T20:00:00Z", "projectid": "p1", "requestid": "req-1",
			} {
				assert.Equal(t, value, got[name], name)
				delete(got, name)
			}
			assert.Equal(t, c.want, got)
		})
	}
}

func TestWebhookThatLies(t *testing.T) {
	_, hooks, trigger := setup(t, plain)
	for _, body := range []string{"{", "\xff", `"` + "\xff" + `"`} {
		_, err := hooks.Fire(t.Context(), trigger, &picasso.HookRequest{ID: "req-1", ContentType: "application/json", Body: []byte(body)})
		assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err))
		assert.ErrorContains(t, err, "body: is not JSON")
	}
}

// The same request again, with a key, is one execution.
func TestKey(t *testing.T) {
	_, hooks, trigger := setup(t, plain)
	fire := func(key, body string) (*picasso.Execution, error) {
		return hooks.Fire(t.Context(), trigger, &picasso.HookRequest{ID: "req-" + triggerstest.NewID(), Key: key, Body: []byte(body)})
	}
	first, err := fire("k1", `{"a": 1}`)
	require.NoError(t, err)
	assert.Equal(t, "k1", first.EventID)
	again, err := fire("k1", `{"a": 1}`)
	require.NoError(t, err)
	assert.Equal(t, first.ID, again.ID)
	_, err = fire("k1", `{"a": 2}`)
	assert.Equal(t, picasso.CodeConflict, picasso.CodeOf(err))
	other, err := fire("k2", `{"a": 1}`)
	require.NoError(t, err)
	assert.NotEqual(t, first.ID, other.ID)
	one, err := fire("", `{"a": 1}`)
	require.NoError(t, err)
	two, err := fire("", `{"a": 1}`)
	require.NoError(t, err)
	assert.NotEqual(t, one.ID, two.ID)
}

// action is what the real aodh-notifier posted.
func action(t *testing.T) []byte {
	t.Helper()
	text, err := os.ReadFile("testdata/action.json")
	require.NoError(t, err)
	return text
}

func TestAlarm(t *testing.T) {
	for name, c := range map[string]struct {
		alarm picasso.Alarm
		fires bool
	}{
		"any":         {picasso.Alarm{}, true},
		"name":        {picasso.Alarm{AlarmName: "on-upload-1795343347"}, true},
		"id":          {picasso.Alarm{AlarmID: "2c8ca25e-348d-4ba4-80f7-622fd0712616"}, true},
		"other name":  {picasso.Alarm{AlarmName: "load"}, false},
		"other id":    {picasso.Alarm{AlarmID: "load"}, false},
		"other state": {picasso.Alarm{States: []string{"ok"}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			store, hooks, trigger := setup(t, func(t *picasso.Trigger) { t.Type, t.Webhook, t.Alarm = picasso.TriggerAlarm, nil, &c.alarm })
			e, err := hooks.Fire(t.Context(), trigger, &picasso.HookRequest{ID: "req-1", ContentType: "application/json", Body: action(t)})
			require.NoError(t, err)
			if !c.fires {
				assert.Nil(t, e)
				return
			}
			assert.Equal(t, "2c8ca25e-348d-4ba4-80f7-622fd0712616", e.Subject)
			got := input(t, store, e)
			assert.Equal(t, "org.openstack.alarm.state_transition", got["type"])
			data := got["data"].(map[string]any)
			assert.Equal(t, "on-upload-1795343347", data["alarm_name"])
			assert.Equal(t, "insufficient data", data["previous"])
			assert.Equal(t, "alarm", data["current"])
			assert.Equal(t, "event", data["reason_data"].(map[string]any)["type"])
		})
	}
	_, hooks, trigger := setup(t, func(t *picasso.Trigger) { t.Type, t.Webhook, t.Alarm = picasso.TriggerAlarm, nil, &picasso.Alarm{} })
	_, err := hooks.Fire(t.Context(), trigger, &picasso.HookRequest{ID: "req-1", Body: []byte("{}")})
	assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err))
}

func TestNoHook(t *testing.T) {
	store, hooks, trigger := setup(t, plain)
	other := *trigger
	other.Type = picasso.TriggerSwift
	_, err := hooks.Fire(t.Context(), &other, &picasso.HookRequest{ID: "req-1"})
	assert.Equal(t, picasso.CodeNotFound, picasso.CodeOf(err))

	require.NoError(t, store.DeleteFunction(t.Context(), "p1", trigger.FunctionID))
	_, err = hooks.Fire(t.Context(), trigger, &picasso.HookRequest{ID: "req-1"})
	assert.Equal(t, picasso.CodeNotFound, picasso.CodeOf(err))
}
