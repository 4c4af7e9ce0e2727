package event_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/triggers/event"
)

// sample has every attribute.
func sample() event.Event {
	return event.Event{
		ID: "2026-03-29T01:00:00Z", Source: "/projects/p1/triggers/t1", Type: "org.openstack.functions.schedule", Subject: "nightly",
		Time: time.Date(2026, 3, 29, 3, 0, 0, 0, time.FixedZone("CEST", 7200)),
		Data: json.RawMessage(`{ "run": 3, "who": "a \"b\" <c>\n", "list": [1, {"x": true}], "big": 12345678901234567890, "none": null }`),
	}
}

func TestPayload(t *testing.T) {
	e := sample()
	got, err := e.Payload()
	require.NoError(t, err)
	assert.JSONEq(t, `{
		"specversion": "1.0", "id": "2026-03-29T01:00:00Z", "source": "/projects/p1/triggers/t1",
		"type": "org.openstack.functions.schedule", "subject": "nightly", "time": "2026-03-29T01:00:00Z",
		"datacontenttype": "application/json",
		"data": {"run": 3, "who": "a \"b\" <c>\n", "list": [1, {"x": true}], "big": 12345678901234567890, "none": null}
	}`, string(got.Body))
	assert.Contains(t, string(got.Body), "12345678901234567890")
	assert.Contains(t, string(got.Body), "<c>")
	assert.Equal(t, map[string][]string{
		"Content-Type": {"application/cloudevents+json"}, "Ce-Specversion": {"1.0"},
		"Ce-Id": {"2026-03-29T01:00:00Z"}, "Ce-Source": {"/projects/p1/triggers/t1"},
		"Ce-Type": {"org.openstack.functions.schedule"}, "Ce-Subject": {"nightly"}, "Ce-Time": {"2026-03-29T01:00:00Z"},
	}, got.Header)
	for name := range got.Header {
		assert.Equal(t, http.CanonicalHeaderKey(name), name)
	}
}

func TestPayloadOfLittle(t *testing.T) {
	e := event.Event{ID: "1", Source: "/s", Type: "t"}
	got, err := e.Payload()
	require.NoError(t, err)
	assert.JSONEq(t, `{"specversion": "1.0", "id": "1", "source": "/s", "type": "t"}`, string(got.Body))
	assert.Len(t, got.Header, 5, "empty attributes are no headers")
}

func TestPayloadOfBadData(t *testing.T) {
	for _, data := range []string{"{", "1 2", "nil", `{"a":}`} {
		e := sample()
		e.Data = json.RawMessage(data)
		_, err := e.Payload()
		assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err), data)
		_, err = e.Input("${data}")
		assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err), data)
	}
}

// TestHeaderValues is the table of the HTTP binding, section 3.1.3.2.
func TestHeaderValues(t *testing.T) {
	tests := map[string]string{
		"plain-~!":              "plain-~!",
		"Euro € 😀":              "Euro%20%E2%82%AC%20%F0%9F%98%80",
		`"quoted" 100%`:         "%22quoted%22%20100%25",
		"line\r\nX-Injected: 1": "line%0D%0AX-Injected:%201",
		"bad \xff":              "bad%20%EF%BF%BD",
		"\x7f":                  "%7F",
	}
	for subject, want := range tests {
		e := sample()
		e.Subject = subject
		got, err := e.Payload()
		require.NoError(t, err)
		assert.Equal(t, []string{want}, got.Header["Ce-Subject"])
	}
}

// TestAttributesAndOtherData: what other services' events have beyond schedules'.
func TestAttributesAndOtherData(t *testing.T) {
	e := event.Event{ID: "1", Source: "/s", Type: "t", ProjectID: "p1", Priority: "INFO", RequestID: "req-1", ContentType: "text/plain", Data: json.RawMessage(`"hello"`)}
	got, err := e.Payload()
	require.NoError(t, err)
	assert.JSONEq(t, `{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "projectid": "p1", "priority": "INFO", "requestid": "req-1",
		"datacontenttype": "text/plain", "data": "hello"}`, string(got.Body))
	assert.Equal(t, []string{"p1"}, got.Header["Ce-Projectid"])
	assert.Equal(t, []string{"INFO"}, got.Header["Ce-Priority"])
	assert.Equal(t, []string{"req-1"}, got.Header["Ce-Requestid"])

	e = event.Event{ID: "1", Source: "/s", Type: "t", ContentType: "image/png", Binary: []byte{0xff, 0}}
	got, err = e.Payload()
	require.NoError(t, err)
	assert.JSONEq(t, `{"specversion": "1.0", "id": "1", "source": "/s", "type": "t", "datacontenttype": "image/png", "data_base64": "/wA="}`, string(got.Body))
	got, err = e.Input("<${data}>")
	require.NoError(t, err)
	assert.Equal(t, "</wA=>", string(got.Body))
}
