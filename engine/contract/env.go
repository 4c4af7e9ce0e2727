package contract

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/picasso-faas/picasso"
)

// environment returns the app's config, then the function's, then the
// platform's own names; the later wins. Sorted, so that equal functions have
// equal sandboxes.
func environment(fn *picasso.Function, platform []string) []string {
	merged := make(map[string]string, len(fn.AppConfig)+len(fn.Config)+len(platform))
	maps.Copy(merged, fn.AppConfig)
	maps.Copy(merged, fn.Config)
	for _, pair := range platform {
		name, value, _ := strings.Cut(pair, "=")
		merged[name] = value
	}
	env := make([]string, 0, len(merged))
	for name, value := range merged {
		env = append(env, name+"="+value)
	}
	slices.Sort(env)
	return env
}

// maxHeaderEnvBytes bounds the caller's headers in the environment of a
// contract stdio sandbox: the kernel limits environment and arguments together.
const maxHeaderEnvBytes = 32 << 10

// headerEnv returns the caller's header as HEADER_<NAME>, several values
// joined by a space. Credentials stay out, as does what does not fit.
func headerEnv(header http.Header) []string {
	var env []string
	room := maxHeaderEnvBytes
	for name, values := range header {
		switch name {
		case "Authorization", "Cookie", "Proxy-Authorization", "X-Auth-Token", "X-Service-Token", "X-Subject-Token":
			continue
		}
		if reserved(name) {
			continue
		}
		pair := "HEADER_" + envName(name) + "=" + strings.Join(values, " ")
		if strings.ContainsRune(pair, 0) || len(pair) > room {
			continue
		}
		room -= len(pair)
		env = append(env, pair)
	}
	return env
}

// envName turns the name of a header into one of an environment variable.
func envName(header string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		case 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
			return r
		}
		return '_'
	}, header)
}
