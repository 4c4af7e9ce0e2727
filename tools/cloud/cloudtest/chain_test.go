package cloudtest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An upload makes Swift notify RabbitMQ, Ceilometer an event of that, and Aodh fire an
// alarm, with a token that it got from Keystone through the alarm's trust.
func TestUploadFiresAlarm(t *testing.T) {
	env := Need(t, "swift", "aodh", "ceilometer")
	type call struct {
		path, token, alarm string
	}
	calls := make(chan call, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var body struct {
			AlarmName string `json:"alarm_name"`
		}
		assert.NoError(t, json.NewDecoder(r.Body).Decode(&body))
		calls <- call{r.URL.Path, r.Header.Get("X-Auth-Token"), body.AlarmName}
	}))
	t.Cleanup(hook.Close)

	container := "cloudtest-" + strings.TrimPrefix(hook.URL, "http://127.0.0.1:")
	alarm := openstack(t, env, "alpha", "alarm", "create", "--type", "event", "--name", container,
		"--event-type", "objectstore.http.request",
		"--query", "traits.target_metadata_container=string::"+container+";traits.target_action=string::put;traits.target_metadata_object=string::report.txt",
		"--alarm-action", "trust+"+hook.URL+"/hook", "-f", "value", "-c", "alarm_id")
	t.Cleanup(func() { openstack(t, env, "alpha", "alarm", "delete", alarm) })
	openstack(t, env, "alpha", "container", "create", container)
	t.Cleanup(func() { openstack(t, env, "alpha", "container", "delete", "--recursive", container) })
	file := filepath.Join(t.TempDir(), "report.txt")
	require.NoError(t, os.WriteFile(file, []byte("hello"), 0o600))
	openstack(t, env, "alpha", "object", "create", "--name", "report.txt", container, file)

	select {
	case got := <-calls:
		assert.NotEmpty(t, got.token)
		assert.Equal(t, call{"/hook", got.token, container}, got)
	case <-time.After(time.Minute):
		t.Fatal("the alarm did not fire")
	}
}
