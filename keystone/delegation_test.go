package keystone_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/keystone"
	"github.com/picasso-faas/picasso/keystone/keystonetest"
)

// What functions are told of the cloud.
func TestWhatFunctionsAreTold(t *testing.T) {
	trustID := delegate(t, keystonetest.NewMember(t, "member"))
	base := keystonetest.Config(t)
	for name, c := range map[string]struct {
		config    func(*keystone.Config, *keystone.Delegation)
		authURL   string
		region    string
		endpoints []string
	}{
		"the region of the service": {
			func(c *keystone.Config, _ *keystone.Delegation) { c.RegionName = "RegionTwo" }, base.AuthURL, "RegionTwo", nil,
		},
		"a region for functions": {
			func(c *keystone.Config, d *keystone.Delegation) { c.RegionName, d.Region = "RegionTwo", "RegionOne" },
			base.AuthURL, "RegionOne", []string{"alarming", "object-store"},
		},
		"one service": {
			func(_ *keystone.Config, d *keystone.Delegation) { d.Services = []string{"object-store"} },
			base.AuthURL, "RegionOne", []string{"object-store"},
		},
		"the public URL": {
			func(c *keystone.Config, d *keystone.Delegation) {
				c.WWWAuthenticateURI, d.Services = "https://k.example/", nil
			},
			"https://k.example/v3", "RegionOne", nil,
		},
		"a URL for functions": {
			func(c *keystone.Config, d *keystone.Delegation) {
				c.WWWAuthenticateURI, d.AuthURL, d.Services = "https://k.example/", "https://f.example/identity/v3/", nil
			},
			"https://f.example/identity/v3", "RegionOne", nil,
		},
	} {
		config, delegation := base, keystone.DefaultDelegation()
		c.config(&config, &delegation)
		d, err := keystone.NewDelegator(config, delegation)
		require.NoError(t, err, name)
		got, err := d.Credentials(t.Context(), trustID, callTime)
		require.NoError(t, err, name)
		assert.Equal(t, c.authURL, got.AuthURL, name)
		assert.Equal(t, c.region, got.Region, name)
		var types []string
		for service := range got.Endpoints {
			types = append(types, service)
		}
		assert.ElementsMatch(t, c.endpoints, types, name)
	}
}

func TestDelegationValidate(t *testing.T) {
	for want, change := range map[string]func(*keystone.Delegation){
		"":                          func(*keystone.Delegation) {},
		"delegation.trigger_roles:": func(d *keystone.Delegation) { d.TriggerRoles = nil },
		"delegation.trigger_roles: must not": func(d *keystone.Delegation) {
			d.TriggerRoles = []string{"member", ""}
		},
		"delegation.services:":      func(d *keystone.Delegation) { d.Services = []string{"object-store", "Object Store"} },
		"delegation.services: must": func(d *keystone.Delegation) { d.Services = []string{""} },
		"delegation.auth_url:":      func(d *keystone.Delegation) { d.AuthURL = "keystone:5000" },
	} {
		d := keystone.DefaultDelegation()
		change(&d)
		_, err := keystone.NewDelegator(keystonetest.Config(t), d)
		if want == "" {
			assert.NoError(t, err)
			continue
		}
		assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err))
		assert.ErrorContains(t, err, want)
	}
}
