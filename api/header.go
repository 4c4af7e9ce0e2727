package api

import (
	"net/http"
	"strings"
)

// invokeHeader is what a function sees of the headers of an invoke.
func invokeHeader(h http.Header) http.Header {
	out := gatewayHeader(h)
	delete(out, "Authorization")
	delete(out, "Cookie")
	return out
}

// gatewayHeader is what a function sees of the headers of a request to its
// URL: all but the credentials of OpenStack, what is meant for one connection only,
// and the names of the platform. Values are shared with h and must not be changed.
func gatewayHeader(h http.Header) http.Header {
	out := make(http.Header, len(h))
	for name, values := range h {
		if seen := dashed(name); !isCredential(seen) && !isHopByHop(seen) && !isPlatform(seen) {
			out[name] = values
		}
	}
	for _, value := range h["Connection"] {
		for name := range strings.SplitSeq(value, ",") {
			out.Del(strings.TrimSpace(name))
		}
	}
	return out
}

// dashed is a name with '-' for '_', which are the same to functions that see
// headers as the variables of CGI (RFC 3875, 4.1.18).
func dashed(name string) string {
	if !strings.Contains(name, "_") {
		return name
	}
	return http.CanonicalHeaderKey(strings.ReplaceAll(name, "_", "-"))
}

// isCredential knows the tokens, and the identity headers that stand for them
// behind keystonemiddleware and with auth_strategy noauth. "Expect" is settled
// between client and server before the call.
func isCredential(name string) bool {
	switch name {
	case "X-Auth-Token", "X-Service-Token", "X-Subject-Token", "X-Storage-Token",
		"X-Project-Id", "X-Roles", "X-User-Id", "X-Identity-Status", "Expect":
		return true
	}
	return false
}
