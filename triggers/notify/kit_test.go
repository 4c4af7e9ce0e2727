package notify_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/db"
	"github.com/picasso-faas/picasso/triggers/amqp"
	"github.com/picasso-faas/picasso/triggers/notify"
	"github.com/picasso-faas/picasso/triggers/triggerstest"
)

// kit is a handler on a store, with a function in a project.
type kit struct {
	testing.TB
	store   *db.Store
	project string
	fn      *picasso.Function
	handler *notify.Handler
	log     *logrus.Logger
	said    *test.Hook
}

func newKit(t testing.TB, store *db.Store, project string, edit ...func(*notify.Config)) *kit {
	t.Helper()
	k := &kit{TB: t, store: store, project: project, fn: triggerstest.Function(t, store, project)}
	k.log, k.said = test.NewNullLogger()
	cfg := notify.Config{
		Options: notify.DefaultOptions(), Region: "RegionOne",
		Queue: store, Functions: store, Executions: store, Events: store, Looks: 10, Log: k.log, Now: time.Now, NewID: triggerstest.NewID,
	}
	for _, e := range edit {
		e(&cfg)
	}
	var err error
	k.handler, err = notify.New(cfg)
	require.NoError(t, err)
	return k
}

// start has the handler follow the triggers there are; no more may be made after it.
func (k *kit) start() {
	k.Helper()
	go k.handler.Run(k.Context())
	select {
	case <-k.handler.Ready():
	case <-time.After(triggerstest.Patience):
		k.Fatal("no triggers were read")
	}
}

// trigger makes one as the API does.
func (k *kit) trigger(edit func(*picasso.Trigger)) *picasso.Trigger {
	k.Helper()
	now := time.Now().UTC().Truncate(time.Microsecond)
	t := &picasso.Trigger{ID: triggerstest.NewID(), ProjectID: k.project, CreatedAt: now, UpdatedAt: now}
	t.Name, t.Function, t.Enabled = "t-"+t.ID[24:], k.fn.ID, true
	edit(t)
	switch {
	case t.Swift != nil:
		t.Type = picasso.TriggerSwift
	case t.Alarm != nil:
		t.Type = picasso.TriggerAlarm
	case t.Notification != nil:
		t.Type = picasso.TriggerNotification
	}
	require.NoError(k, t.Validate())
	require.NoError(k, k.store.CreateTrigger(k.Context(), t))
	return t
}

// cloudEvent is what a function gets.
type cloudEvent struct {
	ID, Source, Type, Subject, Time, ProjectID, Priority, RequestID string
	Data                                                            map[string]any
}

// handle hands a message to the handler.
func (k *kit) handle(exchange string, body []byte) error {
	return k.handler.Handle(k.Context(), amqp.Message{Exchange: exchange, RoutingKey: "notifications.info", Body: body})
}

// taken takes what is queued, oldest first.
func (k *kit) taken() (list []picasso.Claimed) {
	k.Helper()
	list, err := k.store.Claim(k.Context(), []picasso.Claim{{FunctionID: k.fn.ID, ProjectID: k.project, Count: 100}}, time.Hour)
	require.NoError(k, err)
	return list
}

// events are those of what is queued.
func (k *kit) events() (list []cloudEvent) {
	k.Helper()
	for _, c := range k.taken() {
		list = append(list, eventOf(k, &c))
	}
	return list
}

func eventOf(t testing.TB, c *picasso.Claimed) (e cloudEvent) {
	t.Helper()
	require.NoError(t, json.Unmarshal(c.Input.Body, &e))
	return e
}

// stored is the trigger as it is now.
func (k *kit) stored(t *picasso.Trigger) *picasso.Trigger {
	k.Helper()
	got, err := k.store.Trigger(k.Context(), "", t.ID)
	require.NoError(k, err)
	return got
}

// envelope is a notification as it is on the wire.
func envelope(t testing.TB, id, eventType string, payload any) []byte {
	t.Helper()
	inner, err := json.Marshal(map[string]any{
		"message_id": id, "publisher_id": "service.host", "event_type": eventType, "priority": "INFO",
		"payload": payload, "timestamp": "2026-11-22 10:18:00.225238", "_context_request_id": "req-1",
	})
	require.NoError(t, err)
	body, err := json.Marshal(map[string]string{"oslo.version": "2.0", "oslo.message": string(inner)})
	require.NoError(t, err)
	return body
}
