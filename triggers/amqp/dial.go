package amqp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const (
	connectTimeout   = 5 * time.Second
	handshakeTimeout = 15 * time.Second // RabbitMQ gives 10 s, and answers a bad password late
	frameBytes       = 128 << 10        // RabbitMQ's own
)

// dialer connects to one of the brokers.
type dialer struct {
	brokers   []broker
	vhost     string
	quorum    bool        // what transport_url or its section says
	tls       *tls.Config // nil: without
	heartbeat time.Duration
	net       func(ctx context.Context, network, address string) (net.Conn, error)
	current   atomic.Int64 // the broker to begin with
}

func newDialer(cfg *Config) (*dialer, error) {
	e, err := cfg.endpoint()
	if err != nil {
		return nil, err
	}
	d := &dialer{
		brokers: e.brokers, vhost: e.vhost, quorum: e.rabbit.Quorum,
		// A connection of which nothing is read for three intervals is closed.
		heartbeat: e.rabbit.Heartbeat / 3,
		net:       (&net.Dialer{Timeout: connectTimeout}).DialContext,
	}
	// Processes that start together spread over the brokers.
	d.current.Store(rand.Int64N(int64(len(d.brokers)))) //nolint:gosec // nobody gains by guessing it
	if e.rabbit.SSL {
		d.tls, err = tlsConfig(&e.rabbit)
	}
	return d, err
}

func tlsConfig(r *Rabbit) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if r.CAFile != "" {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(r.CA) {
			return nil, invalid("oslo_messaging_rabbit.ssl_ca_file", "holds no certificate in PEM")
		}
	}
	if r.CertFile != "" {
		pair, err := tls.X509KeyPair(r.Cert, r.Key)
		if err != nil {
			return nil, invalid("oslo_messaging_rabbit.ssl_cert_file", "is no certificate in PEM for ssl_key_file")
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// dial returns a connection and the address it leads to. It tries every broker
// once, beginning with the one that was connected to last.
func (d *dialer) dial(ctx context.Context) (*amqp.Connection, string, error) {
	var errs []error
	first := d.current.Load()
	for i := range int64(len(d.brokers)) {
		index := (first + i) % int64(len(d.brokers))
		b := &d.brokers[index]
		conn, err := d.dialBroker(ctx, b)
		if err == nil {
			d.current.Store(index)
			return conn, b.address(), nil
		}
		errs = append(errs, fmt.Errorf("%s: %w", b.address(), err))
	}
	return nil, "", errors.Join(errs...)
}

func (d *dialer) dialBroker(ctx context.Context, b *broker) (*amqp.Connection, error) {
	conn, err := d.net(ctx, "tcp", b.address())
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	connection, err := d.shakeHands(ctx, conn, b)
	if err != nil {
		_ = conn.Close()
	}
	return connection, err
}

func (d *dialer) shakeHands(ctx context.Context, conn net.Conn, b *broker) (*amqp.Connection, error) {
	if err := conn.SetDeadline(time.Now().Add(handshakeTimeout)); err != nil { // amqp.Open lifts it
		return nil, err
	}
	if d.tls != nil {
		config := d.tls.Clone()
		config.ServerName = b.host
		secured := tls.Client(conn, config)
		if err := secured.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		conn = secured
	}
	properties := amqp.NewConnectionProperties()
	properties.SetClientConnectionName("picasso")
	return amqp.Open(conn, amqp.Config{
		SASL:  []amqp.Authentication{&amqp.PlainAuth{Username: b.user, Password: b.password}},
		Vhost: d.vhost, Heartbeat: d.heartbeat, FrameSize: frameBytes, Locale: "en_US", Properties: properties,
	})
}

// refusal is the code with which the broker refused one thing, and 0 for what
// concerns the connection.
func refusal(err error) int {
	if e, ok := errors.AsType[*amqp.Error](err); ok && e.Server && e.Code >= amqp.AccessRefused && e.Code <= amqp.PreconditionFailed {
		return e.Code
	}
	return 0
}
