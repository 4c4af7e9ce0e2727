package keystone_test

import (
	"encoding/pem"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/keystone"
	"github.com/picasso-faas/picasso/keystone/keystonetest"
)

func complete() keystone.Config {
	config := keystone.DefaultConfig()
	config.AuthURL, config.Username, config.Password = "http://controller:5000", "functions", "secret"
	return config
}

func TestConfigValidate(t *testing.T) {
	config := complete()
	require.NoError(t, config.Validate())
	for option, spoil := range map[string]func(*keystone.Config){
		"auth_type":                func(c *keystone.Config) { c.AuthType = "v3kerberos" },
		"auth_url":                 func(c *keystone.Config) { c.AuthURL = "controller:5000" },
		"www_authenticate_uri":     func(c *keystone.Config) { c.WWWAuthenticateURI = `http://x/" evil="` },
		"username":                 func(c *keystone.Config) { c.Username = "" },
		"password":                 func(c *keystone.Config) { c.Password = "" },
		"project_name":             func(c *keystone.Config) { c.ProjectName = "" },
		"interface":                func(c *keystone.Config) { c.Interface = "publicURL" },
		"http_connect_timeout":     func(c *keystone.Config) { c.HTTPConnectTimeout = 0 },
		"http_request_max_retries": func(c *keystone.Config) { c.HTTPRequestMaxRetries = -1 },
		"service_token_roles":      func(c *keystone.Config) { c.ServiceTokenRoles = nil },
		"service_type":             func(c *keystone.Config) { c.ServiceType = "" },
		"cafile":                   func(c *keystone.Config) { c.CAFile, c.CA = "ca.pem", []byte("no certificate") },
	} {
		config := complete()
		spoil(&config)
		_, err := keystone.New(config)
		assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err), option)
		assert.ErrorContains(t, err, "keystone_authtoken."+option+":")
	}
	config.Username, config.UserID = "", "u"
	config.ProjectName, config.ProjectID = "", "p"
	assert.NoError(t, config.Validate(), "ids do as well")
}

// The sample of picasso.conf is made from these tags.
func TestConfigExplained(t *testing.T) {
	for _, field := range reflect.VisibleFields(reflect.TypeFor[keystone.Config]()) {
		if name := field.Tag.Get("ini"); name != "-" {
			assert.NotEmpty(t, name, field.Name)
			assert.True(t, strings.HasSuffix(field.Tag.Get("help"), "."), field.Name)
		}
	}
}

// The service user and its project may be named by ids.
func TestServiceUserByID(t *testing.T) {
	config := keystonetest.Config(t)
	id, err := newAuthenticator(t, config).Authenticate(request(keystonetest.Token(t, "service-functions")))
	require.NoError(t, err)
	config.Username, config.UserID = "", id.UserID
	config.ProjectName, config.ProjectID = "", id.ProjectID
	assert.NoError(t, newAuthenticator(t, config).Check(t.Context()))
	config.UserID, config.Username = "", id.UserName
	config.UserDomainName, config.UserDomainID = "", "default"
	config.ProjectID, config.ProjectName = "", id.ProjectName
	config.ProjectDomainName, config.ProjectDomainID = "ignored beside an id", "default"
	assert.NoError(t, newAuthenticator(t, config).Check(t.Context()))
}

func TestTLS(t *testing.T) {
	p, config := newProxy(t)
	server := httptest.NewTLSServer(p)
	t.Cleanup(server.Close)
	config.AuthURL, config.HTTPConnectTimeout = server.URL, 30*time.Second
	config.HTTPRequestMaxRetries = 0
	err := newAuthenticator(t, config).Check(t.Context())
	assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(err), "an unknown authority")
	assert.ErrorContains(t, err, "certificate")

	trusting := config
	trusting.CAFile = "ca.pem"
	trusting.CA = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	_, err = newAuthenticator(t, trusting).Authenticate(request(keystonetest.Token(t, "alpha")))
	assert.NoError(t, err)
	config.Insecure = true
	assert.NoError(t, newAuthenticator(t, config).Check(t.Context()))
}
