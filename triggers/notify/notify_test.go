package notify_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/db"
	"github.com/picasso-faas/picasso/db/dbtest"
	"github.com/picasso-faas/picasso/triggers/amqp"
	"github.com/picasso-faas/picasso/triggers/notify"
	"github.com/picasso-faas/picasso/triggers/triggerstest"
)

func stores() map[string]func(testing.TB) *db.Store {
	return map[string]func(testing.TB) *db.Store{"SQLite": dbtest.SQLite, "MariaDB": dbtest.MariaDB}
}

// instance is what Nova tells of one.
func instance(t testing.TB, id, project, state string) []byte {
	return envelope(t, id, "compute.instance.update", map[string]any{"tenant_id": project, "instance_id": "i1", "state": state})
}

// upload is what Swift tells of one.
func upload(t testing.TB, id, project, object string) []byte {
	return envelope(t, id, "objectstore.http.request", map[string]any{
		"outcome": "success", "eventTime": "2026-11-22T10:18:00.222453", "initiator": map[string]any{"id": "alice", "project_id": project},
		"target": map[string]any{"id": project, "action": "put", "metadata": map[string]any{
			"path": "v1/AUTH_" + project + "/box/" + object, "container": "box", "object": object}},
		"measurements": []any{map[string]any{"result": 5, "metric": map[string]any{"name": "storage.objects.incoming.bytes"}}},
	})
}

func (k *kit) instances(edit ...func(*picasso.Trigger)) *picasso.Trigger {
	return k.trigger(func(t *picasso.Trigger) {
		t.Notification = &picasso.Notification{EventType: "compute.instance.*"}
		for _, e := range edit {
			e(t)
		}
	})
}

// counts is what was counted, by name and labels.
func (k *kit) counts() map[string]float64 {
	k.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(k.handler.Metrics()...)
	families, err := registry.Gather()
	require.NoError(k, err)
	counts := map[string]float64{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			name := family.GetName()
			for _, label := range []string{"type", "result"} {
				for _, l := range metric.GetLabel() {
					if l.GetName() == label {
						name += " " + l.GetValue()
					}
				}
			}
			counts[name] = metric.GetCounter().GetValue()
		}
	}
	return counts
}

func TestNotification(t *testing.T) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			k := newKit(t, open(t), "p-"+triggerstest.NewID())
			all := k.instances()
			k.instances(func(t *picasso.Trigger) {
				t.Notification.Filter = map[string]json.RawMessage{"payload.state": json.RawMessage(`"active"`)}
				t.InputTemplate = "${subject} is ${data.state}"
			})
			k.instances(func(t *picasso.Trigger) { t.Notification.Exchange = "cinder" })
			k.instances(func(t *picasso.Trigger) { t.Enabled = false })
			k.start()
			require.NoError(t, k.handle("nova", instance(t, "m1", k.project, "building")))
			require.NoError(t, k.handle("nova", instance(t, "m2", k.project, "active")))
			require.NoError(t, k.handle("nova", instance(t, "m2", k.project, "active")), "again")
			require.NoError(t, k.handle("nova", instance(t, "m3", "other", "active")))
			require.NoError(t, k.handle("nova", instance(t, "m4", "", "active")))

			taken := k.taken()
			require.Len(t, taken, 3)
			first := taken[0]
			assert.Equal(t, all.ID, first.TriggerID)
			assert.Equal(t, "m1", first.EventID)
			assert.Equal(t, "i1", first.Subject)
			assert.JSONEq(t, `{"specversion": "1.0", "id": "m1", "source": "//RegionOne/service.host", "type": "org.openstack.compute.instance.update",
				"subject": "i1", "time": "2026-11-22T10:18:00.225238Z", "datacontenttype": "application/json", "projectid": "`+k.project+`",
				"priority": "INFO", "requestid": "req-1", "data": {"tenant_id": "`+k.project+`", "instance_id": "i1", "state": "building"}}`, string(first.Input.Body))
			texts := []string{string(taken[1].Input.Body), string(taken[2].Input.Body)}
			assert.Contains(t, texts, "i1 is active")
		})
	}
}

// Two processes that get the same message, at the same time and again, run each
// trigger once.
func TestOnce(t *testing.T) {
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			store := open(t)
			k := newKit(t, store, "p-"+triggerstest.NewID())
			k.instances()
			k.instances()
			second := newKit(t, store, "elsewhere")
			k.start()
			second.start()
			var group sync.WaitGroup
			for range 8 {
				for _, handler := range []*notify.Handler{k.handler, second.handler} {
					group.Go(func() {
						err := handler.Handle(t.Context(), amqp.Message{Exchange: "nova", RoutingKey: "notifications.info", Body: instance(t, "m1", k.project, "active")})
						assert.NoError(t, err)
					})
				}
			}
			group.Wait()
			assert.Len(t, k.taken(), 2)
		})
	}
}

// What concerns nobody costs no look into the database: there is none here.
func TestNobody(t *testing.T) {
	store := dbtest.SQLite(t)
	k := newKit(t, store, "p1", func(cfg *notify.Config) { cfg.Queue, cfg.Functions, cfg.Executions = nil, nil, nil })
	k.instances()
	k.trigger(func(t *picasso.Trigger) { t.Swift = &picasso.Swift{Container: "box"} })
	k.trigger(func(t *picasso.Trigger) { t.Alarm = &picasso.Alarm{States: []string{"ok"}} })
	k.start()
	require.NoError(t, store.Close())
	for _, m := range [][]byte{
		instance(t, "m1", "p2", "active"), instance(t, "m2", "", "active"), upload(t, "m3", "p2", "o"), upload(t, "m4", "", "o"),
		envelope(t, "m5", "volume.create.end", map[string]any{"tenant_id": "p1"}),
		envelope(t, "m6", "alarm.state_transition", map[string]any{"on_behalf_of": "p1", "alarm_id": "a", "detail": `{"state": "alarm"}`}),
		envelope(t, "m7", "objectstore.http.request", map[string]any{"target": map[string]any{"id": "p1", "action": "get",
			"metadata": map[string]any{"path": "v1/AUTH_p1/box/o", "container": "box", "object": "o"}}}),
	} {
		require.NoError(t, k.handle("any", m))
	}
}

func TestPoison(t *testing.T) {
	k := newKit(t, dbtest.SQLite(t), "p1")
	k.trigger(func(t *picasso.Trigger) { t.Swift = &picasso.Swift{Container: "box"} })
	k.trigger(func(t *picasso.Trigger) { t.Alarm = &picasso.Alarm{} })
	k.trigger(func(t *picasso.Trigger) { t.Notification = &picasso.Notification{EventType: "*"} })
	k.start()
	for _, body := range []string{"", "{", `{"oslo.message": "x"}`, `{"event_type": ""}`} {
		assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(k.handle("swift", []byte(body))), body)
	}
	// What one trigger cannot read does not keep another one from running.
	broken := map[string]any{"target": map[string]any{"id": "p1", "action": "put", "metadata": map[string]any{"container": "box", "object": "%zz"}}}
	assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(k.handle("swift", envelope(t, "m1", "objectstore.http.request", broken))))
	assert.Len(t, k.taken(), 1)
	assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(k.handle("aodh", envelope(t, "m2", "alarm.state_transition", map[string]any{"on_behalf_of": "p1"}))))
	assert.Len(t, k.taken(), 1)
	assert.Equal(t, map[string]float64{
		"picasso_notifications_total invalid":              6,
		"picasso_trigger_events_total swift invalid":       1,
		"picasso_trigger_events_total alarm invalid":       1,
		"picasso_trigger_events_total notification queued": 2,
	}, k.counts())
}

// An input that cannot be made is on record.
func TestTooMuch(t *testing.T) {
	k := newKit(t, dbtest.SQLite(t), "p1")
	trigger := k.instances(func(t *picasso.Trigger) { t.InputTemplate = strings.Repeat("${data.state}", 4000) })
	k.start()
	require.NoError(t, k.handle("nova", instance(t, "m1", "p1", strings.Repeat("x", 1000))))
	list, _, err := k.store.Executions(t.Context(), picasso.ExecutionFilter{TriggerID: trigger.ID}, picasso.Page{})
	require.NoError(t, err)
	require.Len(t, list, 1)
	assert.Equal(t, picasso.StatusFailed, list[0].Status)
	assert.Contains(t, list[0].Reason, "input_template: ")
}

// swiftService is a Swift that can be away, and the delegator that leads there.
type swiftService struct {
	picasso.Delegator
	url     string
	away    atomic.Bool
	written atomic.Value // X-Timestamp
}

func newSwiftService(t testing.TB) *swiftService {
	s := &swiftService{}
	s.written.Store("1795342680.2")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if s.away.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		w.Header().Set("X-Timestamp", s.written.Load().(string))
	}))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *swiftService) Credentials(context.Context, string, time.Duration) (*picasso.Credentials, error) {
	return &picasso.Credentials{Endpoints: map[string]string{"object-store": s.url}}, nil
}

// While Swift is away the event waits, and what needs no look at Swift runs.
func TestSwiftIsAway(t *testing.T) {
	s := newSwiftService(t)
	k := newKit(t, dbtest.SQLite(t), "p1", func(cfg *notify.Config) { cfg.Delegator = s })
	looks := k.trigger(func(t *picasso.Trigger) {
		t.Swift, t.Trust = &picasso.Swift{Container: "box"}, &picasso.Trust{ID: "trust", UserID: "alice"}
	})
	k.trigger(func(t *picasso.Trigger) { t.Notification = &picasso.Notification{EventType: "objectstore.*"} })
	k.start()
	s.away.Store(true)
	for range 3 {
		assert.Equal(t, picasso.CodeBusy, picasso.CodeOf(k.handle("swift", upload(t, "m1", "p1", "o"))))
	}
	assert.Len(t, k.taken(), 1)
	assert.Empty(t, k.stored(looks).Error)
	s.away.Store(false)
	require.NoError(t, k.handle("swift", upload(t, "m1", "p1", "o")))
	taken := k.taken()
	require.Len(t, taken, 1)
	assert.Equal(t, looks.ID, taken[0].TriggerID)
}

// A trigger that does not work says why, once, and its messages are done with.
func TestBroken(t *testing.T) {
	k := newKit(t, dbtest.SQLite(t), "p1", func(cfg *notify.Config) { cfg.Delegator = newSwiftService(t) })
	trigger := k.trigger(func(t *picasso.Trigger) { t.Swift = &picasso.Swift{Container: "box"} })
	k.start()
	require.NoError(t, k.handle("swift", upload(t, "m1", "p1", "o")))
	assert.Contains(t, k.stored(trigger).Error, "swift.verify: the trigger has no Keystone trust")
	require.Eventually(t, func() bool {
		before := len(k.said.AllEntries())
		return k.handle("swift", upload(t, "m2", "p1", "o")) == nil && len(k.said.AllEntries()) == before
	}, triggerstest.Patience, step, "once everybody has heard of it")
	assert.Empty(t, k.taken())
}

// Without Keystone nothing can be looked at: the events wait for it.
func TestNoKeystone(t *testing.T) {
	k := newKit(t, dbtest.SQLite(t), "p1")
	trigger := k.trigger(func(t *picasso.Trigger) { t.Swift = &picasso.Swift{Container: "box"} })
	k.start()
	err := k.handle("swift", upload(t, "m1", "p1", "o"))
	assert.Equal(t, picasso.CodeBusy, picasso.CodeOf(err))
	assert.Empty(t, k.stored(trigger).Error)
}

// Only Keystone says that a project is gone, and the operator what becomes of it.
func TestProjectStays(t *testing.T) {
	k := newKit(t, dbtest.SQLite(t), "p1")
	k.start()
	deleted := envelope(t, "m1", "identity.project.deleted", map[string]any{"resource_info": "p1"})
	require.NoError(t, k.handle("nova", deleted))
	_, err := k.store.Function(t.Context(), "", k.fn.ID)
	require.NoError(t, err)
	require.NoError(t, k.handle("keystone", deleted))
	_, err = k.store.Function(t.Context(), "", k.fn.ID)
	assert.Equal(t, picasso.CodeNotFound, picasso.CodeOf(err))
	require.NoError(t, k.handle("keystone", deleted), "again")

	k = newKit(t, dbtest.SQLite(t), "p1", func(cfg *notify.Config) { cfg.OnProjectDeleted = notify.OnProjectDeletedIgnore })
	k.start()
	require.NoError(t, k.handle("keystone", deleted))
	_, err = k.store.Function(t.Context(), "", k.fn.ID)
	require.NoError(t, err)
}

// A function that is gone takes what would have run with it.
func TestFunctionIsGone(t *testing.T) {
	k := newKit(t, dbtest.SQLite(t), "p1")
	k.instances()
	k.start()
	require.NoError(t, k.store.DeleteFunction(t.Context(), "p1", k.fn.ID))
	require.NoError(t, k.handle("nova", instance(t, "m1", "p1", "active")))
}

func TestOptions(t *testing.T) {
	require.NoError(t, notify.DefaultOptions().Validate())
	for want, o := range map[string]notify.Options{
		"on_project_deleted: must be delete or ignore": {OnProjectDeleted: "archive", KeystoneExchange: "keystone"},
		"keystone_exchange: is required":               {OnProjectDeleted: "delete"},
		"cafile: holds no certificate":                 {OnProjectDeleted: "delete", KeystoneExchange: "keystone", CA: []byte("none")},
	} {
		_, err := notify.New(notify.Config{Options: o})
		assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err))
		assert.ErrorContains(t, err, want)
	}
}

func TestAFullQueueSetsANotificationAside(t *testing.T) {
	store := dbtest.SQLite(t)
	store.LimitQueued(1)
	k := newKit(t, store, "p")
	k.instances()
	k.start()
	require.NoError(t, k.handle("nova", instance(t, "m1", "p", "active")))
	second := func() error { return k.handle("nova", instance(t, "m2", "p", "active")) }
	assert.Equal(t, picasso.CodeBusy, picasso.CodeOf(second()))
	require.Len(t, k.taken(), 1)
	require.Eventually(t, func() bool { return second() == nil }, triggerstest.Patience, 20*time.Millisecond, "when there is room")
	assert.Len(t, k.taken(), 1)
}
