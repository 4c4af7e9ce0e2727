package keystone

import (
	"net/url"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"

	"github.com/picasso-faas/picasso"
)

// Config is section [keystone_authtoken] of picasso.conf. Its options are
// those of keystonemiddleware and keystoneauth, so that what an operator or
// DevStack writes for other services works here.
type Config struct {
	WWWAuthenticateURI string `ini:"www_authenticate_uri" help:"Keystone's public URL, told to clients in the WWW-Authenticate header of every 401. Empty: auth_url."`

	AuthType          string `ini:"auth_type" help:"How the service user authenticates. Only 'password' is supported."`
	AuthURL           string `ini:"auth_url" help:"Keystone's URL as this host reaches it, with or without /v3, for example http://controller:5000. Required."`
	Username          string `ini:"username" help:"Name of the service user, who validates the tokens of all others. It needs the role 'service' (or 'admin') on its project and nothing more. Either this or user_id is required."`
	UserID            string `ini:"user_id" help:"Id of the service user, instead of username and its domain."`
	Password          string `ini:"password" secret:"true" help:"Password of the service user. Required."`
	UserDomainName    string `ini:"user_domain_name" help:"Name of the domain the service user is in."`
	UserDomainID      string `ini:"user_domain_id" help:"Id of the domain the service user is in, instead of user_domain_name."`
	ProjectName       string `ini:"project_name" help:"Name of the project the service user works in, usually 'service'. Either this or project_id is required."`
	ProjectID         string `ini:"project_id" help:"Id of the project the service user works in, instead of project_name and its domain."`
	ProjectDomainName string `ini:"project_domain_name" help:"Name of the domain that project is in."`
	ProjectDomainID   string `ini:"project_domain_id" help:"Id of the domain that project is in, instead of project_domain_name."`

	RegionName string `ini:"region_name" help:"Region whose Keystone in the service catalog validates tokens. Only read when interface is set. Empty: the first one in the catalog."`
	Interface  string `ini:"interface" help:"Which of Keystone's endpoints in the service catalog validates tokens: internal, public or admin. Empty: auth_url itself does, and the catalog is not read."`
	CAFile     string `ini:"cafile" help:"PEM file with the certificates of the authorities that signed Keystone's certificate. Empty: those the host trusts."`
	CA         []byte `ini:"-"` // content of CAFile; whoever reads the configuration reads it too
	Insecure   bool   `ini:"insecure" help:"Accept any certificate from Keystone. Whoever can answer in its place can then be anybody: for tests only."`

	TokenCacheTime        time.Duration `ini:"token_cache_time" help:"How long the answer for a valid token is kept, in seconds, and never beyond the token's end. A revoked token works this much longer. -1: every request asks Keystone, which costs about 15 ms."`
	HTTPConnectTimeout    time.Duration `ini:"http_connect_timeout" help:"How long Keystone may take to answer, connecting and retries included, in seconds. After that the caller gets 503."`
	HTTPRequestMaxRetries int           `ini:"http_request_max_retries" help:"How many more times a request is sent when Keystone cannot be connected to."`

	ServiceTokenRoles         []string `ini:"service_token_roles" help:"Roles, separated by commas, one of which the sender of a valid X-Service-Token must hold. With it, a user's token is accepted after its end, so that work started in time can be finished."`
	ServiceTokenRolesRequired bool     `ini:"service_token_roles_required" help:"Whether a service token without any of service_token_roles is refused. When false, any valid token in X-Service-Token lets an expired one pass; only for old clouds."`
	ServiceType               string   `ini:"service_type" help:"Type of this service in the catalog. Access rules of application credentials are for this type."`
}

// DefaultConfig returns the defaults. auth_url and the service user have none.
func DefaultConfig() Config {
	return Config{
		AuthType:          "password",
		UserDomainName:    "Default",
		ProjectName:       "service",
		ProjectDomainName: "Default",

		TokenCacheTime:        300 * time.Second,
		HTTPConnectTimeout:    10 * time.Second,
		HTTPRequestMaxRetries: 3,

		ServiceTokenRoles:         []string{"service"},
		ServiceTokenRolesRequired: true,
		ServiceType:               "functions",
	}
}

// Validate checks the options. Errors: invalid, naming the option.
func (c *Config) Validate() error {
	invalid := func(option, reason string) error {
		return picasso.Errorf(picasso.CodeInvalid, "keystone_authtoken.%s: %s", option, reason)
	}
	switch {
	case c.AuthType != "password":
		return invalid("auth_type", "only password is supported")
	case !isHTTP(c.AuthURL):
		return invalid("auth_url", "must be an http:// or https:// URL")
	case c.WWWAuthenticateURI != "" && !isHTTP(c.WWWAuthenticateURI):
		return invalid("www_authenticate_uri", "must be an http:// or https:// URL")
	case c.Username == "" && c.UserID == "":
		return invalid("username", "is required")
	case c.Password == "":
		return invalid("password", "is required")
	case c.ProjectName == "" && c.ProjectID == "":
		return invalid("project_name", "is required")
	case c.Interface != "" && c.Interface != "internal" && c.Interface != "public" && c.Interface != "admin":
		return invalid("interface", "must be internal, public or admin")
	case c.HTTPConnectTimeout <= 0:
		return invalid("http_connect_timeout", "must be more than 0")
	case c.HTTPRequestMaxRetries < 0 || c.HTTPRequestMaxRetries > 100:
		return invalid("http_request_max_retries", "must be from 0 to 100")
	case c.ServiceTokenRolesRequired && len(c.ServiceTokenRoles) == 0:
		return invalid("service_token_roles", "must name a role when service_token_roles_required is true")
	case c.ServiceType == "":
		return invalid("service_type", "is required")
	}
	return nil
}

// isHTTP also refuses what could not stand between quotes in a header.
func isHTTP(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && !strings.ContainsAny(s, "\" \r\n")
}

// serviceUser is how the service user logs in.
func (c *Config) serviceUser() *gophercloud.AuthOptions {
	options := &gophercloud.AuthOptions{
		UserID: c.UserID, Password: c.Password,
		Scope: &gophercloud.AuthScope{ProjectID: c.ProjectID},
	}
	if c.UserID == "" {
		options.Username = c.Username
		options.DomainID, options.DomainName = oneOf(c.UserDomainID, c.UserDomainName)
	}
	if c.ProjectID == "" {
		options.Scope.ProjectName = c.ProjectName
		options.Scope.DomainID, options.Scope.DomainName = oneOf(c.ProjectDomainID, c.ProjectDomainName)
	}
	return options
}

// oneOf drops the name where there is an id: Keystone takes one of them.
func oneOf(givenID, givenName string) (id, name string) {
	if givenID != "" {
		return givenID, ""
	}
	return "", givenName
}
