package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/keystone/keystonetest"
)

// alarm makes an event alarm on uploads into a container, and returns its id.
func (s *stack) alarm(t *testing.T, name, box string, more ...string) string {
	t.Helper()
	id := s.sh(t, "alpha", "openstack alarm create -f value -c alarm_id --type event --name "+name+
		" --event-type objectstore.http.request --query 'traits.target_metadata_container=string::"+box+";traits.target_action=string::put' "+
		strings.Join(more, " "))
	t.Cleanup(func() { _, _ = s.try("alpha", "openstack alarm delete "+id) })
	return id
}

// TestAlarms is Aodh: its notifications, and its actions on private functions.
func TestAlarms(t *testing.T) {
	s := eventStack(t, "")
	alice := s.withToken(keystonetest.Token(t, "alpha"))
	alice.echo("echo", nil)
	name := "cpu-" + s.host
	id := s.alarm(t, name, "nothing")

	t.Run("state set", func(t *testing.T) {
		alice := alice.in(t)
		byID := alice.trigger("by-id", "echo", "alarm", map[string]any{"alarm_id": id, "states": []string{"alarm", "ok"}})
		byName := alice.trigger("by-name", "echo", "alarm", map[string]any{"alarm_name": name})
		other := alice.trigger("other", "echo", "alarm", map[string]any{"alarm_name": "other"})
		require.Eventually(t, func() bool { // until the triggers are in effect
			s.sh(t, "alpha", "openstack alarm state set --state ok "+id+" >/dev/null; openstack alarm state set --state alarm "+id)
			return len(alice.fired(byID)) > 0 && len(alice.fired(byName)) > 0
		}, waitLong, waitStep)
		data := object(t, alice.event(byName, id, 1))
		require.Equal(t, name, data["alarm_name"])
		require.Equal(t, "alarm", data["current"])
		require.Equal(t, id, object(t, alice.event(byID, id, 1))["alarm_id"])
		require.Empty(t, alice.fired(other))
		for _, e := range alice.fired(byName) {
			require.Equal(t, "alarm", object(t, alice.result(e))["current"])
		}
	})
	t.Run("action", func(t *testing.T) { alarmAction(t, s, alice.in(t)) })
	t.Run("webhook", func(t *testing.T) {
		alice := alice.in(t)
		hook := alice.json(http.MethodPost, "/v2/triggers", map[string]any{
			"name": "hook", "function": "echo", "type": "webhook", "webhook": map[string]any{"auth": "token"},
		}, http.StatusCreated)
		box := "hook-" + s.host
		s.container(t, "alpha", box)
		s.alarm(t, "hook-"+s.host, box, "--repeat-actions True --alarm-action '"+hook["url"].(string)+"'")
		s.file(t, "file", 1)
		s.sh(t, "alpha", "swift upload "+box+" file")
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
// that the trigger itself says to give.
func alarmAction(t *testing.T, s *stack, alice *caller) {
	box := "action-" + s.host
	s.container(t, "alpha", box)
	trigger := alice.json(http.MethodPost, "/v2/triggers", map[string]any{
		"name": "action", "function": "echo", "type": "alarm", "alarm": map[string]any{"alarm_name": "action-" + s.host},
	}, http.StatusCreated)
	require.Equal(t, "trust+"+s.url+"/hooks/"+trigger["id"].(string), trigger["alarm_action"])
	s.alarm(t, "action-"+s.host, box, "--repeat-actions True --alarm-action '"+trigger["alarm_action"].(string)+"'")
	s.file(t, "file", 1)
	s.sh(t, "alpha", "swift upload "+box+" file")
	require.Eventually(t, func() bool { return len(alice.fired(trigger["id"].(string))) > 0 }, waitLong, waitStep)
	data := object(t, alice.result(alice.fired(trigger["id"].(string))[0]))
	require.Equal(t, "action-"+s.host, data["alarm_name"])
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
	require.Eventually(t, func() bool {
		s.alarm(t, name+"-1", "nothing")
		return len(alice.fired(mine)) > 0
	}, waitLong, waitStep)
	id := s.alarm(t, name+"-2", "nothing")
	require.Eventually(t, func() bool { return len(alice.fired(created)) == 1 }, waitLong, waitStep)
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
	require.Eventually(t, func() bool {
		s.sh(t, "admin", "openstack project set --description x alpha")
		return len(admin.fired(every)) > 0
	}, waitLong, waitStep)
}
