package notify_test

import (
	"context"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"

	amqp091 "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/db/dbtest"
	"github.com/picasso-faas/picasso/keystone"
	"github.com/picasso-faas/picasso/keystone/keystonetest"
	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
	"github.com/picasso-faas/picasso/triggers/amqp"
	"github.com/picasso-faas/picasso/triggers/notify"
	"github.com/picasso-faas/picasso/triggers/triggerstest"
)

// cloud is a kit on the real Keystone, Swift, Aodh and RabbitMQ, in a project
// of its own.
type cloud struct {
	*kit
	env       cloudtest.Env
	member    *keystonetest.Member
	token     string
	delegator *keystone.Delegator
	markers   int
}

func newCloud(t testing.TB, services ...string) *cloud {
	t.Helper()
	c := &cloud{env: cloudtest.Need(t, append(services, "keystone", "rabbitmq")...), member: keystonetest.NewMember(t, "member")}
	c.token = c.member.Token(t)
	var err error
	c.delegator, err = keystone.NewDelegator(keystonetest.Config(t), keystone.DefaultDelegation())
	require.NoError(t, err)
	c.kit = newKit(t, dbtest.SQLite(t), c.member.ProjectID, func(cfg *notify.Config) { cfg.Delegator = c.delegator })
	return c
}

// trust is one that the project's user makes.
func (c *cloud) trust() *picasso.Trust {
	c.Helper()
	r, err := http.NewRequestWithContext(c.Context(), http.MethodPost, "/v2/triggers", nil)
	require.NoError(c, err)
	r.Header.Set("X-Auth-Token", c.token)
	a, err := keystone.New(keystonetest.Config(c))
	require.NoError(c, err)
	id, err := a.Authenticate(r)
	require.NoError(c, err)
	trust, err := c.delegator.Delegate(r, id, []string{"member"})
	require.NoError(c, err)
	return trust
}

// consume has the handler take what is published to the exchanges, one message
// after the other.
func (c *cloud) consume(exchanges ...string) {
	c.Helper()
	c.kit.consume(c.env, 1, exchanges...)
}

// consume has the handler take what is published to the exchanges, so many at once.
func (k *kit) consume(env cloudtest.Env, prefetch int, exchanges ...string) {
	k.Helper()
	cfg := amqp.DefaultConfig()
	cfg.Transport.TransportURL = env.TransportURL
	cfg.Options.Exchanges, cfg.Options.Queue, cfg.Options.Prefetch = exchanges, "picasso-test-"+triggerstest.NewID(), prefetch
	consumer, err := amqp.New(cfg, k.handler, k.log)
	require.NoError(k, err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); consumer.Run(ctx, ctx) }()
	k.Cleanup(func() {
		stop()
		<-done
		conn, err := amqp091.Dial(env.AMQPURL)
		require.NoError(k, err)
		defer conn.Close()
		for _, queue := range []string{cfg.Options.Queue, cfg.Options.Queue + ".later", cfg.Options.Queue + ".dead"} {
			channel, err := conn.Channel()
			require.NoError(k, err)
			_, err = channel.QueueDelete(queue, false, false, false)
			require.NoError(k, err)
		}
	})
	require.Eventually(k, consumer.Connected, triggerstest.Patience, step)
}

// request is one to Swift. path is below the account, or a whole URL.
type request struct {
	method, path, body string
	token              string // empty: the project's user's; "none": none
	header             http.Header
	form               io.Reader // in place of body
}

func (c *cloud) send(base string, r request) (int, http.Header) {
	c.Helper()
	body := io.Reader(strings.NewReader(r.body))
	if r.form != nil {
		body = r.form
	}
	if !strings.Contains(r.path, "://") {
		r.path = base + "/v1/AUTH_" + c.project + r.path
	}
	sent, err := http.NewRequestWithContext(c.Context(), r.method, r.path, body)
	require.NoError(c, err)
	maps.Copy(sent.Header, r.header)
	switch r.token {
	case "none":
	case "":
		sent.Header.Set("X-Auth-Token", c.token)
	default:
		sent.Header.Set("X-Auth-Token", r.token)
	}
	answer, err := http.DefaultClient.Do(sent)
	require.NoError(c, err)
	_, err = io.Copy(io.Discard, answer.Body)
	require.NoError(c, err)
	require.NoError(c, answer.Body.Close())
	return answer.StatusCode, answer.Header
}

// settled returns what has happened until now: a proxy tells of one request
// after the other, so a marker is told of last.
func (c *cloud) settled(base, container string) (events []cloudEvent) {
	c.Helper()
	c.markers++
	marker := "marker-" + strconv.Itoa(c.markers)
	status, _ := c.send(base, request{method: "PUT", path: "/" + container + "/" + marker})
	require.Equal(c, http.StatusCreated, status)
	require.Eventually(c, func() bool {
		for _, e := range c.events() {
			if e.Subject == container+"/"+marker {
				return true
			}
			events = append(events, e)
		}
		return false
	}, triggerstest.Patience, step)
	return events
}
