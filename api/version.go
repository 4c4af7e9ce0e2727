package api

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// The microversions of the API; the oldest and the newest are the same today.
const (
	serviceType    = "functions"
	serviceAlias   = "function" // also accepted in the header
	currentVersion = "2.0"
	versionUpdated = "2026-11-22T00:00:00Z"
)

// versionInfo is one API version as keystoneauth discovers it (API-SIG, "version discovery").
type versionInfo struct {
	ID         string `json:"id"`
	Status     string `json:"status"`
	MinVersion string `json:"min_version"`
	MaxVersion string `json:"max_version"`
	Version    string `json:"version"`
	Updated    string `json:"updated"`
	Links      []link `json:"links"`
}

func (s *Server) version2(req *request) versionInfo {
	return versionInfo{
		ID: "v2.0", Status: "CURRENT", Updated: versionUpdated,
		MinVersion: currentVersion, MaxVersion: currentVersion, Version: currentVersion,
		Links: []link{{Rel: "self", Href: s.baseURL(req.Request) + "/v2/"}},
	}
}

// version1 is the first API, which has no microversions.
func (s *Server) version1(req *request) versionInfo {
	return versionInfo{
		ID: "v1.0", Status: "SUPPORTED", Updated: versionUpdated,
		Links: []link{{Rel: "self", Href: s.baseURL(req.Request) + "/v1/"}},
	}
}

func (s *Server) listVersions(req *request) error {
	return req.reply(http.StatusOK, map[string]any{"versions": []versionInfo{s.version2(req), s.version1(req)}})
}

func (s *Server) showVersion1(req *request) error {
	version := s.version1(req)
	version.Links = append(version.Links, link{Rel: "collection", Href: s.baseURL(req.Request) + "/"})
	return req.reply(http.StatusOK, map[string]any{"version": version})
}

func (s *Server) showVersion(req *request) error {
	version := s.version2(req)
	version.Links = append(version.Links,
		link{Rel: "collection", Href: s.baseURL(req.Request) + "/"},
		link{Rel: "describedby", Href: s.baseURL(req.Request) + "/v2/openapi.json"})
	return req.reply(http.StatusOK, map[string]any{"version": version})
}

var versionShape = regexp.MustCompile(`^[1-9]\d*\.(0|[1-9]\d*)$`)

// negotiate checks the microversion that the request asks for (API-SIG,
// "microversion specification"). Errors: invalid, not_acceptable.
func negotiate(h http.Header) error {
	asked := askedVersions(h[headerVersion])
	switch {
	case len(asked) == 0, len(asked) == 1 && asked[0] == "latest":
		return nil
	case len(asked) > 1:
		return invalid("OpenStack-API-Version: names %s more than once", serviceType)
	case !versionShape.MatchString(asked[0]):
		return invalid("OpenStack-API-Version: must be like %q", serviceType+" "+currentVersion)
	case asked[0] != currentVersion:
		return newError(codeNotAcceptable, "OpenStack-API-Version: must be from "+currentVersion+" to "+currentVersion)
	}
	return nil
}

// askedVersions is what the header says about this service; several headers
// count as one with commas, and other services are none of our business.
func askedVersions(values []string) (asked []string) {
	for _, value := range values {
		for item := range strings.SplitSeq(value, ",") {
			words := strings.Fields(item)
			if len(words) > 0 && slices.Contains([]string{serviceType, serviceAlias}, words[0]) {
				asked = append(asked, strings.Join(words[1:], " "))
			}
		}
	}
	return asked
}
