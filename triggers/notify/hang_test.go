package notify_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/db/dbtest"
	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
	"github.com/picasso-faas/picasso/triggers/notify"
	"github.com/picasso-faas/picasso/triggers/triggerstest"
)

// hanging is a Swift that does not answer who has the trust "hangs".
type hanging struct {
	*swiftService
	url string
}

func (h *hanging) Credentials(ctx context.Context, trustID string, lasting time.Duration) (*picasso.Credentials, error) {
	if trustID == "hangs" {
		return &picasso.Credentials{Endpoints: map[string]string{"object-store": h.url}}, nil
	}
	return h.swiftService.Credentials(ctx, trustID, lasting)
}

// TestOneProjectHangs: a thousand events of a project whose objects Swift does
// not find, and takes its time for that, hold up no other project's.
func TestOneProjectHangs(t *testing.T) {
	env := cloudtest.Need(t, "rabbitmq")
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(server.Close)
	s := &hanging{newSwiftService(t), server.URL}
	k := newKit(t, dbtest.SQLite(t), "p1", func(cfg *notify.Config) { cfg.Delegator, cfg.Looks = s, 50 })
	for project, trust := range map[string]string{"p1": "hangs", "p2": "answers"} {
		k.trigger(func(t *picasso.Trigger) {
			t.ProjectID = project
			if project == "p2" {
				t.Function = triggerstest.Function(k, k.store, project).ID
			}
			t.Swift, t.Trust = &picasso.Swift{Container: "box"}, &picasso.Trust{ID: trust, UserID: "alice"}
		})
	}
	k.start()

	conn, err := amqp091.Dial(env.AMQPURL)
	require.NoError(t, err)
	defer conn.Close()
	channel, err := conn.Channel()
	require.NoError(t, err)
	exchange := "picasso-test-" + triggerstest.NewID()
	require.NoError(t, channel.ExchangeDeclare(exchange, "topic", false, true, false, false, nil))
	k.consume(env, 100, exchange)
	send := func(body []byte) {
		require.NoError(t, channel.PublishWithContext(t.Context(), exchange, "notifications.info", false, false, amqp091.Publishing{Body: body}))
	}
	for i := range 1000 {
		send(upload(t, fmt.Sprint("stuck-", i), "p1", "o"))
	}
	const others = 20
	for i := range others {
		send(upload(t, fmt.Sprint("m-", i), "p2", "o"))
	}
	ran := func(project string) int {
		list, _, err := k.store.Executions(t.Context(), picasso.ExecutionFilter{ProjectID: project}, picasso.Page{Limit: 1000})
		require.NoError(t, err)
		return len(list)
	}
	began := time.Now()
	require.Eventually(t, func() bool { return ran("p2") == others }, triggerstest.Patience, step)
	t.Logf("others had to wait for %v", time.Since(began))
	assert.Zero(t, ran("p1"))
}
