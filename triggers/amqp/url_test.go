package amqp

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

func TestTransportURL(t *testing.T) {
	guest := func(host string) broker { return broker{host, 5672, "guest", "guest"} }
	for url, want := range map[string]endpoint{
		"rabbit://h":                          {brokers: []broker{guest("h")}, vhost: "/"},
		"rabbit://h/":                         {brokers: []broker{guest("h")}, vhost: "/"},
		"rabbit://h//":                        {brokers: []broker{guest("h")}, vhost: "/"},
		"rabbit://h/%2F":                      {brokers: []broker{guest("h")}, vhost: "/"},
		"rabbit://h/nova":                     {brokers: []broker{guest("h")}, vhost: "nova"},
		"rabbit://h//nova":                    {brokers: []broker{guest("h")}, vhost: "/nova"},
		"rabbit://u@h":                        {brokers: []broker{{"h", 5672, "u", ""}}, vhost: "/"},
		"rabbit://u:p@h:5671/":                {brokers: []broker{{"h", 5671, "u", "p"}}, vhost: "/"},
		"rabbit://u%40x:p%2F%3A%25@h/":        {brokers: []broker{{"h", 5672, "u@x", "p/:%"}}, vhost: "/"},
		"rabbit://u:p@ss:w@h/":                {brokers: []broker{{"h", 5672, "u", "p@ss:w"}}, vhost: "/"},
		"rabbit://u:p@[::1]:1/v":              {brokers: []broker{{"::1", 1, "u", "p"}}, vhost: "v"},
		"rabbit://[fe80::1]":                  {brokers: []broker{guest("fe80::1")}, vhost: "/"},
		"rabbit://a:b@h1:1,c:d@h2,h3/v":       {brokers: []broker{{"h1", 1, "a", "b"}, {"h2", 5672, "c", "d"}, guest("h3")}, vhost: "v"},
		"rabbit://h1,,h2,":                    {brokers: []broker{guest("h1"), guest("h2")}, vhost: "/"},
		"rabbit://h/?ssl=1":                   {brokers: []broker{guest("h")}, vhost: "/", rabbit: Rabbit{SSL: true}},
		"rabbit://h?ssl=True&unknown=x":       {brokers: []broker{guest("h")}, vhost: "/", rabbit: Rabbit{SSL: true}},
		"rabbit://h/?rabbit_quorum_queue=yes": {brokers: []broker{guest("h")}, vhost: "/", rabbit: Rabbit{Quorum: true}},
		"rabbit://h/v?heartbeat_timeout_threshold=90": {
			brokers: []broker{guest("h")}, vhost: "v", rabbit: Rabbit{Heartbeat: 90 * time.Second}},
	} {
		got, err := (&Config{Transport: Transport{TransportURL: url}}).endpoint()
		if assert.NoError(t, err, url) {
			assert.Equal(t, &want, got, url)
		}
	}
}

func TestTransportURLOptionsWin(t *testing.T) {
	cfg := Config{Transport: Transport{TransportURL: "rabbit://h/?ssl=0&rabbit_quorum_queue=off"}, Rabbit: Rabbit{SSL: true, Quorum: true, CAFile: "f"}}
	e, err := cfg.endpoint()
	require.NoError(t, err)
	assert.Equal(t, Rabbit{CAFile: "f"}, e.rabbit)
}

func TestBadTransportURL(t *testing.T) {
	for url, reason := range map[string]string{
		"amqp://u:s3cret@h/":                         "must start with rabbit://",
		"u:s3cret@h":                                 "must start with rabbit://",
		"rabbit://":                                  "must name a host",
		"rabbit:///v":                                "must name a host",
		"rabbit://u:s3cret@/":                        "a host is missing",
		"rabbit://u:s3cret@:5672/":                   "a host is missing",
		"rabbit://u:s3cret#@h/":                      "percent-encoded",
		"rabbit://u:s3cret @h/":                      "percent-encoded",
		"rabbit://u:s3cret%zz@h/":                    "bad percent-encoding",
		"rabbit://u:s3cret@h/%zz":                    "the virtual host has a bad",
		"rabbit://u:s3cret@h:0/":                     "a port",
		"rabbit://u:s3cret@h:x/":                     "a port",
		"rabbit://u:s3cret@h:70000/":                 "a port",
		"rabbit://u:s3cret@[::1/":                    "IPv6",
		"rabbit://u:s3cret@[h]/":                     "IPv6",
		"rabbit://u:s3cret@[::1]x/":                  "IPv6",
		"rabbit://u:s3cret@::1/":                     "a host is missing",
		"rabbit://u:s3cret@h/?ssl=perhaps":           "ssl must be 0 or 1",
		"rabbit://u:s3cret@h/?ssl=%zz":               "cannot be read",
		"rabbit://u:s3cret@h/?ssl_ca_file=/f":        "ssl_ca_file must stand in section",
		"rabbit://h/?heartbeat_timeout_threshold=-1": "must be a number of seconds",
		"rabbit://h/?heartbeat_timeout_threshold=1":  "from 3 to 3600",
	} {
		_, err := (&Config{Transport: Transport{TransportURL: url}}).endpoint()
		if assert.ErrorContains(t, err, reason, url) {
			assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err))
			assert.NotContains(t, err.Error(), "s3cret")
		}
	}
}

func FuzzTransportURL(f *testing.F) {
	for _, seed := range []string{"h", "u:p@h:1,v:q@[::1]:2/%2Fv?ssl=1", "@", ":@:/", "u:%25@h?ssl=%31"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, rest string) {
		const secret = "Zx9Secret" // stands in for a password wherever the URL may have one
		cfg := Config{Transport: Transport{TransportURL: "rabbit://u:" + secret + "@h," + rest}}
		e, err := cfg.endpoint()
		if err != nil {
			assert.NotContains(t, err.Error(), secret)
			assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err))
			return
		}
		assert.NotEmpty(t, e.vhost)
		for _, b := range e.brokers {
			assert.NotEmpty(t, b.host)
			assert.False(t, strings.ContainsAny(b.host, "/?@[]"), b.host)
			assert.True(t, b.port > 0 && b.port <= 65535)
		}
	})
}
