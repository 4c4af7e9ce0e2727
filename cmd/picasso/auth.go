package main

import (
	"context"
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/picasso-faas/picasso/api/client"
)

// authOptions are the --os-* options. Each can come from the environment too:
// --os-auth-url from OS_AUTH_URL.
type authOptions struct {
	client.Auth
	caCert   string // file
	insecure bool
	flags    *pflag.FlagSet
}

// authOption is one of them.
type authOption struct {
	name, help string
	value      *string
}

func (o *authOptions) list() []authOption {
	return []authOption{
		{"os-cloud", "entry of clouds.yaml", &o.Cloud},
		{"os-auth-type", "password, token, v3applicationcredential, admin_token or none", &o.Type},
		{"os-auth-url", "URL of Keystone", &o.URL},
		{"os-username", "name of the user", &o.Username},
		{"os-user-id", "id of the user", &o.UserID},
		{"os-password", "password of the user", &o.Password},
		{"os-user-domain-name", "domain of the user, by name", &o.UserDomainName},
		{"os-user-domain-id", "domain of the user, by id", &o.UserDomainID},
		{"os-project-name", "name of the project", &o.ProjectName},
		{"os-project-id", "id of the project", &o.ProjectID},
		{"os-project-domain-name", "domain of the project, by name", &o.ProjectDomainName},
		{"os-project-domain-id", "domain of the project, by id", &o.ProjectDomainID},
		{"os-token", "token to use in place of a password", &o.Token},
		{"os-application-credential-id", "id of an application credential", &o.ApplicationCredentialID},
		{"os-application-credential-name", "name of an application credential", &o.ApplicationCredentialName},
		{"os-application-credential-secret", "secret of the application credential", &o.ApplicationCredentialSecret},
		{"os-region-name", "region of the service", &o.Region},
		{"os-interface", "endpoint in the catalog: public, internal or admin", &o.Interface},
		{"os-endpoint", "URL of the Functions API, in place of the catalog's", &o.Endpoint},
		{"os-cacert", "file with certificates of authorities", &o.caCert},
	}
}

func (o *authOptions) addFlags(flags *pflag.FlagSet) {
	o.flags = flags
	for _, option := range o.list() {
		flags.StringVar(option.value, option.name, "", option.help+" ("+variable(option.name)+")")
	}
	flags.BoolVar(&o.insecure, "insecure", false, "accept any certificate (OS_INSECURE)")
}

// variable is the name in the environment.
func variable(flag string) string { return strings.ToUpper(strings.ReplaceAll(flag, "-", "_")) }

// resolve fills in from the environment what the command line does not say.
// When a cloud is named, the environment only says where to find it: what it
// holds belongs to another login. A token wins over a password, and over an rc
// file that asks for one; only --os-auth-type says otherwise.
func (o *authOptions) resolve(env func(string) string) (client.Auth, error) {
	if o.Cloud == "" {
		o.Cloud = env("OS_CLOUD")
	}
	for _, option := range o.list() {
		isLogin := o.Cloud != "" && option.name != "os-cacert" && option.name != "os-token"
		if *option.value == "" && !isLogin {
			*option.value = env(variable(option.name))
		}
	}
	o.legacy(env)
	if o.Token != "" && !o.flags.Changed("os-auth-type") && strings.HasSuffix(o.Type, "password") {
		o.Type = "token"
	}
	insecure, _ := strconv.ParseBool(env("OS_INSECURE"))
	o.Insecure = o.insecure || insecure && !o.flags.Changed("insecure")
	if o.caCert != "" {
		pem, err := os.ReadFile(o.caCert)
		if err != nil {
			return o.Auth, err
		}
		o.CACert = pem
	}
	return o.Auth, nil
}

// isEmpty is whether neither options nor environment name a server or a login,
// after resolve.
func (o *authOptions) isEmpty() bool {
	for _, option := range o.list() {
		if *option.value != "" && option.name != "os-cacert" {
			return false
		}
	}
	return true
}

// legacy reads the older names that rc files still set, and those of the openstack client.
func (o *authOptions) legacy(env func(string) string) {
	if o.Endpoint == "" && o.Cloud == "" {
		o.Endpoint = env("OS_FUNCTIONS_ENDPOINT_OVERRIDE")
	}
	for name, value := range map[string]*string{
		"OS_TENANT_NAME": &o.ProjectName, "OS_TENANT_ID": &o.ProjectID,
		"OS_AUTH_TOKEN": &o.Token, "OS_URL": &o.Endpoint, "OS_ENDPOINT_TYPE": &o.Interface,
	} {
		if *value == "" && o.Cloud == "" {
			*value = env(name)
		}
	}
}

// connect logs in.
func (c *cli) connect(ctx context.Context) (*client.Client, error) {
	auth, err := c.auth.resolve(c.env)
	if err != nil {
		return nil, err
	}
	if c.debug {
		auth.Wrap = func(next http.RoundTripper) http.RoundTripper { return tracer{next, c.err} }
	}
	return client.Connect(ctx, auth)
}
