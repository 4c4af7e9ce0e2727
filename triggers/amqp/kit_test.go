package amqp

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/sirupsen/logrus"
	"github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
)

const longEnough = 30 * time.Second

// sharedVhost is where all tests on the cloud's broker are, each with names of its own.
var sharedVhost = "picasso-test-" + strconv.Itoa(os.Getpid())

func TestMain(m *testing.M) {
	code := m.Run()
	removeVhost()
	removePrivateBroker()
	os.Exit(code)
}

var cloud = sync.OnceValue(func() *cloudtest.Env { return new(cloudtest.Env) })

// transportURL is that of the vhost for tests, which it makes.
func transportURL(t testing.TB) string {
	t.Helper()
	env := cloud()
	if env.Dir == "" {
		*env = cloudtest.Need(t, "rabbitmq")
		user, _, _ := strings.Cut(strings.TrimPrefix(env.TransportURL, "rabbit://"), ":")
		rabbitEval(t, fmt.Sprintf(`rabbit_vhost:add(<<"%[2]s">>, <<"test">>),
			rabbit_auth_backend_internal:set_permissions(<<"%[1]s">>, <<"%[2]s">>, <<".*">>, <<".*">>, <<".*">>, <<"test">>).`, user, sharedVhost))
	}
	return strings.TrimSuffix(env.TransportURL, "/") + "/" + sharedVhost
}

func rabbitEval(t testing.TB, expression string) {
	t.Helper()
	out, err := exec.Command(filepath.Join(cloud().Dir, "rabbitmqctl"), "-q", "eval", expression).CombinedOutput()
	require.NoError(t, err, string(out))
}

func removeVhost() {
	if dir := cloud().Dir; dir != "" {
		_ = exec.Command(filepath.Join(dir, "rabbitmqctl"), "-q", "delete_vhost", sharedVhost).Run()
	}
}

// setup is one test: a broker, names of its own, and a publisher.
type setup struct {
	*testing.T
	Config
	conn *amqp.Connection // of the test
	logs *test.Hook
}

// newSetup has a Config with one exchange named like the test, on the broker at
// the URL; empty: that of the cloud.
func newSetup(t *testing.T, url string) *setup {
	t.Helper()
	if url == "" {
		url = transportURL(t)
	}
	cfg := DefaultConfig()
	cfg.Transport.TransportURL = url
	cfg.Options.Queue = "picasso " + t.Name()
	cfg.Options.Exchanges = []string{t.Name()}
	s := &setup{T: t, Config: cfg, conn: connect(t, &cfg)}
	t.Cleanup(func() { // its connection may be one to a broker that was killed
		conn, _, err := mustDialer(t, &cfg).dial(context.Background())
		require.NoError(t, err)
		defer func() { _ = conn.Close() }()
		s.conn = conn
		for _, queue := range []string{cfg.Options.Queue, cfg.Options.Queue + deadSuffix, cfg.Options.Queue + laterSuffix} {
			_, _ = s.channel().QueueDelete(queue, false, false, false)
		}
	})
	return s
}

// connect opens a connection by the same configuration.
func connect(t *testing.T, cfg *Config) *amqp.Connection {
	t.Helper()
	conn, _, err := mustDialer(t, cfg).dial(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func mustDialer(t *testing.T, cfg *Config) *dialer {
	t.Helper()
	d, err := newDialer(cfg)
	require.NoError(t, err)
	return d
}

func (s *setup) channel() *amqp.Channel {
	s.Helper()
	ch, err := s.conn.Channel()
	require.NoError(s, err)
	return ch
}

// publisher is a service with oslo.messaging: it declares exchange and queue by
// its configuration, and publishes.
type publisher struct {
	t        testing.TB
	ch       *amqp.Channel
	exchange string
}

func (s *setup) publisher(exchange string, isDurable bool) *publisher {
	s.Helper()
	ch := s.channel()
	require.NoError(s, ch.Confirm(false))
	require.NoError(s, ch.ExchangeDeclare(exchange, amqp.ExchangeTopic, isDurable, false, false, false, nil), "what oslo.messaging does before it publishes")
	_, err := ch.QueueDeclare("notifications.info "+exchange, isDurable, false, false, false, nil)
	require.NoError(s, err)
	require.NoError(s, ch.QueueBind("notifications.info "+exchange, "notifications.info", exchange, false, nil))
	return &publisher{t: s, ch: ch, exchange: exchange}
}

// send publishes, and returns when the broker has it.
func (p *publisher) send(bodies ...string) {
	p.t.Helper()
	for _, body := range bodies {
		require.NoError(p.t, p.trySend("notifications.info", body))
	}
}

func (p *publisher) trySend(key, body string) error {
	confirmation, err := p.ch.PublishWithDeferredConfirm(p.exchange, key, false, false, amqp.Publishing{
		ContentType: "application/json", ContentEncoding: "utf-8", DeliveryMode: amqp.Persistent, Body: []byte(body),
	})
	if err != nil {
		return err
	}
	if ok := confirmation.Wait(); !ok {
		return amqp.ErrClosed
	}
	return nil
}

// ready is how many messages wait in a queue.
func (s *setup) ready(queue string) int {
	s.Helper()
	ch := s.channel()
	defer func() { _ = ch.Close() }()
	q, err := ch.QueueDeclarePassive(queue, true, false, false, false, nil)
	if err != nil {
		return -1
	}
	return q.Messages
}

// inbox is a handler that keeps what it has handled.
type inbox struct {
	handle func(ctx context.Context, m Message) error // nil: takes everything

	mu       sync.Mutex
	messages []Message
	times    map[string]int // by body
}

func (i *inbox) Handle(ctx context.Context, m Message) error {
	if i.handle != nil {
		if err := i.handle(ctx, m); err != nil {
			return err
		}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.messages = append(i.messages, m)
	if i.times == nil {
		i.times = map[string]int{}
	}
	i.times[string(m.Body)]++
	return nil
}

// different is how many different messages were handled.
func (i *inbox) different() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.times)
}

func (i *inbox) all() []Message {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([]Message(nil), i.messages...)
}

// waitFor waits until the inbox has had that many different messages.
func (i *inbox) waitFor(t testing.TB, n int) {
	t.Helper()
	require.Eventually(t, func() bool { return i.different() >= n }, longEnough, 5*time.Millisecond, "messages that did not come")
}

// running is a Consumer that runs.
type running struct {
	*Consumer
	t    testing.TB
	cuts func() // cuts all connections it has
	stop context.CancelFunc
	rush context.CancelFunc // ends patience
	done chan struct{}
}

// start runs a Consumer until the test ends.
func (s *setup) start(h Handler, adjust ...func(*Consumer)) *running {
	s.Helper()
	r := s.run(h, adjust...)
	require.Eventually(s, r.Connected, longEnough, 5*time.Millisecond, "no connection")
	return r
}

// run does not wait for the connection.
func (s *setup) run(h Handler, adjust ...func(*Consumer)) *running {
	s.Helper()
	var log *logrus.Logger
	log, s.logs = test.NewNullLogger()
	c, err := New(s.Config, h, log)
	require.NoError(s, err)
	c.look = 50 * time.Millisecond
	var wires wires
	c.dialer.net = wires.wrap(c.dialer.net)
	for _, f := range adjust {
		f(c)
	}
	work, stop := context.WithCancel(context.Background())
	patience, rush := context.WithCancel(context.Background())
	r := &running{Consumer: c, t: s, cuts: wires.cut, stop: stop, rush: rush, done: make(chan struct{})}
	go func() { defer close(r.done); c.Run(work, patience) }()
	s.Cleanup(func() { rush(); r.end() })
	return r
}

// end stops it, and returns when it has ended.
func (r *running) end() {
	r.t.Helper()
	r.stop()
	select {
	case <-r.done:
	case <-time.After(longEnough):
		require.Fail(r.t, "the consumer did not end")
	}
}

// wires are connections that can be cut.
type wires struct {
	mu   sync.Mutex
	open []net.Conn
}

type dialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

func (w *wires) wrap(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err == nil {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.open = append(w.open, conn)
		}
		return conn, err
	}
}

func (w *wires) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, conn := range w.open {
		_ = conn.Close()
	}
	w.open = nil
}

// logged are the messages of the log that contain the text.
func (s *setup) logged(text string) (lines []*logrus.Entry) {
	for _, entry := range s.logs.AllEntries() {
		if strings.Contains(entry.Message, text) {
			lines = append(lines, entry)
		}
	}
	return lines
}
