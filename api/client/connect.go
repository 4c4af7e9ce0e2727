package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
)

// connectTimeout bounds the making of a connection, not the requests on it.
const connectTimeout = 30 * time.Second

// Connect logs in and finds the API. Errors: gophercloud's, or what is missing.
func Connect(ctx context.Context, auth Auth) (*Client, error) {
	auth.Type = auth.kind()
	switch auth.Type {
	case "none", "admin_token":
		return auth.direct()
	case "", "password", "token", "v3password", "v3token", "v3applicationcredential":
		return auth.login(ctx)
	}
	return nil, fmt.Errorf("auth type %q is not supported: use password, token, v3applicationcredential, admin_token or none", auth.Type)
}

// direct goes to the endpoint without Keystone.
func (a *Auth) direct() (*Client, error) {
	if a.Endpoint == "" {
		if a.Type != "none" {
			return nil, errors.New("auth type admin_token needs an endpoint (--os-endpoint)")
		}
		a.Endpoint = DevelopmentEndpoint
	}
	transport, err := a.transport(nil)
	if err != nil {
		return nil, err
	}
	provider := &gophercloud.ProviderClient{HTTPClient: http.Client{Transport: transport}}
	if a.Type == "admin_token" {
		provider.SetToken(a.Token)
	}
	client := newClient(provider, a.Endpoint)
	if project := first(a.ProjectID, a.ProjectName); a.Type == "none" && project != "" {
		client.MoreHeaders = map[string]string{"X-Project-Id": project} // what auth_strategy noauth goes by
	}
	return client, nil
}

func (a *Auth) login(ctx context.Context) (*Client, error) {
	options, where, tlsConfig, err := a.options()
	if err != nil {
		return nil, err
	}
	if options.IdentityEndpoint == "" {
		return nil, errors.New("the URL of Keystone is missing (--os-auth-url, OS_AUTH_URL or clouds.yaml)")
	}
	if options.TokenID == "" && strings.HasSuffix(a.Type, "token") {
		return nil, fmt.Errorf("auth type %s needs a token (--os-token)", a.Type)
	}
	provider, err := openstack.NewClient(options.IdentityEndpoint)
	if err != nil {
		return nil, err
	}
	transport, err := a.transport(tlsConfig)
	if err != nil {
		return nil, err
	}
	provider.HTTPClient = http.Client{Transport: transport}
	if err := openstack.Authenticate(ctx, provider, options); err != nil {
		return nil, loginError(err, options.TokenID != "")
	}
	if a.Endpoint != "" {
		return newClient(provider, a.Endpoint), nil
	}
	return New(provider, where)
}

// loginError gives Keystone's own words where there are some. Of a token that
// it does not know, it says in a 404 that it cannot read it.
func loginError(err error, byToken bool) error {
	var unexpected gophercloud.ErrUnexpectedResponseCode
	if !errors.As(err, &unexpected) {
		return err
	}
	e := newError(unexpected.Actual, unexpected.ResponseHeader, nil)
	e.Detail = keystoneMessage(unexpected.Body)
	unknown := e.Status == http.StatusNotFound && e.Detail != "" || e.Status == http.StatusUnauthorized
	if byToken && unknown {
		e.Status, e.Title, e.Detail = http.StatusUnauthorized, http.StatusText(http.StatusUnauthorized), "the token is not valid"
	}
	return e
}

// keystoneMessage is the message of Keystone's error document, "" without one.
func keystoneMessage(body []byte) string {
	var document struct{ Error struct{ Message string } }
	if json.Unmarshal(body, &document) != nil {
		return ""
	}
	return document.Error.Message
}

// transport is made for one host and long answers: no timeout but of the
// connection. config is what clouds.yaml says, nil without one.
func (a *Auth) transport(config *tls.Config) (http.RoundTripper, error) {
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	config.InsecureSkipVerify = config.InsecureSkipVerify || a.Insecure
	if len(a.CACert) > 0 {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(a.CACert) {
			return nil, errors.New("no certificate among those of the authorities")
		}
	}
	dialer := &net.Dialer{Timeout: connectTimeout}
	var transport http.RoundTripper = &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext,
		TLSClientConfig: config, TLSHandshakeTimeout: connectTimeout, ForceAttemptHTTP2: true,
	}
	if a.Wrap != nil {
		transport = a.Wrap(transport)
	}
	return transport, nil
}
