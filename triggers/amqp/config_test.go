package amqp

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

func valid() Config {
	c := DefaultConfig()
	c.Transport.TransportURL = "rabbit://u:p@h/"
	return c
}

func TestDefaultsAreValid(t *testing.T) {
	c := DefaultConfig()
	require.NoError(t, c.Validate())
	assert.False(t, c.Enabled())
	c = valid()
	require.NoError(t, c.Validate())
	assert.True(t, c.Enabled())
}

func TestConfigIsChecked(t *testing.T) {
	for option, change := range map[string]func(*Config){
		"oslo_messaging_notifications.transport_url":         func(c *Config) { c.Transport.TransportURL = "kafka://h" },
		"oslo_messaging_notifications.topics: must name":     func(c *Config) { c.Transport.Topics = nil },
		"oslo_messaging_notifications.topics: a topic":       func(c *Config) { c.Transport.Topics = []string{"a.#"} },
		"oslo_messaging_rabbit.heartbeat_timeout_threshold":  func(c *Config) { c.Rabbit.Heartbeat = time.Second },
		"oslo_messaging_rabbit.ssl_cert_file: is set":        func(c *Config) { c.Rabbit.CertFile = "f" },
		"oslo_messaging_rabbit.ssl_cert_file: is no":         func(c *Config) { c.Rabbit = Rabbit{SSL: true, CertFile: "f", KeyFile: "f"} },
		"oslo_messaging_rabbit.ssl_ca_file: holds":           func(c *Config) { c.Rabbit = Rabbit{SSL: true, CAFile: "f"} },
		"notifications.exchanges: must":                      func(c *Config) { c.Options.Exchanges = nil },
		"notifications.exchanges: an":                        func(c *Config) { c.Options.Exchanges = []string{""} },
		"notifications.queue: must have":                     func(c *Config) { c.Options.Queue = "" },
		"notifications.queue: must have from 1 to 200 bytes": func(c *Config) { c.Options.Queue = strings.Repeat("q", 201) },
		"notifications.queue: must not be one":               func(c *Config) { c.Options.Queue = "notifications.info" },
		"notifications.queue_max_bytes":                      func(c *Config) { c.Options.MaxBytes = 1 },
		"notifications.prefetch":                             func(c *Config) { c.Options.Prefetch = 0 },
	} {
		c := valid()
		change(&c)
		_, err := New(c, nil, logrus.New())
		if assert.ErrorContains(t, err, option) {
			assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err))
		}
	}
}

func TestQuiet(t *testing.T) {
	var out bytes.Buffer
	log := logrus.New()
	log.SetOutput(&out)
	now := time.Now()
	q := newQuiet(log)
	q.now = func() time.Time { return now }
	lines := func() int { return strings.Count(out.String(), "\n") }
	for range 100 {
		q.warn("poison", "one reason", nil)
		q.warn("poison", "another reason", nil)
	}
	assert.Equal(t, 2, lines())
	for i := range 1000 {
		q.warn("poison", strings.Repeat("x", i%200), nil)
	}
	assert.Equal(t, quietReasons, lines())
	out.Reset()
	now = now.Add(quietFor)
	q.warn("poison", strings.Repeat("long", 1000), nil)
	q.warn("poison", "one reason", nil)
	assert.Equal(t, 2, lines())
	assert.Contains(t, out.String(), "unlogged=1180")
	assert.Less(t, out.Len(), 1000)
}

func TestNextPause(t *testing.T) {
	assert.Equal(t, 2*firstPause, nextPause(firstPause, nil))
	assert.Equal(t, mostPause, nextPause(mostPause, nil))
	assert.Equal(t, 2*mostPause, nextPause(mostPause, errCancelled))
	assert.Equal(t, mostRefusedPause, nextPause(mostRefusedPause, errCancelled))
}
