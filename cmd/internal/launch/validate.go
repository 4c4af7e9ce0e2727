package launch

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"

	"github.com/picasso-faas/picasso"
)

// minKeyBytes is the length below which a shared key can be guessed.
const minKeyBytes = 16

// Validate checks the sections that the role uses. The error has a line for
// each option that is wrong.
func (c *Config) Validate(role Role) error {
	wrong := []error{inSection("DEFAULT", check(c.General.ShutdownTimeout >= 0, "graceful_shutdown_timeout: must not be negative"))}
	if role.hasAPI() {
		wrong = append(wrong, inSection("DEFAULT", c.validateAuth()), inSection("api", c.API.validate()))
		if c.General.AuthStrategy == AuthKeystone {
			wrong = append(wrong, inSection("keystone_authtoken", c.Keystone.Validate()))
		}
	}
	if role.hasTriggers() {
		wrong = append(wrong, inSection("queue", c.Queue.Validate()), inSection("retention", c.Retention.Validate()),
			inSection("triggers", validatePort("metrics_bind_port", c.Triggers.MetricsBindPort, -1)))
	}
	if role.hasAPI() || role.hasTriggers() {
		wrong = append(wrong, inSection("database", c.Database.Validate()))
	}
	if role.hasEngine() {
		wrong = append(wrong, inSection("engine", c.Engine.Validate()), inSection("docker", c.Docker.Validate()))
	}
	if role != RoleAllInOne {
		wrong = append(wrong, inSection("rpc", c.RPC.validate()))
	}
	return errors.Join(wrong...)
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
		check(a.MaxLimit >= 1 && a.MaxLimit <= 1000, "max_limit: must be from 1 to 1000"),
		check(a.PublicEndpoint == "" || isHTTP(a.PublicEndpoint), "public_endpoint: must be an http:// or https:// URL"),
	)
}

func (r *RPC) validate() error {
	return errors.Join(
		check(len(r.Key) >= minKeyBytes, fmt.Sprintf("key: must be at least %d bytes", minKeyBytes)),
		validatePort("bind_port", r.BindPort, 0),
		check(isHTTP(r.EngineURL), "engine_url: must be an http:// URL"),
	)
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

var sectionInFront = regexp.MustCompile(`^[a-z_]+\.`)

// inSection puts the section in front of each option that err complains about.
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
	return fmt.Errorf("[%s] %s", section, sectionInFront.ReplaceAllString(text, ""))
}
