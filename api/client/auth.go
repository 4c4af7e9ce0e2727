package client

import (
	"crypto/tls"
	"net/http"
	"strings"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack/config/clouds"
)

// Auth says who to log in as, and where, in the words of OpenStack's
// command-line tools (--os-… and OS_…). With nothing in it, the client talks to
// a development server on this machine, without logging in.
type Auth struct {
	// Cloud names an entry of clouds.yaml, which the other fields override.
	Cloud string
	// Type is password, token, v3password, v3token, v3applicationcredential,
	// none (no login) or admin_token (Token is used as it is,
	// at Endpoint). Empty: what the other fields suggest.
	Type string

	URL                          string // Keystone's
	Username, UserID, Password   string
	UserDomainName, UserDomainID string
	ProjectName, ProjectID       string
	ProjectDomainName            string
	ProjectDomainID              string
	Token                        string
	ApplicationCredentialID      string
	ApplicationCredentialName    string
	ApplicationCredentialSecret  string

	Region    string
	Interface string // public (default), internal or admin
	CACert    []byte // certificates of authorities, PEM; empty: those the host trusts
	Insecure  bool   // any certificate will do
	Endpoint  string // of the Functions API, in place of the catalog's
	Reauth    bool   // log in again whenever the token has ended; for what runs for long

	// Wrap, when not nil, is put around the transport of every request.
	Wrap func(http.RoundTripper) http.RoundTripper
}

// defaultDomain is the domain of users and projects when none is named, as
// with OpenStack's own tools.
const defaultDomain = "default"

// kind settles the type when it follows from the other fields.
func (a *Auth) kind() string {
	switch {
	case a.Type == "token_endpoint":
		return "admin_token"
	case a.Type != "" || a.Cloud != "" || a.URL != "":
		return a.Type
	case a.Token != "":
		return "admin_token"
	default:
		return "none"
	}
}

// options are what gophercloud logs in with.
func (a *Auth) options() (gophercloud.AuthOptions, gophercloud.EndpointOpts, *tls.Config, error) {
	if a.Cloud != "" {
		return a.fromCloud()
	}
	options := gophercloud.AuthOptions{
		IdentityEndpoint: a.URL, Username: a.Username, UserID: a.UserID, Password: a.Password,
		DomainID: a.UserDomainID, DomainName: a.UserDomainName, TokenID: a.Token,
		ApplicationCredentialID: a.ApplicationCredentialID, ApplicationCredentialName: a.ApplicationCredentialName,
		ApplicationCredentialSecret: a.ApplicationCredentialSecret, Scope: a.scope(),
	}
	options.AllowReauth = a.Reauth
	a.tokenOnly(&options)
	complete(&options)
	where := gophercloud.EndpointOpts{Region: a.Region, Availability: availability(a.Interface)}
	return options, where, nil, nil
}

func (a *Auth) fromCloud() (gophercloud.AuthOptions, gophercloud.EndpointOpts, *tls.Config, error) {
	given := []clouds.ParseOption{clouds.WithCloudName(a.Cloud)}
	for value, option := range map[*string]func(string) clouds.ParseOption{
		&a.URL: clouds.WithIdentityEndpoint, &a.Username: clouds.WithUsername, &a.UserID: clouds.WithUserID,
		&a.Password: clouds.WithPassword, &a.Token: clouds.WithToken,
		&a.UserDomainID: clouds.WithDomainID, &a.UserDomainName: clouds.WithDomainName,
		&a.ProjectID: clouds.WithProjectID, &a.ProjectName: clouds.WithProjectName,
		&a.ApplicationCredentialID:     clouds.WithApplicationCredentialID,
		&a.ApplicationCredentialName:   clouds.WithApplicationCredentialName,
		&a.ApplicationCredentialSecret: clouds.WithApplicationCredentialSecret,
		&a.Region:                      clouds.WithRegion, &a.Interface: clouds.WithEndpointType,
	} {
		if *value != "" {
			given = append(given, option(*value))
		}
	}
	options, where, tlsConfig, err := clouds.Parse(given...)
	a.tokenOnly(&options)
	complete(&options)
	return options, where, tlsConfig, err
}

// tokenOnly drops every other way to log in when a token was asked for, by name
// or by giving one: gophercloud prefers a password, so that a wrong token would
// pass unseen. The scope stays.
func (a *Auth) tokenOnly(options *gophercloud.AuthOptions) {
	switch a.Type {
	case "token", "v3token":
	case "":
		if a.Token == "" {
			return
		}
	default:
		options.TokenID = ""
		return
	}
	*options = gophercloud.AuthOptions{
		IdentityEndpoint: options.IdentityEndpoint, TokenID: options.TokenID, Scope: options.Scope,
	}
}

// complete fills in the default domain, and leaves out what Keystone refuses:
// an application credential brings its own project.
func complete(options *gophercloud.AuthOptions) {
	if options.ApplicationCredentialID != "" || options.ApplicationCredentialName != "" {
		options.Scope, options.TenantID, options.TenantName = nil, "", ""
	}
	named := options.Username != ""
	if named && options.DomainID == "" && options.DomainName == "" {
		options.DomainID = defaultDomain
	}
	if !named {
		options.DomainID, options.DomainName = "", ""
	}
	if s := options.Scope; s != nil && s.ProjectName != "" && s.DomainID == "" && s.DomainName == "" {
		s.DomainID = defaultDomain
	}
}

func (a *Auth) scope() *gophercloud.AuthScope {
	switch {
	case a.ProjectID != "":
		return &gophercloud.AuthScope{ProjectID: a.ProjectID}
	case a.ProjectName != "":
		return &gophercloud.AuthScope{ProjectName: a.ProjectName, DomainID: a.ProjectDomainID, DomainName: a.ProjectDomainName}
	}
	return nil
}

func availability(name string) gophercloud.Availability {
	return gophercloud.Availability(first(strings.TrimSuffix(name, "URL"), "public"))
}

func first(values ...string) string {
	for _, value := range values {
		if value != "" {
			return value
		}
	}
	return ""
}
