package launch

import (
	"path/filepath"
	"time"

	"github.com/picasso-faas/picasso/api"
	"github.com/picasso-faas/picasso/cmd/internal/config"
	"github.com/picasso-faas/picasso/db"
	"github.com/picasso-faas/picasso/engine"
	"github.com/picasso-faas/picasso/engine/docker"
	"github.com/picasso-faas/picasso/keystone"
	"github.com/picasso-faas/picasso/triggers"
	"github.com/picasso-faas/picasso/triggers/amqp"
	"github.com/picasso-faas/picasso/triggers/destination"
	"github.com/picasso-faas/picasso/triggers/notify"
	"github.com/picasso-faas/picasso/triggers/queue"
)

// Role is which parts of Picasso run in a process.
type Role string

// The roles.
const (
	RoleAPI      Role = "picasso-api"      // front end, with the engine behind RPC
	RoleTrigger  Role = "picasso-trigger"  // queue and schedules, with the engine behind RPC
	RoleEngine   Role = "picasso-engine"   // engine of this host, served by RPC
	RoleAllInOne Role = "picasso-allinone" // all of them, without RPC
)

func (r Role) hasAPI() bool      { return r == RoleAPI || r == RoleAllInOne }
func (r Role) hasTriggers() bool { return r == RoleTrigger || r == RoleAllInOne }
func (r Role) hasEngine() bool   { return r == RoleEngine || r == RoleAllInOne }

// The values of auth_strategy.
const (
	AuthKeystone = "keystone"
	AuthNone     = "noauth"
)

// Config is picasso.conf: a struct for each section.
type Config struct {
	General      General
	API          API
	Database     db.Config
	Keystone     keystone.Config
	Delegation   keystone.Delegation
	Policy       Policy
	Engine       engine.Config
	Docker       docker.Config
	Queue        queue.Options
	Retention    triggers.Retention
	Destinations destination.Options
	Triggers     Triggers
	AMQP         amqp.Config
	Notify       notify.Options
	Registration Registration
	Hosts        Hosts
	RPC          RPC
	HealthCheck  HealthCheck
}

// General is section [DEFAULT].
type General struct {
	AuthStrategy    string        `ini:"auth_strategy" help:"Who says who is calling: keystone, or noauth, which believes the X-Project-Id and X-Roles headers and is refused unless [api] bind_host is a loopback address."`
	Host            string        `ini:"host" help:"Name of this host: in executions, in the list of hosts and on everything the engine creates in Docker. Two engines on one Docker need different ones. Empty: the host name."`
	StatePath       string        `ini:"state_path" help:"Directory for what this process keeps by itself: the SQLite file of picasso-allinone when [database] connection is empty."`
	Debug           bool          `ini:"debug" help:"Log more, such as each request. SIGHUP takes a change over."`
	UseJSON         bool          `ini:"use_json" help:"Log JSON, one object per line, in place of oslo.log's format."`
	ShutdownTimeout time.Duration `ini:"graceful_shutdown_timeout" help:"How long calls in flight may go on after SIGTERM or SIGINT. A second signal ends them at once. systemd's TimeoutStopSec should be longer by ten seconds."`
	LogFile         string        `ini:"log_file" help:"File to log to; reopened on SIGHUP, for logrotate. Empty: standard error."`
}

// API is section [api].
type API struct {
	BindHost        string `ini:"bind_host" help:"Address the API listens on."`
	BindPort        int    `ini:"bind_port" help:"Port the API listens on, 0 to 65535. 0: any free one."`
	MetricsBindHost string `ini:"metrics_bind_host" help:"Address of the listener for /metrics (Prometheus), which needs no token: keep it off public networks."`
	MetricsBindPort int    `ini:"metrics_bind_port" help:"Port of the listener for /metrics. -1: no such listener."`
	PublicEndpoint  string `ini:"public_endpoint" help:"URL under which clients reach the API, with its path if it has one; it is used in links. Empty: what the Host header says."`
	ProxyHeaders    bool   `ini:"enable_proxy_headers_parsing" help:"Make links follow X-Forwarded-Proto, -Host and -Prefix. Only for an API that clients cannot reach but through a proxy that sets them."`
	MaxRequestBytes int64  `ini:"max_request_bytes" help:"Largest body of a call in bytes; a longer one is answered 413."`
	Concurrency     int    `ini:"project_concurrency" help:"How many calls that somebody waits for (not asynchronous ones) a project may run at once, 0 to 1000000; more are answered 429. All picasso-api processes count together, and tell each other once a second: steady load is held to the limit, and when load moves from one to another up to twice as many (at least one for each process) may get in within two seconds, and run to their end. A process that is started beside others lets in one for about a second, and then may add its even part of the limit to those that run. A process that has all of the load gets there in a few seconds. The same for all processes. 0: any number."`
	MaxLimit        int    `ini:"max_limit" help:"Most items on a page of a list, 1 to 1000."`
}

// Policy is section [oslo_policy].
type Policy struct {
	File string `ini:"policy_file" help:"Policy rules that replace the defaults (YAML; see policy.yaml.sample). A relative path starts at the directory of the first configuration file. It is read again when it changes. The default may be missing, any other file not."`

	optional bool // File is the default
}

// Triggers is section [triggers].
type Triggers struct {
	MetricsBindHost string `ini:"metrics_bind_host" help:"Address of the listener of picasso-trigger for /healthcheck and /metrics (Prometheus), which needs no token: keep it off public networks."`
	MetricsBindPort int    `ini:"metrics_bind_port" help:"Port of that listener. -1: no such listener."`
}

// Registration is what of section [engine] is not the engine's own business.
type Registration struct {
	APIURL   string        `ini:"api_url" help:"URL of picasso-api, to which picasso-engine says every so often that it is there. It logs in as the service user of [keystone_authtoken]. It needs nothing else to be told where calls come from: the others find it by what it says."`
	Interval time.Duration `ini:"heartbeat_interval" help:"Time between two of these heartbeats, 0.1 to 60 seconds. Should fit a few times into [hosts] give_up_after."`
}

// Hosts is section [hosts].
type Hosts struct {
	GiveUpAfter time.Duration `ini:"give_up_after" help:"How long after its last heartbeat a compute host counts as down, 1 to 3600 seconds, by the clock of the database. The same for picasso-api and picasso-trigger."`
}

// RPC is section [rpc].
type RPC struct {
	BindHost     string `ini:"bind_host" help:"Address picasso-engine listens on for picasso-api and picasso-trigger. Empty: the one from which it reaches the API."`
	BindPort     int    `ini:"bind_port" help:"Port picasso-engine listens on. 0: any free one."`
	AdvertiseURL string `ini:"advertise_url" help:"URL under which the others reach picasso-engine, where that is not the address and port it listens on."`
	Cert         string `ini:"cert" help:"PEM file with this host's certificate. With cert, key and ca, all three in all processes, what passes between them is encrypted, and both sides prove who they are (TLS 1.3). Without, requests are signed, but can be read, and the bodies and headers of calls and all answers can be changed on the way: use an internal network."`
	Key          string `ini:"key" help:"PEM file with the private key of cert."`
	CA           string `ini:"ca" help:"PEM file with the certificates of the authorities that sign the certificates of these processes, and of nobody else's. That of picasso-engine names its host or address."`
	MaxProtocol  int    `ini:"max_protocol" help:"Highest version of the protocol between these processes that this one speaks, for upgrades one by one. 0: the highest it knows."`

	cert, key, ca []byte // the content of these files
}

// HealthCheck is section [healthcheck].
type HealthCheck struct {
	DisableByFile string `ini:"disable_by_file_path" help:"While this file exists, /healthcheck answers 503 DISABLED BY FILE, so that a load balancer sends no new requests. Empty: never."`
}

const defaultPolicyFile = "policy.yaml"

// DefaultConfig returns the defaults of a service in a cloud. Database and
// keystone_authtoken have options that must be set.
func DefaultConfig() Config {
	return Config{
		General: General{AuthStrategy: AuthKeystone, StatePath: "/var/lib/picasso", ShutdownTimeout: time.Minute},
		API: API{
			BindHost: "127.0.0.1", BindPort: 10001, MetricsBindHost: "127.0.0.1", MetricsBindPort: 10003,
			MaxRequestBytes: api.DefaultMaxRequestBytes, MaxLimit: api.DefaultMaxLimit,
		},
		Database: db.DefaultConfig(),
		Keystone: keystone.DefaultConfig(), Delegation: keystone.DefaultDelegation(),
		Policy: Policy{File: defaultPolicyFile},
		Engine: engine.DefaultConfig(),
		Docker: docker.DefaultConfig(),
		Queue:  queue.DefaultOptions(), Retention: triggers.DefaultRetention(),
		Triggers: Triggers{MetricsBindHost: "127.0.0.1", MetricsBindPort: 10004},
		AMQP:     amqp.DefaultConfig(), Notify: notify.DefaultOptions(),
		Registration: Registration{APIURL: "http://127.0.0.1:10001", Interval: 2 * time.Second},
		Hosts:        Hosts{GiveUpAfter: 10 * time.Second},
		RPC:          RPC{BindPort: 10002},
	}
}

// DevelopmentConfig returns what picasso-allinone runs on without a
// configuration file: no Keystone, loopback only, SQLite, local images.
func DevelopmentConfig() Config {
	c := DefaultConfig()
	c.General.AuthStrategy = AuthNone
	c.Docker.PullPolicy = docker.PullIfNotPresent
	return c
}

// Sections lists the sections in the order of the sample.
func (c *Config) Sections() []config.Section {
	return []config.Section{
		{Name: "DEFAULT", Into: &c.General},
		{Name: "api", Into: &c.API},
		{Name: "database", Into: &c.Database},
		{Name: "keystone_authtoken", Into: &c.Keystone},
		{Name: "delegation", Into: &c.Delegation},
		{Name: "oslo_policy", Into: &c.Policy},
		{Name: "engine", Into: &c.Engine},
		{Name: "engine", Into: &c.Registration},
		{Name: "docker", Into: &c.Docker},
		{Name: "queue", Into: &c.Queue},
		{Name: "retention", Into: &c.Retention},
		{Name: "destinations", Into: &c.Destinations},
		{Name: "triggers", Into: &c.Triggers},
		{Name: "oslo_messaging_notifications", Into: &c.AMQP.Transport},
		{Name: "oslo_messaging_rabbit", Into: &c.AMQP.Rabbit},
		{Name: "notifications", Into: &c.AMQP.Options},
		{Name: "notifications", Into: &c.Notify},
		{Name: "hosts", Into: &c.Hosts},
		{Name: "rpc", Into: &c.RPC},
		{Name: "healthcheck", Into: &c.HealthCheck},
	}
}

// Complete settles the options whose defaults follow from others. dir is where
// a relative policy file is, "" for none.
func (c *Config) Complete(role Role, dir string) {
	if c.General.Host != "" {
		c.Engine.Host, c.Docker.Host = c.General.Host, c.General.Host
	}
	c.Engine.Runtime = c.Docker.SandboxRuntime
	if c.Database.Connection == "" && role == RoleAllInOne {
		c.Database.Connection = "sqlite:///" + filepath.Join(c.General.StatePath, "picasso.sqlite")
	}
	c.Policy.optional = c.Policy.File == "" || c.Policy.File == defaultPolicyFile
	if dir != "" && !filepath.IsAbs(c.Policy.File) {
		c.Policy.File = filepath.Join(dir, c.Policy.File)
	}
}
