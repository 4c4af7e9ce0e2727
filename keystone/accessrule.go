package keystone

import (
	"net/http"
	"regexp"
	"strings"
)

// accessRuleBody is one access rule of an application credential: a request
// its token may be used for. Source: Keystone's api-ref, "Application
// Credentials", and keystonemiddleware, whose matching is followed.
type accessRuleBody struct {
	Service string `json:"service"` // type in the catalog
	Method  string `json:"method"`
	Path    string `json:"path"` // with {name} or * for one part of a path, ** for anything
}

type accessRule struct {
	service, method string
	path            *regexp.Regexp
}

// wildcard finds what stands for something else in the path of a rule.
var wildcard = regexp.MustCompile(`\*\*|\*|\{[^}]*\}`)

func (b accessRuleBody) compile() (accessRule, error) {
	var pattern strings.Builder
	pattern.WriteString(`(?s)\A`)
	rest := b.Path
	for rest != "" {
		at := wildcard.FindStringIndex(rest)
		if at == nil {
			break
		}
		pattern.WriteString(regexp.QuoteMeta(rest[:at[0]]))
		if rest[at[0]:at[1]] == "**" {
			pattern.WriteString(`.*`)
		} else {
			pattern.WriteString(`[^/]+`)
		}
		rest = rest[at[1]:]
	}
	pattern.WriteString(regexp.QuoteMeta(rest) + `\z`)
	path, err := regexp.Compile(pattern.String())
	return accessRule{service: b.Service, method: b.Method, path: path}, err
}

// matches reports whether the rule is for a service of the type and for r.
func (a *accessRule) matches(serviceType string, r *http.Request) bool {
	return a.service == serviceType && a.method == r.Method && a.path.MatchString(r.URL.Path)
}
