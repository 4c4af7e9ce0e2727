package destination

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/triggers/queue"
)

func TestEvent(t *testing.T) {
	at := time.Date(2026, 11, 22, 20, 0, 0, 123000, time.UTC)
	payload, err := newEvent(&queue.Ended{
		Execution: &picasso.Execution{
			ID: "e1", ProjectID: "p1", FunctionID: "f1", Function: "hello", App: "default", Status: picasso.StatusTimedOut,
			Reason: "Function timed out", Async: true, Attempt: 3, MaxAttempts: 3, RequestID: "req-1", CreatedAt: at, FinishedAt: at,
		},
		Input:  &picasso.Payload{Header: map[string][]string{"Content-Type": {"application/json; charset=utf-8"}}, Body: []byte(`{"n": 1}`)},
		Result: &picasso.Payload{Body: []byte("\xff\x00")},
	}).Payload()
	require.NoError(t, err)
	assert.Equal(t, []string{"org.openstack.functions.execution.failed"}, payload.Header["Ce-Type"])
	var got map[string]any
	require.NoError(t, json.Unmarshal(payload.Body, &got))
	assert.Equal(t, "/projects/p1/functions/f1", got["source"])
	assert.Equal(t, "e1", got["id"])
	assert.Equal(t, "e1", got["subject"])
	assert.Equal(t, "2026-11-22T20:00:00.000123Z", got["time"])
	data := got["data"].(map[string]any)
	assert.Equal(t, map[string]any{"n": 1.0}, data["input"])
	assert.Equal(t, "application/json; charset=utf-8", data["input_content_type"])
	assert.Equal(t, "/wA=", data["result_base64"])
	assert.NotContains(t, data, "result")
	execution := data["execution"].(map[string]any)
	assert.Equal(t, "timed_out", execution["status"])
	assert.Equal(t, "req-1", execution["request_id"])
	assert.NotContains(t, string(payload.Body), "null")
}

func TestInline(t *testing.T) {
	long := strings.Repeat("x", 64<<10)
	for name, test := range map[string]struct {
		contentType, body string
		value, raw        string
	}{
		"nothing":                   {"text/plain", "", "", ""},
		"JSON":                      {"application/json", `{"a": [1]}`, `{"a": [1]}`, ""},
		"an event":                  {"application/cloudevents+json", `{}`, `{}`, ""},
		"JSON without a type":       {"", `12345678901234567890`, `12345678901234567890`, ""},
		"a number that is text":     {"text/plain", `1`, `"1"`, ""},
		"text":                      {"text/plain", "a\"b\n€", `"a\"b\n€"`, ""},
		"text that is said to be":   {"application/json", `{"a":`, `"{\"a\":"`, ""},
		"bytes":                     {"application/octet-stream", "\xff\xfe", "", "\xff\xfe"},
		"as long as it may be":      {"text/plain", long, `"` + long + `"`, ""},
		"too long":                  {"text/plain", long + "x", "", ""},
		"a type that is not a type": {";;", "x", `"x"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			value, raw, contentType := inline(&picasso.Payload{Header: map[string][]string{"Content-Type": {test.contentType}}, Body: []byte(test.body)})
			assert.Equal(t, test.value, string(value))
			assert.Equal(t, test.raw, string(raw))
			assert.Equal(t, test.contentType, contentType)
		})
	}
}

func FuzzEvent(f *testing.F) {
	f.Add("application/json", []byte(`{"a":1}`))
	f.Add("", []byte("\xff"))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		p := &picasso.Payload{Header: map[string][]string{"Content-Type": {contentType}}, Body: body}
		payload, err := newEvent(&queue.Ended{Execution: &picasso.Execution{ID: "e"}, Input: p, Result: p}).Payload()
		require.NoError(t, err)
		assert.True(t, json.Valid(payload.Body))
	})
}
