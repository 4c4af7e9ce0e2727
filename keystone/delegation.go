package keystone

import (
	"slices"
	"strings"

	"github.com/picasso-faas/picasso"
)

// Delegation is section [delegation] of picasso.conf: what functions get to
// act as their projects with.
type Delegation struct {
	TriggerRoles []string `ini:"trigger_roles" help:"Roles, separated by commas, that a trigger of type swift or alarm without delegate_roles looks at its events with: it has the object of an event checked in Swift, and the name of an alarm read from Aodh. Who makes such a trigger must have them."`
	Services     []string `ini:"services" help:"Types of the services, separated by commas, whose public endpoints functions with delegate_roles are told, as the catalog has them. Those that it lacks are left out."`
	Region       string   `ini:"region" help:"Region those endpoints are in. Empty: region_name of [keystone_authtoken], or else that of the catalog's first endpoint; a cloud with several regions should set one of the two."`
	AuthURL      string   `ini:"auth_url" help:"Keystone's URL as functions reach it, with or without /v3. Empty: www_authenticate_uri of [keystone_authtoken], or else its auth_url."`
}

// DefaultDelegation returns the defaults.
func DefaultDelegation() Delegation {
	return Delegation{
		TriggerRoles: []string{"member"},
		Services: []string{
			"object-store", "alarming", "compute", "network", "image", "volumev3", "key-manager", "orchestration",
		},
	}
}

// Validate checks the options. Errors: invalid, naming the option.
func (d *Delegation) Validate() error {
	invalid := func(option, reason string) error {
		return picasso.Errorf(picasso.CodeInvalid, "delegation.%s: %s", option, reason)
	}
	switch {
	case len(d.TriggerRoles) == 0:
		return invalid("trigger_roles", "must name a role")
	case slices.Contains(d.TriggerRoles, ""):
		return invalid("trigger_roles", "must not name a role that is empty")
	case slices.ContainsFunc(d.Services, func(s string) bool { return !isServiceType(s) }):
		return invalid("services", "must be types of services, of a-z, 0-9 and '-', such as object-store")
	case d.AuthURL != "" && !isHTTP(d.AuthURL):
		return invalid("auth_url", "must be an http:// or https:// URL")
	}
	return nil
}

// isServiceType reports whether s can become part of the name of a header and
// of an environment variable.
func isServiceType(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}
