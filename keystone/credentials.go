package keystone

import (
	"errors"
	"slices"
	"strings"

	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"

	"github.com/picasso-faas/picasso"
)

// read makes credentials out of Keystone's answer.
func (d *Delegator) read(result tokens.CreateResult) (*picasso.Credentials, error) {
	token, err1 := result.ExtractToken()
	user, err2 := result.ExtractUser()
	project, err3 := result.ExtractProject()
	catalog, err4 := result.ExtractServiceCatalog()
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return nil, err
	}
	if user == nil || project == nil {
		return nil, errors.New("it lacks the user or the project")
	}
	region := d.region(catalog)
	return &picasso.Credentials{
		Token: token.ID, ExpiresAt: token.ExpiresAt, AuthURL: d.authURL(),
		ProjectID: project.ID, UserID: user.ID,
		Region: region, Endpoints: d.endpoints(catalog, region),
	}, nil
}

func (d *Delegator) authURL() string {
	base := d.config.AuthURL
	for _, s := range []string{d.delegation.AuthURL, d.config.WWWAuthenticateURI} {
		if s != "" {
			base = s
			break
		}
	}
	return strings.TrimSuffix(strings.TrimRight(base, "/"), "/v3") + "/v3"
}

// region is where functions are told the endpoints of.
func (d *Delegator) region(catalog *tokens.ServiceCatalog) string {
	if d.delegation.Region != "" {
		return d.delegation.Region
	}
	if d.config.RegionName != "" {
		return d.config.RegionName
	}
	for _, service := range catalog.Entries {
		for _, e := range service.Endpoints {
			return e.RegionID
		}
	}
	return ""
}

// endpoints are the public URLs of a region by service type.
func (d *Delegator) endpoints(catalog *tokens.ServiceCatalog, region string) map[string]string {
	urls := map[string]string{}
	for _, service := range catalog.Entries {
		if !slices.Contains(d.delegation.Services, service.Type) {
			continue
		}
		for _, e := range service.Endpoints {
			if e.Interface == "public" && (e.RegionID == region || e.Region == region) && urls[service.Type] == "" {
				urls[service.Type] = e.URL
			}
		}
	}
	return urls
}
