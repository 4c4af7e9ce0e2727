package oslomsg_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/triggers/oslomsg"
)

func TestTelemetryEvent(t *testing.T) {
	n := one(t, captured(t, "ceilometer-event-object-put"))
	assert.Equal(t, "telemetry:bb4f17d5-643e-400c-8a0c-2b595093fdc3", n.MessageID, "not that of the notification it was made of")
	assert.Equal(t, "event", n.EventType)
	assert.Equal(t, "SAMPLE", n.Priority)
	about, found := n.Field("payload.event_type")
	assert.True(t, found)
	assert.Equal(t, "objectstore.http.request", about)
	container, found := n.Field("payload.traits.target_metadata_container")
	assert.True(t, found)
	assert.Equal(t, "tt", container)
}

// TestTelemetryList is a message with events and samples of several projects,
// as ceilometer.publisher.utils makes them.
func TestTelemetryList(t *testing.T) {
	list, err := oslomsg.Decode(enveloped(t, `{"message_id": "m", "event_type": "metering", "publisher_id": "telemetry.publisher.h", "priority": "SAMPLE",
		"timestamp": "2026-11-22 10:18:00", "_context_project_id": "none of them", "payload": [
		{"source": "openstack", "counter_name": "cpu", "counter_type": "cumulative", "counter_unit": "ns", "counter_volume": 7, "project_id": "p1", "message_id": "1"},
		{"counter_name": "memory", "project_id": "p2", "message_id": "2"},
		{"counter_name": "memory", "project_id": "p2"},
		{"event_type": "compute.instance.update", "message_id": "`+strings.Repeat("x", 250)+`", "traits": [["tenant_id", 1, "p3"]]}
	]}`))
	require.NoError(t, err)
	require.Len(t, list, 4)
	assert.Equal(t, "telemetry:1", list[0].MessageID)
	assert.Equal(t, "telemetry:2", list[1].MessageID)
	ids := map[string]bool{}
	for i, want := range []string{"p1", "p2", "p2", "p3"} {
		owner, ok := list[i].Owner()
		assert.True(t, ok)
		assert.Equal(t, want, owner)
		assert.Equal(t, "metering", list[i].EventType)
		assert.Equal(t, "telemetry.publisher.h", list[i].PublisherID)
		assert.Equal(t, list[0].Time, list[i].Time)
		assert.LessOrEqual(t, len(list[i].MessageID), 255)
		ids[list[i].MessageID] = true
	}
	assert.Len(t, ids, 4)
}

// TestOtherLists stay as they are.
func TestOtherLists(t *testing.T) {
	for _, payload := range []string{
		`[]`, `[1, 2]`, `[{"message_id": "1"}]`, `[{"traits": null, "message_id": "1"}, 7]`, `[{"counter_name": "cpu"}, {"other": 1}]`, `["traits"]`,
	} {
		n := one(t, enveloped(t, `{"message_id": "m", "event_type": "x", "payload": `+payload+`}`))
		assert.Equal(t, "m", n.MessageID, payload)
		assert.JSONEq(t, payload, string(n.Payload))
	}
}

func TestField(t *testing.T) {
	n := one(t, []byte(`{"event_type": "t", "publisher_id": "p", "priority": "INFO", "payload": {
		"a": {"b": [10, {"c": true}], "": "empty"},
		"nova_object.data": {"tenant_id": "t1", "x.y": 1, "x": {"y": 2, "z": 3}},
		"none": null,
		"traits": [["service", 1, "compute"], ["db.statement", 1, "select"], ["n", 2, 7], ["short", 1], 9]
	}}`))
	tests := map[string]any{
		"event_type": "t", "publisher_id": "p", "priority": "INFO",
		"payload.a.b.0":                      "10",
		"payload.a.b.1.c":                    true,
		"payload.nova_object.data.tenant_id": "t1",
		"payload.nova_object.data.x.y":       "1", // the longest name
		"payload.nova_object.data.x.z":       "3",
		"payload.none":                       nil,
		"payload.traits.service":             "compute",
		"payload.traits.db.statement":        "select",
		"payload.traits.n":                   "7",
		"payload.traits.0.0":                 "service",
	}
	for path, want := range tests {
		value, found := n.Field(path)
		assert.True(t, found, path)
		if number, ok := value.(interface{ String() string }); ok {
			value = number.String()
		}
		assert.Equal(t, want, value, path)
	}
	for _, path := range []string{
		"", "payloads", "message_id", "event_type.x", "payload.b", "payload.a.b.2", "payload.a.b.-1", "payload.a.b.c", "payload.a.b.0.x", "payload.none.x",
		"payload.traits.short", "payload.traits.db", "payload.nova_object",
	} {
		_, found := n.Field(path)
		assert.False(t, found, path)
	}
}

// FuzzField finds no path that panics or takes long.
func FuzzField(f *testing.F) {
	f.Add(`{"a": [1, [["x", 1, 2]]], "b.c": {}}`, "a.1.x")
	f.Add(`[]`, "0")
	f.Add(`{"": {"": 1}}`, "..")
	f.Fuzz(func(t *testing.T, payload, path string) {
		list, err := oslomsg.Decode([]byte(`{"event_type": "x", "payload": ` + payload + `}`))
		if err != nil {
			return
		}
		for _, n := range list {
			value, found := n.Field("payload." + path)
			assert.True(t, found || value == nil)
		}
	})
}
