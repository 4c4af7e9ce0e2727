package alarm_test

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/triggers/alarm"
)

// sample is what was captured: the payloads of state transitions, and the
// bodies that aodh-notifier posted.
func sample(t testing.TB, name string) (payloads, bodies []json.RawMessage) {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name + ".json")
	require.NoError(t, err)
	var s struct {
		AMQP []struct {
			Exchange    string
			OsloMessage struct {
				EventType string `json:"event_type"`
				Payload   json.RawMessage
			} `json:"oslo_message"`
		}
		HTTPSink []struct{ Body json.RawMessage } `json:"http_sink"`
	}
	require.NoError(t, json.Unmarshal(text, &s))
	for _, m := range s.AMQP {
		if m.OsloMessage.EventType == "alarm.state_transition" {
			payloads = append(payloads, m.OsloMessage.Payload)
		}
	}
	for _, p := range s.HTTPSink {
		bodies = append(bodies, p.Body)
	}
	return payloads, bodies
}

// What comes both ways says the same.
func TestBothWays(t *testing.T) {
	for _, name := range []string{"aodh-event-alarm-fires-on-upload", "aodh-gnocchi-threshold-alarm-fires", "aodh-event-alarm-fires-again-repeat"} {
		payloads, bodies := sample(t, name)
		require.NotEmpty(t, payloads, name)
		require.NotEmpty(t, bodies, name)
		told, err := alarm.FromNotification(payloads[0])
		require.NoError(t, err)
		for _, body := range bodies {
			posted, err := alarm.FromAction(body)
			require.NoError(t, err)
			assert.NotEmpty(t, posted.AlarmName)
			assert.NotEmpty(t, posted.Previous)
			assert.NotEmpty(t, posted.ReasonData)
			posted.AlarmName, posted.Previous, posted.ReasonData = "", "", nil
			assert.Equal(t, posted, told)
			assert.Equal(t, "alarm", told.Current)
		}
	}
}

func TestByAPI(t *testing.T) {
	for state, name := range map[string]string{"alarm": "aodh-alarm-state-set-alarm", "ok": "aodh-alarm-state-set-ok"} {
		payloads, _ := sample(t, name)
		require.Len(t, payloads, 1)
		told, err := alarm.FromNotification(payloads[0])
		require.NoError(t, err)
		assert.Equal(t, state, told.Current)
		assert.Equal(t, "Manually set via API", told.Reason)
		e := told.Event("p1")
		assert.Equal(t, alarm.EventType, e.Type)
		assert.Equal(t, told.AlarmID, e.Subject)
		assert.Equal(t, "p1", e.ProjectID)
		assert.Contains(t, string(e.Data), `"current":"`+state+`"`)
	}
}

func TestWrong(t *testing.T) {
	for _, text := range []string{
		"", "[]", "5", `{}`, `{"alarm_id": 5}`, `{"alarm_id": "a"}`, `{"current": "alarm"}`,
		`{"alarm_id": "a", "detail": "{"}`, `{"alarm_id": "a", "detail": 5}`, `{"alarm_id": "a", "detail": "x"}`,
		`{"alarm_id": "a", "detail": {"state": null}}`, `{"alarm_id": "a", "detail": "\"{}\""}`,
	} {
		_, err := alarm.FromNotification([]byte(text))
		assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err), text)
		_, err = alarm.FromAction([]byte(text))
		assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err), text)
	}
}

func TestFits(t *testing.T) {
	tr := alarm.Transition{AlarmID: "a", AlarmName: "load", Current: "alarm"}
	unnamed := alarm.Transition{AlarmID: "a", Current: "alarm"}
	for name, c := range map[string]struct {
		a    picasso.Alarm
		want [2]bool // when the name is known, and when not
	}{
		"any":         {picasso.Alarm{States: []string{"alarm"}}, [2]bool{true, true}},
		"state":       {picasso.Alarm{States: []string{"ok", "insufficient data"}}, [2]bool{false, false}},
		"states":      {picasso.Alarm{States: []string{"ok", "alarm"}}, [2]bool{true, true}},
		"id":          {picasso.Alarm{States: []string{"alarm"}, AlarmID: "a"}, [2]bool{true, true}},
		"other id":    {picasso.Alarm{States: []string{"alarm"}, AlarmID: "b"}, [2]bool{false, false}},
		"name":        {picasso.Alarm{States: []string{"alarm"}, AlarmName: "load"}, [2]bool{true, true}},
		"other name":  {picasso.Alarm{States: []string{"alarm"}, AlarmName: "Load"}, [2]bool{false, true}},
		"other state": {picasso.Alarm{States: []string{"Alarm"}, AlarmID: "a"}, [2]bool{false, false}},
	} {
		assert.Equal(t, c.want, [2]bool{tr.Fits(&c.a), unnamed.Fits(&c.a)}, name)
	}
}

// FuzzDetail: whatever a detail is, an object or the text of one, it makes a
// state or an error.
func FuzzDetail(f *testing.F) {
	for _, detail := range []string{`{"state": "alarm"}`, `"{\"state\": \"ok\", \"transition_reason\": \"x\"}"`, `""`, `null`, `"\"\""`, `{"state": 5}`} {
		f.Add(detail)
	}
	f.Fuzz(func(t *testing.T, detail string) {
		tr, err := alarm.FromNotification([]byte(`{"alarm_id": "a", "detail": ` + detail + `}`))
		if err != nil {
			assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err))
			return
		}
		assert.NotEmpty(t, tr.Current)
		_, err = tr.Event("p").Payload()
		require.NoError(t, err)
	})
}
