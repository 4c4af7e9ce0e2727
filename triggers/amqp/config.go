package amqp

import (
	"strings"
	"time"

	"github.com/picasso-faas/picasso"
)

// Config says which notifications are taken from where. Its options of
// oslo.messaging mean here what they mean for the services that publish.
type Config struct {
	Transport Transport
	Rabbit    Rabbit
	Options   Options
}

// Transport is section [oslo_messaging_notifications] of picasso.conf.
type Transport struct {
	TransportURL string   `ini:"transport_url" secret:"true" help:"Where notifications come from, as in other services' transport_url: rabbit://user:password@host:5672,user:password@host2:5672/vhost. What is special in a name or password is percent-encoded. One broker is used at a time, another one when it is gone; the port is 5672 unless it is given, with ssl too. '?ssl=1' and other options of [oslo_messaging_rabbit] at the end win over that section. Empty: no notifications, so that triggers on them do not fire."`
	Topics       []string `ini:"topics" help:"Topics of the notifications, separated by commas: what the publishers have in their option of this name."`
}

// Rabbit is section [oslo_messaging_rabbit] of picasso.conf.
type Rabbit struct {
	SSL       bool          `ini:"ssl" help:"Whether brokers are spoken to by TLS. Their certificates must be for the names in transport_url."`
	CAFile    string        `ini:"ssl_ca_file" help:"PEM file with the certificates of the authorities that signed the brokers' certificates. Empty: those the host trusts."`
	CA        []byte        `ini:"-"` // content of CAFile; whoever reads the configuration reads it too
	CertFile  string        `ini:"ssl_cert_file" help:"PEM file with the certificate that this process shows to brokers that ask for one. Empty: none."`
	Cert      []byte        `ini:"-"` // content of CertFile
	KeyFile   string        `ini:"ssl_key_file" help:"PEM file with the key of ssl_cert_file."`
	Key       []byte        `ini:"-"` // content of KeyFile
	Heartbeat time.Duration `ini:"heartbeat_timeout_threshold" help:"After how much silence a broker counts as gone, 3 to 3600 seconds. 0: three times what the broker proposes."`
	Quorum    bool          `ini:"rabbit_quorum_queue" help:"Whether our queues are quorum queues, which live on several brokers of a cluster. Otherwise they are classic and durable. It does not change queues that exist: see [notifications] queue."`
}

// Options is section [notifications] of picasso.conf.
type Options struct {
	Exchanges []string `ini:"exchanges" help:"Exchanges whose notifications are taken, separated by commas: the control_exchange of the services. One that does not exist is waited for."`
	Declare   bool     `ini:"declare_exchanges" help:"Whether an exchange that does not exist is made, so that not even its first notification is missed, nor those that follow a restart of the broker. It is made as durable as the other exchanges of the list are, and not while there is none, so that its publisher finds what it would have made. When all services are stopped to change amqp_durable_queues or rabbit_quorum_queue, stop this one, too. false: it is looked for every 5 seconds."`
	Queue     string   `ini:"queue" help:"Name of the queue for our copy of the notifications, shared by all processes of one Picasso. Notifications we cannot read end in a second one, whose name has '.dead' at the end; it keeps the last 10000. Those that wait for an answer to their project are in a third one, with '.later' at the end. A queue that exists with other arguments is used as it is: delete it while it is empty to have it made anew."`
	MaxBytes  int64    `ini:"queue_max_bytes" help:"How large the queue may become while nobody reads it, in bytes, from 1 MiB; that with '.later', too. What has waited longest is dropped then; publishers never wait. A notification takes about 1.5 KB."`
	Prefetch  int      `ini:"prefetch" help:"How many notifications are worked on at once in a process, 1 to 10000; of those that had to wait, a quarter as many besides."`
}

// DefaultConfig returns the defaults. transport_url has none.
func DefaultConfig() Config {
	return Config{
		Transport: Transport{Topics: []string{"notifications"}},
		Rabbit:    Rabbit{Heartbeat: time.Minute},
		Options: Options{
			Exchanges: []string{
				"swift", "aodh", "keystone", "ceilometer", "nova", "glance", "neutron", "cinder", "heat", "octavia",
				"ironic", "manila", "barbican", "magnum", "dns", "designate", "trove", "sahara", "zaqar", "openstack",
			},
			Declare: true, Queue: "picasso", MaxBytes: 1 << 30, Prefetch: 100,
		},
	}
}

// Enabled reports whether notifications are taken at all.
func (c *Config) Enabled() bool { return c.Transport.TransportURL != "" }

// Validate checks the options. Errors: invalid, naming the option, never
// showing transport_url.
func (c *Config) Validate() error {
	if !c.Enabled() {
		return nil
	}
	if err := c.Rabbit.validate(); err != nil {
		return err
	}
	if _, err := c.endpoint(); err != nil {
		return err
	}
	if len(c.Transport.Topics) == 0 {
		return invalid("oslo_messaging_notifications.topics", "must name a topic")
	}
	for _, topic := range c.Transport.Topics {
		if len(topic) == 0 || len(topic) > maxNameBytes || strings.ContainsAny(topic, "*#") {
			return invalid("oslo_messaging_notifications.topics", "a topic must have from 1 to 200 bytes, without '*' and '#'")
		}
	}
	return c.Options.validate()
}

// maxNameBytes leaves room for what is added to names; AMQP allows 255.
const maxNameBytes = 200

func (r *Rabbit) validate() error {
	switch {
	case r.Heartbeat != 0 && (r.Heartbeat < 3*time.Second || r.Heartbeat > time.Hour):
		return invalid("oslo_messaging_rabbit.heartbeat_timeout_threshold", "must be 0, or from 3 to 3600 seconds")
	case (r.CertFile == "") != (r.KeyFile == ""):
		return invalid("oslo_messaging_rabbit.ssl_cert_file", "is set together with ssl_key_file only")
	}
	return nil
}

func (o *Options) validate() error {
	if len(o.Exchanges) == 0 {
		return invalid("notifications.exchanges", "must name an exchange")
	}
	for _, exchange := range o.Exchanges {
		if len(exchange) == 0 || len(exchange) > maxNameBytes {
			return invalid("notifications.exchanges", "an exchange must have from 1 to 200 bytes")
		}
	}
	switch {
	case len(o.Queue) == 0 || len(o.Queue) > maxNameBytes || strings.HasPrefix(o.Queue, "amq."):
		return invalid("notifications.queue", "must have from 1 to 200 bytes and not start with 'amq.'")
	case strings.HasPrefix(o.Queue, "notifications."):
		return invalid("notifications.queue", "must not be one that other consumers share: they would miss what we take")
	case o.MaxBytes < 1<<20:
		return invalid("notifications.queue_max_bytes", "must be at least 1048576")
	case o.Prefetch < 1 || o.Prefetch > 10000:
		return invalid("notifications.prefetch", "must be from 1 to 10000")
	}
	return nil
}

func invalid(option, reason string) error {
	return picasso.Errorf(picasso.CodeInvalid, "%s: %s", option, reason)
}
