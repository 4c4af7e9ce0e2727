package launch

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"time"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/rpc"
)

// Validate checks the sections that the role uses. The error has a line for
// each option that is wrong.
func (c *Config) Validate(role Role) error {
	wrong := []error{inSection("DEFAULT", check(c.General.ShutdownTimeout >= 0, "graceful_shutdown_timeout: must not be negative"))}
	if role.hasAPI() {
		wrong = append(wrong, inSection("DEFAULT", c.validateAuth()), inSection("api", c.API.validate()))
	}
	if c.usesKeystone(role) {
		wrong = append(wrong, inSection("keystone_authtoken", c.Keystone.Validate()))
	}
	if c.usesKeystone(role) && role != RoleEngine {
		wrong = append(wrong, inSection("delegation", c.Delegation.Validate()))
	}
	if role.hasTriggers() {
		wrong = append(wrong, inSection("retention", c.Retention.Validate()),
			inSection("triggers", validatePort("metrics_bind_port", c.Triggers.MetricsBindPort, -1)),
			inSection("notifications", c.AMQP.Validate()), inSection("notifications", c.Notify.Validate()))
	}
	if role.hasAPI() || role.hasTriggers() {
		wrong = append(wrong, inSection("database", c.Database.Validate()), inSection("queue", c.Queue.Validate()))
	}
	if role.hasEngine() {
		wrong = append(wrong, inSection("engine", c.Engine.Validate()), inSection("docker", c.Docker.Validate()))
	}
	if role == RoleEngine {
		wrong = append(wrong, inSection("engine", c.Registration.validate()))
	}
	if role != RoleEngine {
		wrong = append(wrong, inSection("hosts", checkSeconds("give_up_after", c.Hosts.GiveUpAfter, 1, 3600)))
	}
	if role != RoleAllInOne {
		wrong = append(wrong, inSection("rpc", c.RPC.validate()))
	}
	return errors.Join(wrong...)
}

// usesKeystone: picasso-trigger does without where it is told nothing of it,
// and runs what needs no credentials.
func (c *Config) usesKeystone(role Role) bool {
	return c.General.AuthStrategy == AuthKeystone && (role != RoleTrigger || c.Keystone.AuthURL != "")
}

func (c *Config) validateAuth() error {
	switch {
	case c.General.AuthStrategy != AuthKeystone && c.General.AuthStrategy != AuthNone:
		return fmt.Errorf("auth_strategy: must be %s or %s", AuthKeystone, AuthNone)
	case c.General.AuthStrategy == AuthNone && !isLoopback(c.API.BindHost):
		return errors.New("auth_strategy: noauth lets everybody do everything and is refused unless [api] bind_host is a loopback address such as 127.0.0.1")
	}
	return nil
}

// isLoopback is strict: a name could resolve to anything.
func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

func (a *API) validate() error {
	return errors.Join(
		validatePort("bind_port", a.BindPort, 0), validatePort("metrics_bind_port", a.MetricsBindPort, -1),
		check(a.MaxRequestBytes >= 1, "max_request_bytes: must be at least 1"),
		check(a.Concurrency >= 0 && a.Concurrency <= 1_000_000, "project_concurrency: must be from 0 to 1000000"),
		check(a.MaxLimit >= 1 && a.MaxLimit <= 1000, "max_limit: must be from 1 to 1000"),
		check(a.PublicEndpoint == "" || isHTTP(a.PublicEndpoint), "public_endpoint: must be an http:// or https:// URL"),
	)
}

func (r *Registration) validate() error {
	return errors.Join(
		check(isHTTP(r.APIURL), "api_url: must be an http:// or https:// URL"),
		checkSeconds("heartbeat_interval", r.Interval, 0.1, 60),
	)
}

func (r *RPC) validate() error {
	files := []string{r.Cert, r.Key, r.CA}
	return errors.Join(
		validatePort("bind_port", r.BindPort, 0),
		check(r.AdvertiseURL == "" || isHTTP(r.AdvertiseURL), "advertise_url: must be an http:// or https:// URL"),
		check(!slices.Contains(files, "") || !slices.ContainsFunc(files, func(f string) bool { return f != "" }),
			"cert: goes with key and ca, all three or none"),
		check(r.MaxProtocol == 0 || r.MaxProtocol >= rpc.MinProtocol && r.MaxProtocol <= rpc.MaxProtocol,
			fmt.Sprintf("max_protocol: must be from %d to %d, or 0", rpc.MinProtocol, rpc.MaxProtocol)),
	)
}

func checkSeconds(option string, d time.Duration, least, most float64) error {
	return check(d.Seconds() >= least && d.Seconds() <= most, fmt.Sprintf("%s: must be from %g to %g seconds", option, least, most))
}

func validatePort(option string, port, lowest int) error {
	return check(port >= lowest && port <= 65535, fmt.Sprintf("%s: must be from %d to 65535", option, lowest))
}

func isHTTP(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

func check(ok bool, complaint string) error {
	if ok {
		return nil
	}
	return errors.New(complaint)
}

var sectionInFront = regexp.MustCompile(`^([a-z_]+)\.(.*)$`)

// inSection puts the section in front of each option that err complains about,
// unless it names one itself, as "section.option".
func inSection(section string, err error) error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, one := range joined.Unwrap() {
			all = append(all, inSection(section, one))
		}
		return errors.Join(all...)
	}
	text := err.Error()
	if e, ok := errors.AsType[*picasso.Error](err); ok {
		text = e.Detail
	}
	if parts := sectionInFront.FindStringSubmatch(text); parts != nil {
		section, text = parts[1], parts[2]
	}
	return fmt.Errorf("[%s] %s", section, text)
}
