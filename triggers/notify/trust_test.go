package notify_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/triggers/alarm"
	"github.com/picasso-faas/picasso/triggers/triggerstest"
)

// A trigger whose trust is gone says so, and the message is done with.
func TestTrustIsGone(t *testing.T) {
	t.Parallel()
	c := newCloud(t, "swift")
	base := "http://" + c.env.PublicHost + ":8080"
	c.fill(base)
	trigger := c.swiftTrigger("box")
	other := c.trigger(func(t *picasso.Trigger) {
		unverified := false
		t.Swift = &picasso.Swift{Container: "box", Verify: &unverified}
	})
	require.NoError(t, c.delegator.Revoke(t.Context(), trigger.Trust.ID))
	c.start()
	c.consume("swift")
	c.send(base, request{method: "PUT", path: "/box/o", body: "x"})
	require.Eventually(t, func() bool { return c.stored(trigger).Error != "" }, triggerstest.Patience, step)
	assert.Contains(t, c.stored(trigger).Error, "its Keystone trust was deleted")
	var list []cloudEvent
	require.Eventually(t, func() bool { list = append(list, c.events()...); return len(list) > 0 }, triggerstest.Patience, step)
	require.Len(t, list, 1, "the other one runs")
	assert.Equal(t, "box/o", list[0].Subject)
	assert.NotContains(t, list[0].Data, "size", "nobody looked")
	assert.Empty(t, c.stored(other).Error)
}

// A function that writes, as the user who delegated, into the container that
// triggers it ends by itself.
func TestLoop(t *testing.T) {
	for name, by := range map[string]struct {
		runs  int // one more, after a pause, where it may be the user's own doing
		write func(depth int) (object string, h http.Header)
	}{
		"tells its depth": {picasso.MaxDepth + 1, func(depth int) (string, http.Header) {
			return "out", header("X-Object-Meta-Picasso-Depth", string(rune('0'+depth)))
		}},
		"by the same name": {picasso.MaxDepth + 2, func(int) (string, http.Header) { return "in.txt", http.Header{} }},
		"by the name's stem": {picasso.MaxDepth + 1, func(depth int) (string, http.Header) {
			return "in" + strings.Repeat("-2", depth) + ".png", http.Header{}
		}},
		"by being the only one": {picasso.MaxDepth + 2, func(depth int) (string, http.Header) {
			return "out" + string(rune('a'+depth)), http.Header{}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t, "swift")
			base := "http://" + c.env.PublicHost + ":8080"
			c.fill(base)
			trigger := c.trigger(func(t *picasso.Trigger) {
				t.Swift, t.DelegateRoles, t.Trust = &picasso.Swift{Container: "box"}, []string{"member"}, c.trust()
			})
			c.start()
			c.consume("swift")
			c.send(base, request{method: "PUT", path: "/box/in.txt", body: "x"})
			for depth := range by.runs { // each runs, and writes while it does
				var taken []picasso.Claimed
				require.Eventually(t, func() bool { taken = c.taken(); return len(taken) > 0 }, triggerstest.Patience, step)
				require.Len(t, taken, 1)
				require.Equal(t, depth, taken[0].Depth)
				require.Equal(t, trigger.Trust.ID, taken[0].TrustID)
				object, h := by.write(depth + 1)
				c.send(base, request{method: "PUT", path: "/box/" + object, body: "x", header: h})
				require.Eventually(t, func() bool {
					list, _, err := c.store.Executions(t.Context(), picasso.ExecutionFilter{TriggerID: trigger.ID}, picasso.Page{})
					return err == nil && len(list) == depth+2
				}, triggerstest.Patience, step)
				e := taken[0].Execution
				e.Status, e.FinishedAt = picasso.StatusSucceeded, time.Now()
				require.NoError(t, c.store.Settle(t.Context(), &picasso.Settlement{Lease: taken[0].Lease, Execution: e}))
			}
			list, _, err := c.store.Executions(t.Context(), picasso.ExecutionFilter{TriggerID: trigger.ID, Status: picasso.StatusFailed}, picasso.Page{})
			require.NoError(t, err)
			require.Len(t, list, 1)
			assert.Contains(t, list[0].Reason, "Chain stopped: more than 8 executions would cause each other in a row")
			assert.Contains(t, list[0].Reason, "container that triggers it")
		})
	}
}

// Keystone says that a project was deleted: what it had here goes with it.
func TestProjectIsDeleted(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	trigger := c.trigger(func(t *picasso.Trigger) { t.Alarm, t.Trust = &picasso.Alarm{}, c.trust() })
	c.start()
	c.consume("keystone")
	c.member.DeleteProject(t)
	require.Eventually(t, func() bool {
		_, err := c.store.Function(t.Context(), "", c.fn.ID)
		return picasso.CodeOf(err) == picasso.CodeNotFound
	}, triggerstest.Patience, step)
	_, err := c.store.Trigger(t.Context(), "", trigger.ID)
	assert.Equal(t, picasso.CodeNotFound, picasso.CodeOf(err))
	dropped, err := c.store.DroppedTrusts(t.Context(), 10)
	require.NoError(t, err)
	assert.Equal(t, []string{trigger.Trust.ID}, dropped)
}

// Alarms of the real Aodh, by their name and by their id.
func TestAlarm(t *testing.T) {
	t.Parallel()
	c := newCloud(t, "aodh")
	aodh := "http://" + c.env.PublicHost + ":8042/v2/alarms"
	ours, others := c.alarm(aodh, "load"), c.alarm(aodh, "other")
	byName := c.trigger(func(t *picasso.Trigger) { t.Alarm, t.Trust = &picasso.Alarm{AlarmName: "load"}, c.trust() })
	c.trigger(func(t *picasso.Trigger) { t.Alarm = &picasso.Alarm{AlarmID: others, States: []string{"ok"}} })
	c.start()
	c.consume("aodh")
	for _, change := range [][2]string{{ours, "ok"}, {others, "alarm"}, {ours, "alarm"}, {others, "ok"}} {
		status, _ := c.send("", request{method: "PUT", path: aodh + "/" + change[0] + "/state", body: `"` + change[1] + `"`,
			header: header("Content-Type", "application/json")})
		require.Equal(t, http.StatusOK, status)
	}
	var list []cloudEvent
	require.Eventually(t, func() bool { list = append(list, c.events()...); return len(list) == 2 }, triggerstest.Patience, step)
	for _, e := range list {
		assert.Equal(t, alarm.EventType, e.Type)
		assert.Equal(t, "//RegionOne/aodh.api", e.Source)
		assert.Equal(t, c.project, e.ProjectID)
	}
	assert.Equal(t, map[string]any{
		"alarm_id": ours, "alarm_name": "load", "severity": "moderate", "current": "alarm", "reason": "Manually set via API",
	}, list[0].Data)
	assert.Equal(t, ours, list[0].Subject)
	assert.Equal(t, map[string]any{"alarm_id": others, "current": "ok", "reason": "Manually set via API"}, withoutSeverity(list[1].Data))
	assert.Empty(t, c.stored(byName).Error)
}

func withoutSeverity(data map[string]any) map[string]any {
	delete(data, "severity")
	return data
}

// alarm makes one and returns its id.
func (c *cloud) alarm(url, name string) string {
	c.Helper()
	status, h := c.send("", request{method: "POST", path: url, header: header("Content-Type", "application/json"),
		body: `{"name": "` + name + `", "type": "event", "severity": "moderate", "event_rule": {"event_type": "none"}}`})
	require.Equal(c, http.StatusCreated, status)
	location := h.Get("Location")
	return location[len(location)-36:]
}
