package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
	"testing"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/keystone/keystonetest"
)

// service calls another service of the cloud as an account, by the type it has in the
// catalog. It is for what tests do often: commands of the services' own clients take more
// than a second of a processor each. What users do is done with those at least once.
func (s *stack) service(t testing.TB, account, kind string) *caller {
	t.Helper()
	login := keystonetest.Login(t, keystonetest.Account(t, account))
	endpoint, err := login.EndpointLocator(gophercloud.EndpointOpts{Type: kind, Availability: gophercloud.AvailabilityPublic})
	require.NoError(t, err)
	c := s.withToken(login.Token()).in(t)
	c.url = strings.TrimSuffix(endpoint, "/")
	return c
}

// token is what the caller shows.
func (c *caller) token() string { return c.header.Get("X-Auth-Token") }

// swift is an account's part of Swift.
type swift struct{ *caller }

func (s *stack) swift(t testing.TB, account string) swift {
	t.Helper()
	return swift{s.service(t, account, "object-store")}
}

func (s swift) in(t testing.TB) swift { return swift{s.caller.in(t)} }

// path is the account's at whatever address of Swift.
func (s swift) path() string { return "/v1/" + path.Base(s.url) }

// container makes a container that goes with the test.
func (s swift) container(name string) {
	s.t.Helper()
	a := s.do(http.MethodPut, "/"+name, nil)
	require.Less(s.t, a.Status, 300, "%s", a.Body)
	s.t.Cleanup(func() { s.remove(name, name+"_segments") })
}

// remove removes containers, if they are there, and what is in them.
func (s swift) remove(containers ...string) {
	for _, container := range containers {
		if list, err := s.try(http.MethodGet, "/"+container, nil); err == nil && list.Status == http.StatusOK {
			for name := range strings.Lines(string(list.Body)) {
				_, _ = s.try(http.MethodDelete, pathOf(container+"/"+strings.TrimSuffix(name, "\n")), nil)
			}
		}
		_, _ = s.try(http.MethodDelete, "/"+container, nil)
	}
}

// pathOf is the path of container/name below an account.
func pathOf(object string) string { return (&url.URL{Path: "/" + object}).EscapedPath() }

// upload stores a text as container/name. While Swift has a fault it tries again, for less
// time than tests wait for anything.
func (s swift) upload(object, text string) {
	for deadline := time.Now().Add(waitLong / 4 * 3); ; <-time.After(waitStep) {
		a, err := s.try(http.MethodPut, pathOf(object), strings.NewReader(text))
		switch {
		case err == nil && a.Status == http.StatusCreated:
			return
		case err == nil && a.Status < 500, time.Now().After(deadline):
			s.t.Errorf("Swift does not take %s: %v %v", object, a, err)
			return
		}
	}
}

// aodh is an account's alarms.
type aodh struct{ *caller }

func (s *stack) aodh(t testing.TB, account string) aodh {
	t.Helper()
	return aodh{s.service(t, account, "alarming")}
}

func (a aodh) in(t testing.TB) aodh { return aodh{a.caller.in(t)} }

// alarm makes an alarm on uploads into a container, which goes with the test, and returns its id.
func (a aodh) alarm(name, container string, actions ...string) string {
	a.t.Helper()
	is := func(field, value string) map[string]string {
		return map[string]string{"field": "traits." + field, "op": "eq", "type": "string", "value": value}
	}
	id := a.json(http.MethodPost, "/v2/alarms", map[string]any{
		"name": name, "type": "event", "repeat_actions": true, "alarm_actions": append([]string{}, actions...),
		"event_rule": map[string]any{
			"event_type": "objectstore.http.request",
			"query":      []any{is("target_metadata_container", container), is("target_action", "put")},
		},
	}, http.StatusCreated)["alarm_id"].(string)
	a.goesWithTest(id)
	return id
}

// goesWithTest deletes an alarm when the test ends.
func (a aodh) goesWithTest(id string) {
	a.t.Cleanup(func() { _, _ = a.try(http.MethodDelete, "/v2/alarms/"+id, nil) })
}

// setState changes the state of an alarm.
func (a aodh) setState(id, state string) {
	a.t.Helper()
	answer := a.do(http.MethodPut, "/v2/alarms/"+id+"/state", strings.NewReader(fmt.Sprintf("%q", state)), asJSON)
	require.Equal(a.t, http.StatusOK, answer.Status, "%s", answer.Body)
}
