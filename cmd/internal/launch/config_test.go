package launch

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/cmd/internal/config"
)

// valid is a configuration that every role takes.
func valid() Config {
	c := DefaultConfig()
	c.General.Host = "host-1"
	c.Database.Connection = "mysql+pymysql://picasso:hidden-word@db/picasso"
	c.Keystone.AuthURL, c.Keystone.Username, c.Keystone.Password = "http://keystone:5000", "picasso", "hidden-word"
	c.RPC.Key = "0123456789abcdef"
	c.Complete(RoleAPI, "")
	return c
}

func TestValidateNamesSectionAndOption(t *testing.T) {
	every := []Role{RoleAPI, RoleTrigger, RoleEngine, RoleAllInOne}
	front, back := []Role{RoleAPI, RoleAllInOne}, []Role{RoleEngine, RoleAllInOne}
	queues, stores := []Role{RoleTrigger, RoleAllInOne}, []Role{RoleAPI, RoleTrigger, RoleAllInOne}
	split := []Role{RoleAPI, RoleTrigger, RoleEngine}
	tests := map[string]struct {
		change func(c *Config)
		want   string
		roles  []Role // that refuse it
	}{
		"valid":            {func(*Config) {}, "", every},
		"auth strategy":    {func(c *Config) { c.General.AuthStrategy = "none" }, "[DEFAULT] auth_strategy: must be keystone or noauth", front},
		"port":             {func(c *Config) { c.API.BindPort = 65536 }, "[api] bind_port: must be from 0 to 65535", front},
		"metrics port":     {func(c *Config) { c.API.MetricsBindPort = -2 }, "[api] metrics_bind_port: must be from -1 to 65535", front},
		"body":             {func(c *Config) { c.API.MaxRequestBytes = 0 }, "[api] max_request_bytes: must be at least 1", front},
		"limit":            {func(c *Config) { c.API.MaxLimit = 1001 }, "[api] max_limit: must be from 1 to 1000", front},
		"shutdown":         {func(c *Config) { c.General.ShutdownTimeout = -time.Second }, "[DEFAULT] graceful_shutdown_timeout: must not be negative", every},
		"public endpoint":  {func(c *Config) { c.API.PublicEndpoint = "functions.example.org" }, "[api] public_endpoint: must be an http:// or https:// URL", front},
		"no database":      {func(c *Config) { c.Database.Connection = "" }, "[database] connection: is required", stores},
		"no Keystone":      {func(c *Config) { c.Keystone.AuthURL = "" }, "[keystone_authtoken] auth_url: must be", front},
		"engine":           {func(c *Config) { c.Engine.MaxLogBytes = 1 }, "[engine] max_log_bytes: must be", back},
		"docker":           {func(c *Config) { c.Docker.PullPolicy = "maybe" }, `[docker] pull_policy: "maybe"`, back},
		"workers":          {func(c *Config) { c.Queue.Workers = 0 }, "[queue] workers: must be from 1 to 4096", queues},
		"retention":        {func(c *Config) { c.Retention.LogDays = -1 }, "[retention] log_days: must be from 0 to 36500", queues},
		"trigger's port":   {func(c *Config) { c.Triggers.MetricsBindPort = -2 }, "[triggers] metrics_bind_port: must be from -1 to 65535", queues},
		"no key":           {func(c *Config) { c.RPC.Key = "short" }, "[rpc] key: must be at least 16 bytes", split},
		"engine URL":       {func(c *Config) { c.RPC.EngineURL = "host:1" }, "[rpc] engine_url: must be an http:// URL", split},
		"noauth in public": {func(c *Config) { c.General.AuthStrategy, c.API.BindHost = AuthNone, "0.0.0.0" }, "[DEFAULT] auth_strategy: noauth lets", front},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for _, role := range every {
				c := valid()
				test.change(&c)
				err := c.Validate(role)
				if test.want == "" || !contains(test.roles, role) {
					assert.NoError(t, err, role)
					continue
				}
				require.Error(t, err, role)
				assert.Contains(t, err.Error(), test.want, role)
				assert.NotContains(t, err.Error(), "hidden-word")
			}
		})
	}
}

func contains(roles []Role, role Role) bool {
	return slices.Contains(roles, role)
}

func TestValidateNamesEverythingWrong(t *testing.T) {
	c := valid()
	c.API.BindPort, c.API.MaxLimit, c.Database.MaxPoolSize = -1, 0, 0
	assert.EqualError(t, c.Validate(RoleAPI), "[api] bind_port: must be from 0 to 65535\n"+
		"[api] max_limit: must be from 1 to 1000\n[database] max_pool_size: must be from 1 to 1000")
}

func TestNoauthOnlyOnLoopback(t *testing.T) {
	for host, allowed := range map[string]bool{
		"127.0.0.1": true, "127.8.9.1": true, "::1": true, "localhost": true,
		"": false, "0.0.0.0": false, "::": false, "192.0.2.1": false, "localhost.example.org": false, "127.0.0.1.example.org": false,
	} {
		c := DevelopmentConfig()
		c.API.BindHost = host
		c.Complete(RoleAllInOne, "")
		assert.Equal(t, allowed, c.Validate(RoleAllInOne) == nil, "bind_host %q", host)
	}
}

func TestDevelopmentNeedsNoConfiguration(t *testing.T) {
	c := DevelopmentConfig()
	c.General.StatePath = "/tmp/state"
	c.Complete(RoleAllInOne, "/etc/picasso")
	require.NoError(t, c.Validate(RoleAllInOne))
	assert.Equal(t, "sqlite:////tmp/state/picasso.sqlite", c.Database.Connection)
	assert.Equal(t, "/etc/picasso/policy.yaml", c.Policy.File)
	assert.NotEmpty(t, c.Engine.Host)
	assert.Equal(t, "127.0.0.1:10001", address(c.API.BindHost, c.API.BindPort))
}

func TestCompleteNamesTheHostEverywhere(t *testing.T) {
	c := valid()
	assert.Equal(t, "host-1", c.Engine.Host)
	assert.Equal(t, "host-1", c.Docker.Host)
}

func TestEverySectionReadsItsSample(t *testing.T) {
	c := DefaultConfig()
	for _, later := range Ignored() {
		for _, section := range c.Sections() {
			assert.NotEqual(t, later, section.Name, "it means something now")
		}
	}
	assert.NotContains(t, string(config.Sample(c.Sections())), " ()", "an option without help")
}
