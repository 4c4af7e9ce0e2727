package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/keystone/keystonetest"
)

// TestAlarms is Aodh: its notifications, and its actions on private functions.
func TestAlarms(t *testing.T) {
	s := eventStack(t, "")
	alice := s.withToken(keystonetest.Token(t, "alpha"))
	alice.echo("echo", nil)
	name, aodh, swift := "cpu-"+s.host, s.aodh(t, "alpha"), s.swift(t, "alpha")
	id := aodh.alarm(name, "nothing")

	t.Run("state set", func(t *testing.T) {
		alice, aodh := alice.in(t), aodh.in(t)
		byID := alice.trigger("by-id", "echo", "alarm", map[string]any{"alarm_id": id, "states": []string{"alarm", "ok"}})
		byName := alice.trigger("by-name", "echo", "alarm", map[string]any{"alarm_name": name})
		other := alice.trigger("other", "echo", "alarm", map[string]any{"alarm_name": "other"})
		alice.inEffect(swift.in(t))
		aodh.setState(id, "ok")
		s.sh(t, "alpha", "openstack alarm state set --state alarm "+id)
		data := object(t, alice.event(byName, id, 1))
		require.Equal(t, name, data["alarm_name"])
		require.Equal(t, "alarm", data["current"])
		var states []any
		for n := range 2 {
			data := object(t, alice.event(byID, id, n+1))
			require.Equal(t, id, data["alarm_id"])
			states = append(states, data["current"])
		}
		require.ElementsMatch(t, []any{"ok", "alarm"}, states)
		require.Empty(t, alice.fired(other))
		require.Len(t, alice.fired(byName), 1, "of two changes")
	})
	t.Run("action", func(t *testing.T) { alarmAction(t, s, alice.in(t), aodh.in(t), swift.in(t)) })
	t.Run("webhook", func(t *testing.T) {
		alice := alice.in(t)
		hook := alice.json(http.MethodPost, "/v2/triggers", map[string]any{
			"name": "hook", "function": "echo", "type": "webhook", "webhook": map[string]any{"auth": "token"},
		}, http.StatusCreated)
		box := "hook-" + s.host
		swift, aodh := swift.in(t), aodh.in(t)
		swift.container(box)
		aodh.alarm(box, box, hook["url"].(string))
		swift.upload(box+"/file", "text")
		require.Eventually(t, func() bool { return len(alice.fired(hook["id"].(string))) > 0 }, waitLong, waitStep)
	})
}

// result is what a function, an echo, answered.
func (c *caller) result(e map[string]any) map[string]any {
	c.t.Helper()
	c.await(e["id"], "succeeded")
	event := map[string]any{}
	a := c.do(http.MethodGet, "/v2/executions/"+e["id"].(string)+"/result", nil)
	require.NoError(c.t, json.Unmarshal(a.Body, &event), "%s", a.Body)
	return event
}

// alarmAction is Swift, Ceilometer, Aodh and a private function, by the action
// that the trigger itself says to give to "openstack alarm create".
func alarmAction(t *testing.T, s *stack, alice *caller, aodh aodh, swift swift) {
	box := "action-" + s.host
	swift.container(box)
	trigger := alice.json(http.MethodPost, "/v2/triggers", map[string]any{
		"name": "action", "function": "echo", "type": "alarm", "alarm": map[string]any{"alarm_name": box},
	}, http.StatusCreated)
	require.Equal(t, "trust+"+s.url+"/hooks/"+trigger["id"].(string), trigger["alarm_action"])
	id := s.sh(t, "alpha", "openstack alarm create -f value -c alarm_id --type event --name "+box+" --event-type objectstore.http.request"+
		" --query 'traits.target_metadata_container=string::"+box+";traits.target_action=string::put' --repeat-actions True"+
		" --alarm-action '"+trigger["alarm_action"].(string)+"'")
	aodh.goesWithTest(id)
	swift.upload(box+"/file", "text")
	require.Eventually(t, func() bool { return len(alice.fired(trigger["id"].(string))) > 0 }, waitLong, waitStep)
	data := object(t, alice.result(alice.fired(trigger["id"].(string))[0]))
	require.Equal(t, box, data["alarm_name"])
	require.Equal(t, "alarm", data["current"])
	wantProblem(t, s.withToken("").do(http.MethodPost, "/hooks/"+trigger["id"].(string), strings.NewReader("{}")),
		http.StatusUnauthorized, "unauthenticated")
	bob := s.withToken(keystonetest.Token(t, "beta"))
	wantProblem(t, bob.do(http.MethodPost, "/hooks/"+trigger["id"].(string), strings.NewReader("{}")), http.StatusNotFound, "not_found")
}

// TestNotifications of services reach functions of the project they are about,
// by type, exchange, topic and fields; Ceilometer's own as well.
func TestNotifications(t *testing.T) {
	s := eventStack(t, "")
	alice, bob := s.withToken(keystonetest.Token(t, "alpha")), s.withToken(keystonetest.Token(t, "beta"))
	name := "seen-" + s.host
	var all, mine string
	for _, c := range []*caller{alice, bob} {
		c.echo("echo", nil)
		all = c.trigger("all", "echo", "notification", map[string]any{"event_type": "alarm.*", "exchange": "aodh"})
		if c == alice {
			mine = all
		}
	}
	created := alice.trigger("created", "echo", "notification", map[string]any{
		"event_type": "alarm.creation", "filter": map[string]any{"payload.detail.name": map[string]any{"prefix": name + "-2"}},
	})
	alice.inEffect(s.swift(t, "alpha"))
	aodh := s.aodh(t, "alpha")
	aodh.alarm(name+"-1", "nothing")
	id := aodh.alarm(name+"-2", "nothing")
	require.Eventually(t, func() bool { return len(alice.fired(created)) == 1 && len(alice.fired(mine)) >= 2 }, waitLong, waitStep)
	event := alice.result(alice.fired(created)[0])
	require.Equal(t, "org.openstack.alarm.creation", event["type"])
	require.Equal(t, id, object(t, event)["alarm_id"])
	require.Empty(t, bob.fired(all), "what is alpha's is not beta's")

	everything := map[string]any{"name": "every", "function": "echo", "type": "notification",
		"notification": map[string]any{"event_type": "identity.project.*", "all_projects": true}}
	wantProblem(t, alice.post("/v2/triggers", everything), http.StatusForbidden, "forbidden")
	admin := s.withToken(keystonetest.Token(t, "admin"))
	admin.echo("echo", nil)
	every := admin.json(http.MethodPost, "/v2/triggers", everything, http.StatusCreated)["id"].(string)
	member := keystonetest.NewMember(t)
	require.Eventually(t, func() bool {
		member.EnableProject(t, true) // it is, but Keystone tells of it
		return len(admin.fired(every)) > 0
	}, waitLong, waitStep)
}
