package launch

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/cmd/internal/config"
	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
)

// valid is a configuration that every role takes.
func valid() Config {
	c := DefaultConfig()
	c.General.Host = "host-1"
	c.Database.Connection = "mysql+pymysql://picasso:hidden-word@db/picasso"
	c.Keystone.AuthURL, c.Keystone.Username, c.Keystone.Password = "http://keystone:5000", "picasso", "hidden-word"
	c.Complete(RoleAPI, "")
	return c
}

func TestValidateNamesSectionAndOption(t *testing.T) {
	every := []Role{RoleAPI, RoleTrigger, RoleEngine, RoleAllInOne}
	front, back := []Role{RoleAPI, RoleAllInOne}, []Role{RoleEngine, RoleAllInOne}
	users := []Role{RoleAPI, RoleEngine, RoleAllInOne}
	queues, stores := []Role{RoleTrigger, RoleAllInOne}, []Role{RoleAPI, RoleTrigger, RoleAllInOne}
	split, engines := []Role{RoleAPI, RoleTrigger, RoleEngine}, []Role{RoleEngine}
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
		"no Keystone":      {func(c *Config) { c.Keystone.AuthURL = "" }, "[keystone_authtoken] auth_url: must be", users},
		"engine":           {func(c *Config) { c.Engine.MaxLogBytes = 1 }, "[engine] max_log_bytes: must be", back},
		"docker":           {func(c *Config) { c.Docker.PullPolicy = "maybe" }, `[docker] pull_policy: "maybe"`, back},
		"workers":          {func(c *Config) { c.Queue.Workers = 0 }, "[queue] workers: must be from 1 to 4096", stores},
		"queued":           {func(c *Config) { c.Queue.MaxQueued = -1 }, "[queue] max_queued: must be from 0 to 10000000", stores},
		"retention":        {func(c *Config) { c.Retention.LogDays = -1 }, "[retention] log_days: must be from 0 to 36500", queues},
		"trigger's port":   {func(c *Config) { c.Triggers.MetricsBindPort = -2 }, "[triggers] metrics_bind_port: must be from -1 to 65535", queues},
		"delegation":       {func(c *Config) { c.Delegation.TriggerRoles = nil }, "[delegation] trigger_roles: must name a role", stores},
		"half a Keystone":  {func(c *Config) { c.Keystone.Password = "" }, "[keystone_authtoken] password: is required", every},
		"broker":           {func(c *Config) { c.AMQP.Transport.TransportURL = "amqps:hidden-word" }, "[oslo_messaging_notifications] transport_url: ", queues},
		"heartbeat":        {func(c *Config) { useBroker(c); c.AMQP.Rabbit.Heartbeat = time.Second }, "[oslo_messaging_rabbit] heartbeat_timeout_threshold: ", queues},
		"prefetch":         {func(c *Config) { useBroker(c); c.AMQP.Options.Prefetch = 0 }, "[notifications] prefetch: must be from", queues},
		"project deleted":  {func(c *Config) { c.Notify.OnProjectDeleted = "archive" }, "[notifications] on_project_deleted: must be delete or ignore", queues},
		"API's URL":        {func(c *Config) { c.Registration.APIURL = "host:1" }, "[engine] api_url: must be an http:// or https:// URL", engines},
		"interval":         {func(c *Config) { c.Registration.Interval = 0 }, "[engine] heartbeat_interval: must be from 0.1 to 60 seconds", engines},
		"give up":          {func(c *Config) { c.Hosts.GiveUpAfter = 0 }, "[hosts] give_up_after: must be from 1 to 3600 seconds", stores},
		"engine's port":    {func(c *Config) { c.RPC.BindPort = -1 }, "[rpc] bind_port: must be from 0", split},
		"engine's URL":     {func(c *Config) { c.RPC.AdvertiseURL = "host:1" }, "[rpc] advertise_url: must be an http:// or https:// URL", split},
		"half of TLS":      {func(c *Config) { c.RPC.CA = "ca.pem" }, "[rpc] cert: goes with key and ca", split},
		"protocol":         {func(c *Config) { c.RPC.MaxProtocol = 99 }, "[rpc] max_protocol: must be from 1 to", split},
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

func useBroker(c *Config) { c.AMQP.Transport.TransportURL = "rabbit://user:hidden-word@broker/" }

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

// What oslo.messaging knows may stand in the sections that we share with other
// services: deployment tools write the same for all.
func TestOptionsOfOtherServices(t *testing.T) {
	cloudtest.Need(t, "keystone") // brings oslo.messaging along
	out, err := exec.Command("oslo-config-generator", "--namespace", "oslo.messaging").Output()
	require.NoError(t, err)
	var conf strings.Builder
	ours, options := false, 0
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "[") {
			ours = line == "[oslo_messaging_notifications]\n" || line == "[oslo_messaging_rabbit]\n"
			conf.WriteString(line)
		}
		if option, ok := strings.CutPrefix(line, "#"); ours && ok && !strings.HasPrefix(option, " ") && strings.Contains(option, " = ") {
			conf.WriteString(option)
			options++
		}
	}
	assert.Greater(t, options, 20)
	path := filepath.Join(t.TempDir(), "picasso.conf")
	require.NoError(t, os.WriteFile(path, []byte(conf.String()), 0o600))
	c := DefaultConfig()
	require.NoError(t, config.Read(c.Sections(), config.Sources{Files: []string{path}, Ignore: Ignored()}))
}

func TestFilesAreReadForTheRolesThatUseThem(t *testing.T) {
	every, queues := []Role{RoleAPI, RoleTrigger, RoleEngine, RoleAllInOne}, []Role{RoleTrigger, RoleAllInOne}
	split := []Role{RoleAPI, RoleTrigger, RoleEngine}
	path := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(path, []byte("pem"), 0o600))
	tests := map[string]struct {
		name    func(c *Config) *string
		content func(c *Config) []byte
		roles   []Role
	}{
		"[keystone_authtoken] cafile":           {func(c *Config) *string { return &c.Keystone.CAFile }, func(c *Config) []byte { return c.Keystone.CA }, every},
		"[rpc] cert":                            {func(c *Config) *string { return &c.RPC.Cert }, func(c *Config) []byte { return c.RPC.cert }, split},
		"[rpc] key":                             {func(c *Config) *string { return &c.RPC.Key }, func(c *Config) []byte { return c.RPC.key }, split},
		"[rpc] ca":                              {func(c *Config) *string { return &c.RPC.CA }, func(c *Config) []byte { return c.RPC.ca }, split},
		"[destinations] cafile":                 {func(c *Config) *string { return &c.Destinations.CAFile }, func(c *Config) []byte { return c.Destinations.CA }, queues},
		"[notifications] cafile":                {func(c *Config) *string { return &c.Notify.CAFile }, func(c *Config) []byte { return c.Notify.CA }, queues},
		"[oslo_messaging_rabbit] ssl_ca_file":   {func(c *Config) *string { return &c.AMQP.Rabbit.CAFile }, func(c *Config) []byte { return c.AMQP.Rabbit.CA }, queues},
		"[oslo_messaging_rabbit] ssl_cert_file": {func(c *Config) *string { return &c.AMQP.Rabbit.CertFile }, func(c *Config) []byte { return c.AMQP.Rabbit.Cert }, queues},
		"[oslo_messaging_rabbit] ssl_key_file":  {func(c *Config) *string { return &c.AMQP.Rabbit.KeyFile }, func(c *Config) []byte { return c.AMQP.Rabbit.Key }, queues},
	}
	for option, test := range tests {
		t.Run(option, func(t *testing.T) {
			for _, role := range []Role{RoleAPI, RoleTrigger, RoleEngine, RoleAllInOne} {
				c := valid()
				*test.name(&c) = path
				require.NoError(t, c.readFiles(role))
				assert.Equal(t, contains(test.roles, role), string(test.content(&c)) == "pem", role)
				*test.name(&c) = "/nowhere"
				if err := c.readFiles(role); contains(test.roles, role) {
					assert.EqualError(t, err, option+": open /nowhere: no such file or directory")
				} else {
					assert.NoError(t, err)
				}
			}
		})
	}
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
