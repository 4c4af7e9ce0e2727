package keystone

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"

	"github.com/picasso-faas/picasso"
)

// notLoggedIn stands for the token of the service user until there is one.
// Reauthenticate lets one of many callers log in when they all name the token
// that did not do, which an empty one is not for it.
const notLoggedIn = "none"

// maxTokenBytes bounds Keystone's answer about one token.
const maxTokenBytes = 1 << 20

// errNoSuchToken is Keystone's answer for an unknown, expired or revoked token.
var errNoSuchToken = errors.New("keystone: no such token")

// client talks to Keystone as the service user. It logs in when it has to: at
// the first request and when Keystone no longer takes its token.
type client struct {
	config    *Config
	transport *http.Transport
	provider  *gophercloud.ProviderClient
	endpoint  atomic.Pointer[string] // that validates, with the trailing /v3/
}

func newClient(config *Config) (*client, error) {
	transport, err := newTransport(config)
	if err != nil {
		return nil, err
	}
	c := &client{config: config, transport: transport}
	if c.provider, err = c.newProvider(); err != nil {
		return nil, picasso.Errorf(picasso.CodeInvalid, "keystone_authtoken.auth_url: %v", err)
	}
	base := c.provider.IdentityBase + "v3/"
	c.endpoint.Store(&base)
	c.provider.SetToken(notLoggedIn)
	c.provider.ReauthFunc = c.login
	return c, nil
}

func newTransport(config *Config) (*http.Transport, error) {
	tlsConfig := &tls.Config{InsecureSkipVerify: config.Insecure} //nolint:gosec // the operator asked for it
	if config.CAFile != "" {
		tlsConfig.RootCAs = x509.NewCertPool()
		if !tlsConfig.RootCAs.AppendCertsFromPEM(config.CA) {
			return nil, picasso.Errorf(picasso.CodeInvalid, "keystone_authtoken.cafile: %s holds no PEM certificate", config.CAFile)
		}
	}
	return &http.Transport{
		TLSClientConfig:     tlsConfig,
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: maxValidations,
		// below the keep-alive time of Keystone's usual servers, so that a
		// request rarely meets a connection that is being closed
		IdleConnTimeout: 30 * time.Second,
	}, nil
}

func (c *client) newProvider() (*gophercloud.ProviderClient, error) {
	p, err := openstack.NewClient(c.config.AuthURL)
	if err != nil {
		return nil, err
	}
	p.UserAgent.Prepend("picasso")
	p.RetryFunc = c.retry
	p.HTTPClient = http.Client{
		Transport: c.transport,
		// a redirect would carry the tokens in our headers to wherever it leads
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return p, nil
}

// retry sends a request again, a little later each time, when Keystone could
// not be connected to. Any answer stands.
//
//nolint:revive // gophercloud chooses the parameters
func (c *client) retry(ctx context.Context, _, _ string, _ *gophercloud.RequestOpts, err error, failures uint) error {
	var failed *url.Error
	if !errors.As(err, &failed) || ctx.Err() != nil || failures > uint(c.config.HTTPRequestMaxRetries) {
		return err
	}
	select {
	case <-time.After(50 * time.Millisecond << min(failures-1, 5)):
		return nil
	case <-ctx.Done():
		return err
	}
}

// login gets a token for the service user.
func (c *client) login(ctx context.Context) error {
	// a client of its own: requests of c.provider wait while it logs in
	anonymous, err := c.newProvider()
	if err != nil {
		return err
	}
	identity, err := openstack.NewIdentityV3(anonymous, gophercloud.EndpointOpts{})
	if err != nil {
		return err
	}
	result := tokens.Create(ctx, identity, c.config.serviceUser())
	if result.Err != nil {
		return fmt.Errorf("service user cannot log in: %w", explain(result.Err))
	}
	if err := c.findEndpoint(result); err != nil {
		return err
	}
	return c.provider.SetTokenAndAuthResult(result)
}

// findEndpoint takes the endpoint that validates from the service catalog, if
// the configuration asks for it.
func (c *client) findEndpoint(login tokens.CreateResult) error {
	if c.config.Interface == "" {
		return nil
	}
	catalog, err := login.ExtractServiceCatalog()
	if err != nil {
		return err
	}
	for _, service := range catalog.Entries {
		for _, e := range service.Endpoints {
			if service.Type == "identity" && e.Interface == c.config.Interface &&
				(c.config.RegionName == "" || e.RegionID == c.config.RegionName || e.Region == c.config.RegionName) {
				base := strings.TrimSuffix(strings.TrimRight(e.URL, "/"), "/v3") + "/v3/"
				c.endpoint.Store(&base)
				return nil
			}
		}
	}
	return fmt.Errorf("the catalog has no identity endpoint with interface %q and region %q", c.config.Interface, c.config.RegionName)
}

// check logs in unless that is done.
func (c *client) check(ctx context.Context) error {
	if c.provider.Token() != notLoggedIn {
		return nil
	}
	if err := c.provider.Reauthenticate(ctx, notLoggedIn); err != nil {
		return unavailable(err)
	}
	return nil
}

// validate returns what Keystone says about a token. Errors: errNoSuchToken,
// unavailable (it does not answer, or does not let us ask).
func (c *client) validate(ctx context.Context, token string, allowExpired bool) ([]byte, error) {
	if err := c.check(ctx); err != nil {
		return nil, err
	}
	address := *c.endpoint.Load() + "auth/tokens?nocatalog"
	if allowExpired {
		address += "&allow_expired=1"
	}
	resp, err := c.provider.Request(ctx, http.MethodGet, address, &gophercloud.RequestOpts{
		MoreHeaders: map[string]string{
			"X-Subject-Token": token,
			// without it, Keystone denies tokens with access rules
			"OpenStack-Identity-Access-Rules": "1.0",
		},
		OkCodes:          []int{http.StatusOK, http.StatusNotFound},
		KeepResponseBody: true,
	})
	if err != nil {
		return nil, unavailable(explain(err))
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxTokenBytes))
	switch {
	case err != nil:
		return nil, unavailable(err)
	case resp.StatusCode == http.StatusNotFound:
		return nil, errNoSuchToken
	}
	return body, nil
}

// explain makes an error for the log out of gophercloud's: short, and without
// bodies of answers, which might hold what does not belong into a log.
func explain(err error) error {
	if relogin, ok := errors.AsType[*gophercloud.ErrUnableToReauthenticate](err); ok {
		return explain(relogin.ErrReauth)
	}
	if again, ok := errors.AsType[*gophercloud.ErrErrorAfterReauthentication](err); ok {
		return fmt.Errorf("with a fresh token of the service user: %w", explain(again.ErrOriginal))
	}
	if status, ok := errors.AsType[gophercloud.ErrUnexpectedResponseCode](err); ok {
		return fmt.Errorf("keystone answered %d to %s %s", status.Actual, status.Method, status.URL)
	}
	return err
}

// unavailable is what callers are told when Keystone cannot be asked.
func unavailable(cause error) *picasso.Error {
	return picasso.Errorf(picasso.CodeUnavailable, "the identity service cannot be asked now").WithRetryAfter(5 * time.Second).WithCause(cause)
}
