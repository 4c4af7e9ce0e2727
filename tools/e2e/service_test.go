package e2e

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/keystone/keystonetest"
)

// service is another service of the cloud as an account sees it, by the type it has
// in the catalog. It is for what is done often: the services' own clients take more
// than a second of a processor to start, and have tests of their own here.
func (s *stack) service(t testing.TB, account, kind string) *caller {
	t.Helper()
	login := keystonetest.Login(t, keystonetest.Account(t, account))
	endpoint, err := login.EndpointLocator(gophercloud.EndpointOpts{Type: kind, Availability: gophercloud.AvailabilityPublic})
	require.NoError(t, err)
	at := s.withToken(login.Token()).in(t)
	at.url = strings.TrimSuffix(endpoint, "/")
	return at
}

// swift is the account's part of Swift.
func (s *stack) swift(t testing.TB, account string) *caller {
	t.Helper()
	return s.service(t, account, "object-store")
}

// token is what the caller shows.
func (c *caller) token() string { return c.header.Get("X-Auth-Token") }

// container makes a container in Swift that goes with the test.
func (c *caller) container(name string) {
	c.t.Helper()
	require.Equal(c.t, http.StatusCreated, c.do(http.MethodPut, "/"+name, nil).Status)
	c.t.Cleanup(func() { c.remove(name, name+"_segments") })
}

// remove removes containers, if they are there, and what is in them.
func (c *caller) remove(containers ...string) {
	for _, container := range containers {
		if list, err := c.try(http.MethodGet, "/"+container, nil); err == nil && list.Status == http.StatusOK {
			for object := range strings.Lines(string(list.Body)) {
				_, _ = c.try(http.MethodDelete, objectPath(container+"/"+strings.TrimSuffix(object, "\n")), nil)
			}
		}
		_, _ = c.try(http.MethodDelete, "/"+container, nil)
	}
}

func objectPath(object string) string { return (&url.URL{Path: "/" + object}).EscapedPath() }

// upload stores a text under container/name in Swift.
func (c *caller) upload(object, text string, edit ...func(*http.Request)) {
	c.t.Helper()
	a := c.do(http.MethodPut, objectPath(object), strings.NewReader(text), edit...)
	require.Equal(c.t, http.StatusCreated, a.Status, "%s: %s", object, a.Body)
}

// insist uploads until Swift takes it.
func (c *caller) insist(object, text string) {
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); {
		if a, err := c.try(http.MethodPut, objectPath(object), strings.NewReader(text)); err == nil && a.Status == http.StatusCreated {
			return
		}
		<-time.After(waitStep)
	}
	c.t.Errorf("Swift does not take %s", object)
}

// settled waits until the triggers made so far are in effect in every picasso-trigger. One for
// probes, made after them, is when so many in a row had an execution of echo: the processes take turns.
func (c *caller) settled(swift *caller) {
	c.t.Helper()
	const turns = 12
	box := "probe-" + rand.Text()
	swift.container(box)
	trigger := c.trigger(box, "echo", "swift", map[string]any{"container": box})
	probe := func(n int) string { return fmt.Sprintf("%s/%d", box, n) }
	sent := 0
	require.Eventually(c.t, func() bool {
		swift.upload(probe(sent), "x")
		sent++
		fired := map[any]bool{}
		for _, e := range c.fired(trigger) {
			fired[e["subject"]] = true
		}
		row := 0
		for n := 0; n < sent && row < turns; n++ {
			row++
			if !fired[probe(n)] {
				row = 0
			}
		}
		return row == turns
	}, waitLong, waitStep)
	require.Equal(c.t, http.StatusNoContent, c.do(http.MethodDelete, "/v2/triggers/"+trigger, nil).Status)
}

// alarm makes an alarm in Aodh on uploads into a container, which goes with the test, and returns its id.
func (c *caller) alarm(name, box string, actions ...string) string {
	c.t.Helper()
	is := func(field, value string) map[string]string {
		return map[string]string{"field": "traits." + field, "op": "eq", "type": "string", "value": value}
	}
	id := c.json(http.MethodPost, "/v2/alarms", map[string]any{
		"name": name, "type": "event", "repeat_actions": true, "alarm_actions": append([]string{}, actions...),
		"event_rule": map[string]any{
			"event_type": "objectstore.http.request",
			"query":      []any{is("target_metadata_container", box), is("target_action", "put")},
		},
	}, http.StatusCreated)["alarm_id"].(string)
	c.t.Cleanup(func() { _, _ = c.try(http.MethodDelete, "/v2/alarms/"+id, nil) })
	return id
}

// setState changes the state of an alarm in Aodh.
func (c *caller) setState(alarm, state string) {
	c.t.Helper()
	a := c.do(http.MethodPut, "/v2/alarms/"+alarm+"/state", strings.NewReader(fmt.Sprintf("%q", state)), asJSON)
	require.Equal(c.t, http.StatusOK, a.Status, "%s", a.Body)
}
