package contract

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/picasso-faas/picasso/engine/h1"
)

// delegated adds what the function acts as its project with to a request of the
// contracts over HTTP. It is the call's alone: nothing of it is in the
// environment of a sandbox that serves other calls, too. What cannot be the
// value of a field, as a URL with a line break in it, is left out.
func delegated(req *h1.Request, call *Call) {
	c := call.Credentials
	if c == nil {
		return
	}
	add := func(name, value string) {
		if value != "" {
			req.Add("Picasso-"+name, value)
		}
	}
	add("Token", c.Token)
	add("Auth-Url", c.AuthURL)
	add("Project-Id", c.ProjectID)
	add("Region", c.Region)
	add("Depth", nextDepth(call))
	for kind, url := range c.Endpoints {
		add(http.CanonicalHeaderKey("Endpoint-"+kind), url)
	}
}

// delegatedEnv is the same for the environment of a sandbox that serves this
// one call. The names are those that OpenStack's clients read: keystoneauth's,
// and for Swift those of python-swiftclient.
func delegatedEnv(call *Call) []string {
	c := call.Credentials
	if c == nil {
		return nil
	}
	var env []string
	add := func(name, value string) {
		if value != "" && !strings.ContainsRune(value, 0) {
			env = append(env, name+"="+value)
		}
	}
	add("OS_TOKEN", c.Token)
	add("OS_AUTH_URL", c.AuthURL)
	add("OS_PROJECT_ID", c.ProjectID)
	add("OS_REGION_NAME", c.Region)
	add("PICASSO_DEPTH", nextDepth(call))
	for kind, url := range c.Endpoints {
		add("OS_"+envName(kind)+"_ENDPOINT_OVERRIDE", url)
	}
	if url := c.Endpoints["object-store"]; url != "" {
		add("OS_STORAGE_URL", url)
		add("OS_AUTH_TOKEN", c.Token)
	}
	return env
}

// nextDepth is the depth of what the function causes as its project. It says so
// of the objects it writes, by X-Object-Meta-Picasso-Depth, so that a chain of
// events comes to its end (picasso.MaxDepth).
func nextDepth(call *Call) string { return strconv.Itoa(call.Depth + 1) }

// reserved reports whether a field of a caller's header has a name of the
// platform, whose word counts; also as a function sees it that reads headers as
// the variables of CGI, or through an FDK in its HTTP mode, which a caller can ask for.
func reserved(name string) bool {
	name = strings.TrimPrefix(name, gatewayPrefix)
	return strings.HasPrefix(name, "Picasso-") || strings.HasPrefix(name, "Picasso_")
}
