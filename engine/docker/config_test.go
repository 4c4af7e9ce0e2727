package docker

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

func TestConfig(t *testing.T) {
	config := DefaultConfig()
	require.NoError(t, config.Validate())
	for name, c := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"no host":          {func(c *Config) { c.Host = "" }, "host: "},
		"host with slash":  {func(c *Config) { c.Host = "a/b" }, "host: "},
		"relative":         {func(c *Config) { c.RuntimeDir = "run" }, "runtime_dir: "},
		"long":             {func(c *Config) { c.RuntimeDir = "/" + strings.Repeat("x", 70) }, "runtime_dir: "},
		"root":             {func(c *Config) { c.User = "0:1000" }, "user: "},
		"root group":       {func(c *Config) { c.User = "1000:0" }, "user: "},
		"user name":        {func(c *Config) { c.User = "nobody" }, "user: "},
		"few pids":         {func(c *Config) { c.PidsLimit = 7 }, "pids_limit: "},
		"many namespaces":  {func(c *Config) { c.PreparedNamespaces = 65 }, "prepared_namespaces: "},
		"minus namespaces": {func(c *Config) { c.ReusedNamespaces = -1 }, "reused_namespaces: "},
		"policy":           {func(c *Config) { c.PullPolicy = "sometimes" }, "pull_policy: "},
		"blocked":          {func(c *Config) { c.BlockedAddresses = []string{"169.254.169.254"} }, "blocked_addresses: "},
		"blocked v6":       {func(c *Config) { c.BlockedAddresses = []string{"fe80::/10"} }, "blocked_addresses: "},
		"subnet":           {func(c *Config) { c.Subnet = "10.0.0.0/30" }, "subnet: "},
		"loopback subnet":  {func(c *Config) { c.Subnet = "127.0.0.0/8" }, "subnet: "},
	} {
		t.Run(name, func(t *testing.T) {
			config := DefaultConfig()
			c.change(&config)
			assert.ErrorContains(t, config.Validate(), c.want)
			_, err := New(t.Context(), config, nil)
			assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err))
		})
	}
}
