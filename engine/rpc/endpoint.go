package rpc

import (
	"context"
	"crypto/tls"
	"net"
	"net/url"
	"time"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/socket"
)

// DefaultGiveUp is how long an engine is silent before its calls are given up, unless told otherwise.
const DefaultGiveUp = 10 * time.Second

// Endpoint is an engine as its clients see it.
type Endpoint struct {
	URL      string // http://host:port, or https:// with TLS
	Key      []byte // of the engine
	Protocol int    // version to speak, see Common; 0: MaxProtocol
	// GiveUp is how long the host may be silent while it has calls before they
	// are given up, at least a second; 0: DefaultGiveUp.
	GiveUp time.Duration
	// TLS has this side's certificate and the authorities of the other one's,
	// which must name the host of URL. nil: the connection is not encrypted.
	TLS *tls.Config
}

// complete fills in defaults and returns host:port. Errors: invalid.
func (e *Endpoint) complete() (address string, err error) {
	if e.GiveUp == 0 {
		e.GiveUp = DefaultGiveUp
	}
	if e.Protocol == 0 {
		e.Protocol = MaxProtocol
	}
	scheme := "http"
	if e.TLS != nil {
		scheme = "https"
	}
	u, err := url.Parse(e.URL)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.Port() == "" || u.Path != "" && u.Path != "/":
		return "", picasso.Errorf(picasso.CodeInvalid, "url: %q is not of the form %s://host:port", e.URL, scheme)
	case u.Scheme != scheme:
		return "", picasso.Errorf(picasso.CodeInvalid, "url: %q has to begin with %s: certificates are for both sides or none", e.URL, scheme)
	case e.Protocol < MinProtocol || e.Protocol > MaxProtocol:
		return "", picasso.Errorf(picasso.CodeInvalid, "protocol: must be from %d to %d", MinProtocol, MaxProtocol)
	case e.GiveUp < time.Second:
		return "", picasso.Errorf(picasso.CodeInvalid, "give_up: must be at least 1s")
	}
	if e.TLS != nil {
		e.TLS = e.TLS.Clone()
		e.TLS.MinVersion = tls.VersionTLS13
		if e.TLS.ServerName == "" {
			e.TLS.ServerName = u.Hostname()
		}
	}
	return u.Host, nil
}

// dialer connects to an engine.
func (e *Endpoint) dialer(address string) func(ctx context.Context) (net.Conn, error) {
	pause := max(e.GiveUp/4, time.Second)
	dialer := &net.Dialer{
		Timeout: min(dialTimeout, e.GiveUp),
		// A call may be silent for minutes; only the host itself can tell that it is
		// still there. What is sent into a cut network is a matter of watch: a limit for
		// it (TCP_USER_TIMEOUT) would also break a connection whose other side takes its time to read.
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: pause, Interval: pause, Count: 2},
	}
	if e.TLS == nil {
		return func(ctx context.Context) (net.Conn, error) { return dialer.DialContext(ctx, "tcp", address) }
	}
	return func(ctx context.Context) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, dialer.Timeout)
		defer cancel()
		nc, err := dialer.DialContext(ctx, "tcp", address)
		if err != nil {
			return nil, err
		}
		secure := tls.Client(socket.Wrap(nc), e.TLS)
		if err := secure.HandshakeContext(ctx); err != nil {
			nc.Close()
			return nil, err
		}
		return secure, nil
	}
}
