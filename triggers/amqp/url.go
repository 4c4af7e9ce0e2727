package amqp

import (
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// broker is one of those that transport_url names.
type broker struct {
	host     string // a name or an address, IPv6 without brackets
	port     int
	user     string
	password string
}

func (b *broker) address() string { return net.JoinHostPort(b.host, strconv.Itoa(b.port)) }

// endpoint is what transport_url means.
type endpoint struct {
	brokers []broker
	vhost   string
	rabbit  Rabbit // the section, with what the URL says instead
}

// What RabbitMQ has when nothing else is said.
const (
	defaultPort  = 5672
	defaultVhost = "/"
	defaultUser  = "guest"
)

// endpoint reads transport_url as oslo.messaging does (its TransportURL.parse
// and rabbit driver). No part of the URL is in an error, because
// any may be the password.
func (c *Config) endpoint() (*endpoint, error) {
	e := &endpoint{vhost: defaultVhost, rabbit: c.Rabbit}
	rest, ok := strings.CutPrefix(c.Transport.TransportURL, "rabbit://")
	if !ok {
		return nil, badURL("must start with rabbit://")
	}
	if strings.ContainsAny(rest, "# \t\r\n") {
		return nil, badURL("a '#' or a space must be percent-encoded")
	}
	rest, query, _ := strings.Cut(rest, "?")
	hosts, path, _ := strings.Cut(rest, "/")
	vhost, err := url.PathUnescape(path)
	if err != nil {
		return nil, badURL("the virtual host has a bad percent-encoding")
	}
	if vhost != "" {
		e.vhost = vhost
	}
	for text := range strings.SplitSeq(hosts, ",") {
		if text == "" {
			continue
		}
		b, err := parseBroker(text)
		if err != nil {
			return nil, err
		}
		e.brokers = append(e.brokers, b)
	}
	if len(e.brokers) == 0 {
		return nil, badURL("must name a host")
	}
	return e, e.rabbit.override(query)
}

// parseBroker reads user:password@host:port, of which only the host is required.
func parseBroker(text string) (broker, error) {
	b := broker{port: defaultPort, user: defaultUser, password: defaultUser}
	if at := strings.LastIndex(text, "@"); at >= 0 {
		user, password, _ := strings.Cut(text[:at], ":")
		var errUser, errPassword error
		b.user, errUser = url.PathUnescape(user)
		b.password, errPassword = url.PathUnescape(password)
		if errUser != nil || errPassword != nil {
			return b, badURL("a user name or password has a bad percent-encoding: '%' is written %25")
		}
		text = text[at+1:]
	}
	var port string
	var hasPort bool
	if inside, after, ok := strings.Cut(text, "]"); strings.HasPrefix(text, "[") {
		if !ok || net.ParseIP(inside[1:]) == nil || after != "" && after[0] != ':' {
			return b, badURL("an IPv6 address is written [address]:port")
		}
		b.host = inside[1:]
		port, hasPort = strings.CutPrefix(after, ":")
	} else {
		b.host, port, hasPort = strings.Cut(text, ":")
	}
	if b.host == "" || strings.ContainsAny(b.host, "[]%") {
		return b, badURL("a host is missing or not one")
	}
	if hasPort {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return b, badURL("a port must be from 1 to 65535")
		}
		b.port = int(n)
	}
	return b, nil
}

// override takes over the options at the end of the URL. What is unknown there
// may be meant for other services that have the same URL.
func (r *Rabbit) override(query string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return badURL("the options at the end cannot be read")
	}
	for name, flag := range map[string]*bool{"ssl": &r.SSL, "rabbit_quorum_queue": &r.Quorum} {
		if !values.Has(name) {
			continue
		}
		switch strings.ToLower(values.Get(name)) {
		case "1", "true", "yes", "on", "t", "y":
			*flag = true
		case "0", "false", "no", "off", "f", "n":
			*flag = false
		default:
			return badURL("its option " + name + " must be 0 or 1")
		}
	}
	if values.Has("heartbeat_timeout_threshold") {
		seconds, err := strconv.ParseUint(values.Get("heartbeat_timeout_threshold"), 10, 16)
		if err != nil {
			return badURL("its option heartbeat_timeout_threshold must be a number of seconds")
		}
		r.Heartbeat = time.Duration(seconds) * time.Second
	}
	for _, name := range []string{"ssl_ca_file", "ssl_cert_file", "ssl_key_file"} {
		if values.Has(name) {
			return badURL("its option " + name + " must stand in section [oslo_messaging_rabbit]")
		}
	}
	return r.validate()
}

func badURL(reason string) error {
	return invalid("oslo_messaging_notifications.transport_url", reason)
}
