package keystone

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/picasso-faas/picasso"
)

// grant is what a valid token gives.
type grant struct {
	identity picasso.Identity
	// unscoped is true for a token without a scope or with a domain's: it says
	// who somebody is, but gives them nothing to work in.
	unscoped bool
	// restricted is true for the token of an application credential with
	// access rules, even when there are none.
	restricted bool
	rules      []accessRule
}

// allows reports whether the access rules of the token, if it has any, let r
// through to a service of the type.
func (g *grant) allows(serviceType string, r *http.Request) bool {
	if !g.restricted {
		return true
	}
	for i := range g.rules {
		if g.rules[i].matches(serviceType, r) {
			return true
		}
	}
	return false
}

// tokenBody is the part that matters of what GET /v3/auth/tokens answers.
type tokenBody struct {
	Token *struct {
		User      named   `json:"user"`
		Project   named   `json:"project"`
		IsDomain  bool    `json:"is_domain"` // the project is one that stands for a domain
		Roles     []named `json:"roles"`
		ExpiresAt string  `json:"expires_at"`
		System    struct {
			All bool `json:"all"`
		} `json:"system"`
		ApplicationCredential struct {
			AccessRules *[]accessRuleBody `json:"access_rules"`
		} `json:"application_credential"`
	} `json:"token"`
}

type named struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Domain struct {
		ID string `json:"id"`
	} `json:"domain"`
}

// parseGrant reads Keystone's answer about a valid token.
func parseGrant(data []byte) (*grant, error) {
	var body tokenBody
	if err := json.Unmarshal(data, &body); err != nil {
		return nil, fmt.Errorf("keystone's answer about a token: %w", err)
	}
	t := body.Token
	if t == nil || t.User.ID == "" {
		return nil, errors.New("keystone's answer about a token lacks the user")
	}
	expiresAt, err := parseTime(t.ExpiresAt)
	if err != nil {
		return nil, fmt.Errorf("keystone's answer about a token: expires_at: %w", err)
	}
	g := &grant{
		identity: picasso.Identity{
			UserID: t.User.ID, UserName: t.User.Name, UserDomainID: t.User.Domain.ID,
			SystemScope: t.System.All, ExpiresAt: expiresAt,
		},
		unscoped: !t.System.All && (t.Project.ID == "" || t.IsDomain),
	}
	if !g.unscoped && !t.System.All {
		g.identity.ProjectID, g.identity.ProjectName, g.identity.ProjectDomainID = t.Project.ID, t.Project.Name, t.Project.Domain.ID
	}
	for _, role := range t.Roles {
		g.identity.Roles = append(g.identity.Roles, role.Name)
	}
	if rules := t.ApplicationCredential.AccessRules; rules != nil {
		g.restricted = true
		for _, rule := range *rules {
			compiled, err := rule.compile()
			if err != nil {
				return nil, fmt.Errorf("keystone's answer about a token: access rule: %w", err)
			}
			g.rules = append(g.rules, compiled)
		}
	}
	return g, nil
}

// parseTime reads a time of Keystone's. The end of a token that ends with its
// application credential comes without the "Z", as 2026-11-22T16:43:24.
func parseTime(s string) (time.Time, error) {
	return time.Parse("2006-01-02T15:04:05", strings.TrimSuffix(s, "Z"))
}
