package oslomsg_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/triggers/oslomsg"
)

// captured returns a message as it was on the wire.
func captured(t testing.TB, name string) []byte {
	body, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	require.NoError(t, err)
	return body
}

// one decodes a message that makes one notification.
func one(t testing.TB, body []byte) *oslomsg.Notification {
	list, err := oslomsg.Decode(body)
	require.NoError(t, err)
	require.Len(t, list, 1)
	return list[0]
}

// enveloped puts a message into envelope 2.0.
func enveloped(t testing.TB, message string) []byte {
	body, err := json.Marshal(map[string]string{"oslo.version": "2.0", "oslo.message": message})
	require.NoError(t, err)
	return body
}

func TestDecode(t *testing.T) {
	n := one(t, captured(t, "swift-object-put"))
	assert.Equal(t, "2b45e516-5df2-425f-9183-db6e1bff8318", n.MessageID)
	assert.Equal(t, "ceilometermiddleware", n.PublisherID)
	assert.Equal(t, "objectstore.http.request", n.EventType)
	assert.Equal(t, "INFO", n.Priority)
	assert.Equal(t, time.Date(2026, 11, 22, 10, 18, 0, 225238000, time.UTC), n.Time)
	assert.Empty(t, n.RequestID)
	assert.Empty(t, n.ProjectID)
	assert.True(t, json.Valid(n.Payload))
	assert.Contains(t, string(n.Payload), `"object": "dir/a%20file.txt"`)
}

func TestDecodeWithContext(t *testing.T) {
	for _, name := range []string{"messaging-v1", "messagingv2-with-context"} {
		n := one(t, captured(t, name))
		assert.Equal(t, "test.event", n.EventType, name)
		assert.Equal(t, "req-1", n.RequestID, name)
		assert.Equal(t, "p", n.ProjectID, name)
		assert.JSONEq(t, `{"hello": "wörld", "n": 1}`, string(n.Payload), name)
	}
}

// TestDecodeCaptured reads every message in testdata, and back out of an
// envelope of the other kind.
func TestDecodeCaptured(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		body, err := os.ReadFile(file)
		require.NoError(t, err)
		n := one(t, body)
		assert.NotEmpty(t, n.MessageID, file)
		assert.NotEmpty(t, n.Priority, file)
		assert.False(t, n.Time.IsZero(), file)

		var envelope map[string]string
		if json.Unmarshal(body, &envelope) == nil {
			bare := one(t, []byte(envelope["oslo.message"]))
			assert.Equal(t, n, bare, file)
		}
	}
}

func TestDecodeLittle(t *testing.T) {
	n := one(t, []byte(`{"event_type": "x", "publisher_id": null, "timestamp": "yesterday", "_context_project_id": 7, "_context_tenant": "t"}`))
	assert.Equal(t, "x", n.EventType)
	assert.Empty(t, n.PublisherID)
	assert.True(t, n.Time.IsZero())
	assert.Nil(t, n.Payload)
	assert.Equal(t, "t", n.ProjectID)
	_, found := n.Field("payload")
	assert.False(t, found)
	_, ok := n.Owner()
	assert.True(t, ok)
}

// TestDecodeWithoutID makes the same id of the same message, in an envelope or not.
func TestDecodeWithoutID(t *testing.T) {
	const message = `{"event_type": "x", "payload": 1}`
	first, again, other := one(t, []byte(message)), one(t, enveloped(t, message)), one(t, []byte(`{"event_type": "x", "payload": 2}`))
	assert.True(t, picasso.IsID(first.MessageID))
	assert.Equal(t, first.MessageID, again.MessageID)
	assert.NotEqual(t, first.MessageID, other.MessageID)
	for _, id := range []string{`null`, `""`} {
		n := one(t, []byte(`{"event_type": "x", "message_id": `+id+`}`))
		assert.True(t, picasso.IsID(n.MessageID))
	}
}

func TestDecodeTimes(t *testing.T) {
	want := time.Date(2026, 11, 22, 10, 18, 0, 5000000, time.UTC)
	for _, text := range []string{
		"2026-11-22 10:18:00.005", "2026-11-22T10:18:00.005000", "2026-11-22T10:18:00.005Z", "2026-11-22T10:18:00.005000+00:00",
		"2026-11-22T10:18:00.005+0000", "2026-11-22T12:18:00.005+02:00",
	} {
		assert.Equal(t, want, one(t, []byte(`{"event_type": "x", "timestamp": "`+text+`"}`)).Time, text)
	}
}

func TestDecodeErrors(t *testing.T) {
	tests := map[string]struct{ body, field string }{
		"empty":               {"", "message"},
		"no JSON":             {"{", "message"},
		"two values":          {`{"event_type": "x"} {}`, "message"},
		"a list":              {`[{"event_type": "x"}]`, "message"},
		"null":                {"null", "event_type"},
		"no type":             {"{}", "event_type"},
		"empty type":          {`{"event_type": ""}`, "event_type"},
		"type null":           {`{"event_type": null}`, "event_type"},
		"type is a number":    {`{"event_type": 1}`, "event_type"},
		"case matters":        {`{"EVENT_TYPE": "x"}`, "event_type"},
		"the last one counts": {`{"event_type": "x", "event_type": 2}`, "event_type"},
		"long type":           {`{"event_type": "` + strings.Repeat("x", 256) + `"}`, "event_type"},
		"type with a line":    {`{"event_type": "x\ny"}`, "event_type"},
		"type with NUL":       {`{"event_type": "x\u0000"}`, "event_type"},
		"id is an object":     {`{"event_type": "x", "message_id": {}}`, "message_id"},
		"long id":             {`{"event_type": "x", "message_id": "` + strings.Repeat("x", 256) + `"}`, "message_id"},
		"publisher is a list": {`{"event_type": "x", "publisher_id": []}`, "publisher_id"},
		"priority is a bool":  {`{"event_type": "x", "priority": true}`, "priority"},
		"message is an object": {
			`{"oslo.version": "2.0", "oslo.message": {"event_type": "x"}}`, "oslo.message",
		},
		"message is no JSON":   {`{"oslo.version": "2.0", "oslo.message": "{"}`, "oslo.message"},
		"message is a number":  {`{"oslo.version": "2.0", "oslo.message": "7"}`, "oslo.message"},
		"message without type": {`{"oslo.message": "{}"}`, "event_type"},
		"bad UTF-8":            {"{\"event_type\": \"x\xff\"}", "message"},
		"too long":             {`{"event_type": "x", "payload": "` + strings.Repeat("x", 4<<20) + `"}`, "message"},
		"too deep":             {`{"event_type": "x", "payload": ` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`, "message"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			list, err := oslomsg.Decode([]byte(test.body))
			assert.Nil(t, list)
			assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err))
			assert.Equal(t, test.field, strings.SplitN(picasso.AsError(err).Detail, ":", 2)[0])
		})
	}
}

// TestDecodeHostile takes what is strange and allowed.
func TestDecodeHostile(t *testing.T) {
	deep := strings.Repeat("[", 5000) + strings.Repeat("]", 5000)
	for _, payload := range []string{
		`1e999999999999`, `-0`, `123456789012345678901234567890`, `"\ud800"`, `{"a": 1, "a": 2}`, `{"": {"": 0}}`, `[]`, `[[]]`, deep, `[` + deep + `]`,
	} {
		n := one(t, enveloped(t, `{"event_type": "x", "payload": `+payload+`}`))
		assert.Equal(t, payload, string(n.Payload))
		value, found := n.Field("payload")
		assert.True(t, found)
		assert.NotNil(t, value)
		n.Owner()
	}
}

// FuzzDecode holds what Decode promises, whatever the bytes.
func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	require.NoError(f, err)
	for _, file := range files {
		body, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(body)
	}
	f.Add([]byte(`{"event_type": "metering", "payload": [{"counter_name": "cpu", "message_id": "1"}, {"traits": []}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		list, err := oslomsg.Decode(body)
		if err != nil {
			assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err))
			assert.Empty(t, list)
			return
		}
		again, err := oslomsg.Decode(body)
		require.NoError(t, err)
		assert.Equal(t, list, again)
		require.NotEmpty(t, list)
		for _, n := range list {
			assert.NotEmpty(t, n.EventType)
			assert.NotEmpty(t, n.MessageID)
			for _, text := range []string{n.MessageID, n.PublisherID, n.EventType, n.Priority, n.RequestID, n.ProjectID} {
				assert.LessOrEqual(t, len(text), 255)
				assert.NotContains(t, text, "\n")
			}
			assert.True(t, n.Payload == nil || json.Valid(n.Payload))
			n.Field("payload.a.b.0")
			owner, ok := n.Owner()
			assert.Equal(t, ok, owner != "")
		}
	})
}
