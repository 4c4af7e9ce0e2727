package match_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/triggers/match"
	"github.com/picasso-faas/picasso/triggers/oslomsg"
)

// swift, alarm and notification make triggers of projects, named by their id.
func swift(id, project string) picasso.Trigger {
	return picasso.Trigger{ID: id, ProjectID: project, TriggerSpec: picasso.TriggerSpec{
		Type: picasso.TriggerSwift, Swift: &picasso.Swift{Container: "c"},
	}}
}

func alarm(id, project string) picasso.Trigger {
	return picasso.Trigger{ID: id, ProjectID: project, TriggerSpec: picasso.TriggerSpec{Type: picasso.TriggerAlarm, Alarm: &picasso.Alarm{}}}
}

func notification(id, project, eventType string, edit ...func(*picasso.Notification)) picasso.Trigger {
	n := &picasso.Notification{EventType: eventType}
	for _, e := range edit {
		e(n)
	}
	return picasso.Trigger{ID: id, ProjectID: project, TriggerSpec: picasso.TriggerSpec{Type: picasso.TriggerNotification, Notification: n}}
}

func allProjects(n *picasso.Notification) { n.AllProjects = true }

func filtered(path, value string) func(*picasso.Notification) {
	return func(n *picasso.Notification) { n.Filter = map[string]json.RawMessage{path: json.RawMessage(value)} }
}

// event makes a notification as it is decoded.
func event(t testing.TB, eventType, payload string) *oslomsg.Notification {
	list, err := oslomsg.Decode(fmt.Appendf(nil, `{"message_id": "m", "event_type": %q, "publisher_id": "p.host", "priority": "INFO", "payload": %s}`,
		eventType, payload))
	require.NoError(t, err)
	require.Len(t, list, 1)
	return list[0]
}

func ids(list []*picasso.Trigger) []string {
	all := []string{}
	for _, t := range list {
		all = append(all, t.ID)
	}
	return all
}

// index makes an index of triggers none of which is broken.
func index(t testing.TB, list ...picasso.Trigger) *match.Index {
	x, broken := match.New(list)
	require.Empty(t, broken)
	return x
}

func TestMatch(t *testing.T) {
	x := index(t,
		swift("s1", "p1"), swift("s2", "p2"), swift("s3", "p1"), alarm("a1", "p1"), alarm("a2", "p2"),
		notification("n1", "p1", "compute.instance.*"),
		notification("n2", "p2", "compute.instance.*"),
		notification("all", "p1", "*", allProjects),
		notification("nova", "p1", "*", func(n *picasso.Notification) { n.Exchange = "nova" }),
		notification("versioned", "p1", "*", func(n *picasso.Notification) { n.Topic = "versioned_notifications" }),
		notification("active", "p1", "compute.*", filtered("payload.state", `"active"`)),
		notification("store", "p2", "objectstore.http.request"),
		picasso.Trigger{ID: "clock", ProjectID: "p1", TriggerSpec: picasso.TriggerSpec{Type: picasso.TriggerSchedule}},
	)
	tests := map[string]struct {
		exchange, routingKey, eventType, payload, project string
		want                                              []string
	}{
		"swift":               {"swift", "notifications.info", match.SwiftRequest, `{}`, "p1", []string{"s1", "s3", "all"}},
		"swift of another":    {"swift", "notifications.info", match.SwiftRequest, `{}`, "p2", []string{"s2", "store", "all"}},
		"swift of nobody":     {"swift", "notifications.info", match.SwiftRequest, `{}`, "", []string{"all"}},
		"swift of no trigger": {"swift", "notifications.info", match.SwiftRequest, `{}`, "p3", []string{"all"}},
		"alarm":               {"aodh", "notifications.info", match.AlarmTransition, `{}`, "p2", []string{"a2", "all"}},
		"alarm created":       {"aodh", "notifications.info", "alarm.creation", `{}`, "p2", []string{"all"}},
		"server":              {"nova", "notifications.info", "compute.instance.create.end", `{"state": "active"}`, "p1", []string{"n1", "nova", "active", "all"}},
		"server of another":   {"nova", "notifications.info", "compute.instance.create.end", `{"state": "active"}`, "p2", []string{"n2", "all"}},
		"server that builds":  {"other", "notifications.info", "compute.instance.create.start", `{"state": "building"}`, "p1", []string{"n1", "all"}},
		"versioned":           {"nova", "versioned_notifications.info", "instance.create.end", `{}`, "p1", []string{"nova", "versioned", "all"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			n := event(t, test.eventType, test.payload)
			require.True(t, x.Wants(test.exchange, test.eventType))
			src := match.SourceOf(test.exchange, test.routingKey)
			assert.Equal(t, test.want, ids(x.Match(src, n, test.project, test.project != "")))
		})
	}
}

// TestMatchNotOwned: whatever the project says, it is nobody's.
func TestMatchNotOwned(t *testing.T) {
	x := index(t, swift("s", "p"), notification("n", "p", "*"), notification("all", "p", "*", allProjects))
	assert.Equal(t, []string{"all"}, ids(x.Match(match.Source{}, event(t, match.SwiftRequest, `{}`), "p", false)))
	assert.Empty(t, index(t, swift("s", "")).Match(match.Source{}, event(t, match.SwiftRequest, `{}`), "", false))
}

// TestMatchTelemetry: an event of Ceilometer is not what it was made of.
func TestMatchTelemetry(t *testing.T) {
	x := index(t, swift("s", "p"), notification("raw", "p", match.SwiftRequest),
		notification("made", "p", "event", filtered("payload.event_type", `{"prefix": "objectstore."}`)))
	n := event(t, "event", `[{"event_type": "objectstore.http.request", "message_id": "m", "traits": [["target_id", 1, "p"]]}]`)
	owner, ok := n.Owner()
	assert.Equal(t, []string{"made"}, ids(x.Match(match.Source{Exchange: "ceilometer"}, n, owner, ok)))
}

// TestMatchShares what it returns, and nobody who appends to it changes the index.
func TestMatchShares(t *testing.T) {
	x := index(t, swift("s1", "p"), swift("s2", "p"), swift("s3", "p"), notification("n", "p", "*"))
	n := event(t, match.SwiftRequest, `{}`)
	for range 3 {
		list := x.Match(match.Source{}, n, "p", true)
		assert.Equal(t, []string{"s1", "s2", "s3", "n"}, ids(list))
		_ = append(list, &picasso.Trigger{ID: "x"})
	}
}

func TestWants(t *testing.T) {
	assert.False(t, index(t).Wants("swift", match.SwiftRequest))
	x := index(t, swift("s", "p"), notification("n", "p", "compute.instance.*"), notification("plain", "p", "thing"),
		notification("k", "p", "identity.*", func(n *picasso.Notification) { n.Exchange = "keystone" }))
	for eventType, want := range map[string]bool{
		match.SwiftRequest: true, "compute.instance.create.end": true, "thing": true,
		"compute.metrics.update": true, // perhaps
		match.AlarmTransition:    false, "computer.x": false, "volume.create.end": false, "identity.user.created": false, "things": false, "": false,
	} {
		assert.Equal(t, want, x.Wants("any", eventType), eventType)
	}
	assert.True(t, x.Wants("keystone", "identity.user.created"))
	for _, pattern := range []string{"*", "comp*", "?ompute.*", "*.end"} {
		assert.True(t, index(t, notification("n", "p", pattern)).Wants("any", "compute.end"), pattern)
	}
}

// TestWantsWhatMatches is what Wants is for: it never says no to what matches.
func TestWantsWhatMatches(t *testing.T) {
	patterns := []string{"*", "?", "a", "a.b", "a.*", "a*", "*.b", "?.b", "a.?", "*a*", "**", "a.b.c", "a.*.c"}
	types := []string{"a", "b", "a.b", "a.b.c", "ab.b", "b.b", "a..c", ".", "a."}
	for _, pattern := range patterns {
		for _, exchange := range []string{"", "x"} {
			x := index(t, notification("n", "p", pattern, func(n *picasso.Notification) { n.Exchange = exchange }))
			for _, eventType := range types {
				matches := len(x.Match(match.Source{Exchange: "x"}, event(t, eventType, `{}`), "p", true)) > 0
				assert.True(t, !matches || x.Wants("x", eventType), "%s %s", pattern, eventType)
			}
		}
	}
}

func TestBroken(t *testing.T) {
	x, broken := match.New([]picasso.Trigger{
		notification("bad", "p", "*", filtered("payload.a", `{"like": "x"}`)),
		{ID: "empty", ProjectID: "p", TriggerSpec: picasso.TriggerSpec{Type: picasso.TriggerNotification}},
		notification("good", "p", "*"),
	})
	require.Len(t, broken, 2)
	assert.Equal(t, "bad", broken[0].Trigger.ID)
	assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(broken[0].Err))
	assert.Equal(t, "empty", broken[1].Trigger.ID)
	assert.Equal(t, []string{"good"}, ids(x.Match(match.Source{}, event(t, "x", `{}`), "p", true)))
}

func TestSourceOf(t *testing.T) {
	assert.Equal(t, match.Source{Exchange: "nova", Topic: "notifications"}, match.SourceOf("nova", "notifications.info"))
	assert.Equal(t, match.Source{Exchange: "ceilometer", Topic: "alarm.all"}, match.SourceOf("ceilometer", "alarm.all.sample"))
	assert.Equal(t, match.Source{Exchange: "x", Topic: "key"}, match.SourceOf("x", "key"))
}
