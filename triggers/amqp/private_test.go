package amqp

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
)

// privateBroker is a RabbitMQ that tests kill, restart and run short of memory.
// They share it, one after the other, because it takes seconds to start.
type privateBroker struct {
	dir     string
	port    int
	tlsPort int // asks for a certificate
	environ []string
	ca      *cloudtest.Authority
	cmd     *exec.Cmd
	exited  chan struct{}
}

var private = sync.OnceValue(func() *privateBroker { return new(privateBroker) })

// needPrivateBroker starts it if it does not run.
func needPrivateBroker(t testing.TB) *privateBroker {
	t.Helper()
	b := private()
	if b.dir == "" {
		cloudtest.Need(t, "rabbitmq") // installs it, and its epmd serves all nodes
		b.configure(t)
	}
	b.start(t)
	return b
}

func (b *privateBroker) configure(t testing.TB) {
	t.Helper()
	dir, err := os.MkdirTemp("", "picasso-rabbitmq-")
	require.NoError(t, err)
	b.dir, b.port, b.tlsPort, b.ca = dir, cloudtest.FreePort(t), cloudtest.FreePort(t), cloudtest.NewAuthority(t)
	server := b.ca.Issue(t, "localhost")
	for name, content := range map[string][]byte{
		"ca.pem": b.ca.PEM, "cert.pem": server.Cert, "key.pem": server.Key, "plugins": []byte("[].\n"), "env.conf": nil,
		"rabbitmq.conf": fmt.Appendf(nil, `listeners.tcp.default = 127.0.0.1:%d
listeners.ssl.default = 127.0.0.1:%d
ssl_options.cacertfile = %[3]s/ca.pem
ssl_options.certfile = %[3]s/cert.pem
ssl_options.keyfile = %[3]s/key.pem
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
disk_free_limit.absolute = 10MB
log.console = true
log.file = false
`, b.port, b.tlsPort, dir),
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	b.environ = []string{
		"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=" + dir, "ERL_EPMD_ADDRESS=127.0.0.1",
		fmt.Sprintf("RABBITMQ_NODENAME=picasso-test-%d@localhost", os.Getpid()),
		fmt.Sprintf("RABBITMQ_DIST_PORT=%d", cloudtest.FreePort(t)),
		"RABBITMQ_CONF_ENV_FILE=" + dir + "/env.conf", "RABBITMQ_CONFIG_FILE=" + dir + "/rabbitmq.conf",
		"RABBITMQ_ENABLED_PLUGINS_FILE=" + dir + "/plugins", "RABBITMQ_MNESIA_BASE=" + dir + "/mnesia",
		"RABBITMQ_LOG_BASE=" + dir + "/log", "RABBITMQ_LOGS=-",
		"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=+S 2:2 -kernel inet_dist_use_interface {127,0,0,1}",
	}
}

// begin does not wait until it answers.
func (b *privateBroker) begin(t testing.TB) {
	t.Helper()
	log, err := os.OpenFile(filepath.Join(b.dir, "output"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	require.NoError(t, err)
	defer func() { _ = log.Close() }()
	b.cmd = exec.Command("/usr/lib/rabbitmq/bin/rabbitmq-server")
	b.cmd.Env, b.cmd.Stdout, b.cmd.Stderr = b.environ, log, log
	b.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	require.NoError(t, b.cmd.Start())
	b.exited = make(chan struct{})
	go func() { _ = b.cmd.Wait(); close(b.exited) }()
}

func (b *privateBroker) start(t testing.TB) {
	t.Helper()
	if b.cmd == nil {
		b.begin(t)
	}
	require.Eventually(t, func() bool {
		select {
		case <-b.exited:
			return true
		default:
		}
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", b.tlsPort))
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, 2*time.Minute, 100*time.Millisecond)
	select {
	case <-b.exited:
		output, _ := os.ReadFile(filepath.Join(b.dir, "output"))
		t.Fatalf("RabbitMQ ended: %s", output)
	default:
	}
}

// kill is kill -9, for it and its children.
func (b *privateBroker) kill() {
	if b.cmd != nil {
		_ = syscall.Kill(-b.cmd.Process.Pid, syscall.SIGKILL)
		<-b.exited
		b.cmd = nil
	}
}

func removePrivateBroker() {
	if b := private(); b.dir != "" {
		b.kill()
		_ = os.RemoveAll(b.dir)
	}
}

func (b *privateBroker) ctl(t testing.TB, args ...string) {
	t.Helper()
	cmd := exec.Command("/usr/lib/rabbitmq/bin/rabbitmqctl", append([]string{"-q"}, args...)...)
	cmd.Env = b.environ
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
}

func (b *privateBroker) url() string {
	return fmt.Sprintf("rabbit://guest:guest@127.0.0.1:%d/", b.port)
}

func TestAbsentAtTheStart(t *testing.T) {
	b := needPrivateBroker(t)
	s := newSetup(t, b.url())
	b.kill()
	box := &inbox{}
	r := s.run(box)
	require.Eventually(t, func() bool { return len(s.logged("cannot be taken")) == 1 }, longEnough, 5*time.Millisecond)
	assertNoPassword(t, s, "guest:guest")
	b.start(t)
	require.Eventually(t, r.Connected, longEnough, 5*time.Millisecond)
	s.conn = connect(t, &s.Config)
	p := s.publisher(t.Name(), false)
	s.boundTo(r, 1)
	p.send("one")
	box.waitFor(t, 1)
	if n := len(s.logged("cannot be taken")); n > 2 { // one more when the broker answers before it is ready
		t.Errorf("an outage was logged %d times", n)
	}
}

func assertNoPassword(t *testing.T, s *setup, password string) {
	t.Helper()
	for _, entry := range s.logs.AllEntries() {
		text, err := entry.String()
		require.NoError(t, err)
		require.NotContains(t, text, password)
	}
}

// TestBrokerDiesUnderLoad kills the broker while messages come. What it has
// confirmed is handled, where its exchange is durable all of it, and where not,
// what was published while we were bound.
func TestBrokerDiesUnderLoad(t *testing.T) {
	for name, kind := range map[string]struct{ durable, quorum bool }{
		"transient exchange, classic queue": {}, "durable exchange, classic queue": {durable: true}, "durable exchange, quorum queue": {true, true},
	} {
		t.Run(name, func(t *testing.T) {
			b := needPrivateBroker(t)
			s := newSetup(t, b.url())
			s.Rabbit.Quorum = kind.quorum
			p := s.publisher(t.Name(), kind.durable)
			box := &inbox{}
			r := s.start(box)
			s.boundTo(r, 1)

			confirmed := make(chan []string)
			go func() { confirmed <- publishUntilItFails(p, t.Name()) }()
			box.waitFor(t, 500)
			b.kill()
			before := <-confirmed
			b.begin(t)
			require.Eventually(t, func() bool { return len(s.logged("being taken")) == 2 }, 2*time.Minute, 5*time.Millisecond)
			s.conn = connect(t, &s.Config)
			assert.True(t, s.exists(t.Name()), "it is made before its publisher is back")
			s.publisher(t.Name(), kind.durable).send(t.Name() + " after")
			box.waitFor(t, len(before)+1)
			box.mu.Lock()
			defer box.mu.Unlock()
			for _, body := range before {
				require.Contains(t, box.times, body, "the broker had confirmed it")
			}
		})
	}
}

func publishUntilItFails(p *publisher, name string) (confirmed []string) {
	for i := 0; ; i++ {
		body := fmt.Sprint(name, " ", i)
		if p.trySend("notifications.info", body) != nil {
			return confirmed
		}
		confirmed = append(confirmed, body)
	}
}

func TestTLS(t *testing.T) {
	b := needPrivateBroker(t)
	client := b.ca.Issue(t, "picasso")
	newTLS := func() *setup {
		s := newSetup(t, b.url())
		s.Transport.TransportURL = fmt.Sprintf("rabbit://guest:guest@localhost:%d/?ssl=1", b.tlsPort)
		s.Rabbit.CAFile, s.Rabbit.CA = "ca.pem", b.ca.PEM
		s.Rabbit.CertFile, s.Rabbit.Cert, s.Rabbit.KeyFile, s.Rabbit.Key = "cert.pem", client.Cert, "key.pem", client.Key
		return s
	}
	s := newTLS()
	p := s.publisher(t.Name(), false)
	box := &inbox{}
	s.start(box)
	p.send("one")
	box.waitFor(t, 1)

	for reason, change := range map[string]func(*setup){
		"unknown authority": func(s *setup) { s.Rabbit.CA = cloudtest.NewAuthority(t).PEM },
		"not localhost": func(s *setup) {
			s.Transport.TransportURL = strings.Replace(s.Transport.TransportURL, "localhost", "[::ffff:127.0.0.1]", 1)
		},
		"": func(s *setup) { s.Rabbit.CertFile, s.Rabbit.KeyFile = "", "" }, // the broker tells, or just hangs up
	} {
		s := newTLS()
		change(s)
		s.run(&inbox{})
		require.Eventually(t, func() bool { return len(s.logged("cannot be taken")) == 1 }, longEnough, 5*time.Millisecond)
		err, _ := s.logged("cannot be taken")[0].Data["error"].(error)
		if reason != "not localhost" {
			require.ErrorContains(t, err, reason)
		}
		assertNoPassword(t, s, "guest:guest")
	}
}

func TestAnotherBrokerIsTaken(t *testing.T) {
	s := newSetup(t, "")
	p := s.publisher(t.Name(), false)
	dead := fmt.Sprintf("rabbit://u:hidden@127.0.0.1:%d,", cloudtest.FreePort(t))
	s.Transport.TransportURL = strings.Replace(s.Transport.TransportURL, "rabbit://", dead, 1)
	box := &inbox{}
	for _, first := range []int64{0, 1} {
		r := s.start(box, func(c *Consumer) { c.dialer.current.Store(first) })
		r.cuts()
		p.send(fmt.Sprint(first))
		box.waitFor(t, int(first)+1)
		assertNoPassword(t, s, "hidden")
		r.end()
	}
}

func TestRefusedLogin(t *testing.T) {
	s := newSetup(t, "")
	at := strings.LastIndex(s.Transport.TransportURL, "@")
	s.Transport.TransportURL = "rabbit://openstack:wr0ng" + s.Transport.TransportURL[at:]
	s.run(&inbox{})
	require.Eventually(t, func() bool { return len(s.logged("cannot be taken")) == 1 }, longEnough, 5*time.Millisecond)
	err, _ := s.logged("cannot be taken")[0].Data["error"].(error)
	require.ErrorContains(t, err, "username or password")
	assertNoPassword(t, s, "wr0ng")
}

// TestMemoryAlarm has the broker read nothing more from who publishes: what is
// in the queue is handled, and poison waits.
func TestMemoryAlarm(t *testing.T) {
	b := needPrivateBroker(t)
	s := newSetup(t, b.url())
	p := s.publisher(t.Name(), true)
	poison := make(chan struct{})
	box := &inbox{handle: func(_ context.Context, m Message) error {
		if string(m.Body) == "poison" {
			return errPoison
		}
		<-poison
		return nil
	}}
	s.Options.Prefetch = 10
	r := s.start(box)
	p.send("poison") // so that there is a connection that publishes
	require.Eventually(t, func() bool { return counted(t, r, outcomeDead) == 1 }, longEnough, 5*time.Millisecond)
	r.end()
	for i := range 100 {
		p.send(fmt.Sprint(i))
	}
	p.send("poison")

	b.ctl(t, "set_vm_memory_high_watermark", "absolute", "1MB")
	t.Cleanup(func() { b.ctl(t, "set_vm_memory_high_watermark", "0.4") })
	close(poison)
	r = s.start(box, func(c *Consumer) { c.holdFor = time.Second })
	box.waitFor(t, 100)
	require.Eventually(t, func() bool { return metric(t, r, "picasso_amqp_retries_total") > 3 }, longEnough, 5*time.Millisecond)
	if n := counted(t, r, outcomeDead); n != 0 {
		t.Errorf("%v dead letters, although nothing can be published", n)
	}
	b.ctl(t, "set_vm_memory_high_watermark", "0.4")
	require.Eventually(t, func() bool { return counted(t, r, outcomeDead) > 0 && s.ready(s.Options.Queue) == 0 }, longEnough, 20*time.Millisecond)
	require.GreaterOrEqual(t, s.ready(s.Options.Queue+deadSuffix), 2)
}
