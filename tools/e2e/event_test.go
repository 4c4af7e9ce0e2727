package e2e

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
)

// notifications is the configuration of a stack that listens to the cloud's broker,
// with a queue of its own that goes with the test.
func notifications(t *testing.T, env cloudtest.Env, more string) string {
	t.Helper()
	queue := fmt.Sprintf("e2e-%d", cloudtest.FreePort(t))
	t.Cleanup(func() {
		for _, name := range []string{queue, queue + ".later", queue + ".dead"} {
			rabbitmqctl(t, env, "delete_queue", name)
		}
	})
	return fmt.Sprintf("[oslo_messaging_notifications]\ntransport_url = %s\n[notifications]\nqueue = %s\n%s", env.TransportURL, queue, more)
}

// rabbitmqctl runs a command on the broker; what is not there is no failure.
func rabbitmqctl(t testing.TB, env cloudtest.Env, args ...string) string {
	t.Helper()
	out, _ := exec.Command(filepath.Join(env.Dir, "rabbitmqctl"), args...).CombinedOutput()
	return string(out)
}

// eventStack runs Picasso against every real service of the cloud: API, engine
// and two picasso-trigger.
func eventStack(t *testing.T, more string) *stack {
	t.Helper()
	t.Parallel()
	env := cloudtest.Need(t, "docker", "mariadb", "keystone", "rabbitmq", "swift", "aodh", "ceilometer")
	s := cloudStack(t, options{split: true, triggers: 2, sections: notifications(t, env, more)})
	for _, p := range s.triggers {
		p.says("notifications are being taken")
	}
	return s
}

// sh runs a shell script as an account of the cloud, and returns what it prints.
func (s *stack) sh(t testing.TB, account, script string) string {
	t.Helper()
	out, err := s.try(account, script)
	require.NoError(t, err, "%s\n%s", script, out)
	return strings.TrimSpace(out)
}

func (s *stack) try(account, script string) (string, error) {
	cmd := s.command("sh", "-ec", `. "$CLOUD_DIR/openrc.$ACCOUNT"; `+script)
	cmd.Env = append(cmd.Environ(), "CLOUD_DIR="+s.env.Dir, "ACCOUNT="+account, "LC_ALL=C.UTF-8", "OS_CLIENT_CONFIG_FILE="+s.env.CloudsFile)
	cmd.Dir = s.dir
	var out, wrong bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &wrong
	err := cmd.Run()
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, wrong.String())
	}
	return out.String(), err
}

// trigger makes a trigger and returns its id. It is in effect a second later at
// the latest, which the caller has to wait for: see inEffect.
func (c *caller) trigger(name, function, kind string, block map[string]any, more ...map[string]any) string {
	c.t.Helper()
	spec := map[string]any{"name": name, "function": function, "type": kind, kind: block}
	for _, fields := range more {
		maps.Copy(spec, fields)
	}
	return c.json(http.MethodPost, "/v2/triggers", spec, http.StatusCreated)["id"].(string)
}

// inEffect waits until the triggers made so far are in effect in every picasso-trigger. It uploads
// probes for one that is made last, until so many in a row have fired: the processes take turns, with
// what others upload, too, which is why it is one probe or two at a time. It needs a function echo.
func (c *caller) inEffect(s swift) {
	c.t.Helper()
	const turns = 12
	box := "probe-" + rand.Text()
	s.container(box)
	trigger := c.trigger(box, "echo", "swift", map[string]any{"container": box, "verify": false}) // by HEAD, of which Swift tells, too
	subject := func(n int) string { return fmt.Sprintf("%s/%d", box, n) }
	sent := 0
	require.Eventually(c.t, func() bool {
		for range 1 + mathrand.N(2) {
			s.upload(subject(sent), "x")
			sent++
		}
		fired := map[any]bool{}
		for _, e := range c.fired(trigger) {
			fired[e["subject"]] = true
		}
		row := 0
		for n := 0; n < sent && row < turns; n++ {
			row++
			if !fired[subject(n)] {
				row = 0
			}
		}
		return row == turns
	}, waitLong, 2*waitStep, "not all processes have the triggers")
	require.Equal(c.t, http.StatusNoContent, c.do(http.MethodDelete, "/v2/triggers/"+trigger, nil).Status)
}

// fired lists the executions of a trigger, newest first.
func (c *caller) fired(trigger string) []map[string]any {
	c.t.Helper()
	return c.list("limit=1000&trigger=" + url.QueryEscape(trigger))
}

// event waits for the nth execution of a trigger about a subject, n from 1, and
// returns the CloudEvent that its function, an echo, got.
func (c *caller) event(trigger, subject string, n int) map[string]any {
	c.t.Helper()
	var id string
	require.Eventually(c.t, func() bool {
		var ended []string
		for _, e := range c.fired(trigger) {
			if e["subject"] == subject && e["status"] == "succeeded" {
				ended = append(ended, e["id"].(string))
			}
		}
		if len(ended) < n {
			return false
		}
		id = ended[len(ended)-n]
		return true
	}, waitLong, waitStep, "no execution %d about %q", n, subject)
	a := c.do(http.MethodGet, "/v2/executions/"+id+"/result", nil)
	event := map[string]any{}
	require.NoError(c.t, json.Unmarshal(a.Body, &event), "%s", a.Body)
	return event
}

// echo makes a function that answers with what it got.
func (c *caller) echo(name string, more map[string]any) {
	c.t.Helper()
	spec := testfn(c.t, name, map[string]any{"command": []string{"echo"}})
	maps.Copy(spec, more)
	c.create(spec)
}

// file writes a file that scripts of the stack find under its name.
func (s *stack) file(t testing.TB, name string, size int) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(s.dir, name), []byte(strings.Repeat("x", size)), 0o644))
}
