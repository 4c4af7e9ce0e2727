package api

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
)

// link points from an answer to another resource.
type link struct {
	Rel  string `json:"rel"`
	Href string `json:"href"`
}

// baseURL is where the client sees the service, without a slash at the end.
func (s *Server) baseURL(r *http.Request) string {
	if s.PublicEndpoint != "" {
		return s.PublicEndpoint
	}
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	if !s.TrustProxyHeaders {
		return scheme + r.Host
	}
	host, prefix := r.Host, strings.TrimRight(forwarded(r, "Prefix"), "/")
	if h := forwarded(r, "Host"); h != "" {
		host = h
	}
	if proto := forwarded(r, "Proto"); proto == "http" || proto == "https" {
		scheme = proto + "://"
	}
	return scheme + host + prefix
}

// forwarded is what the outermost proxy said.
func forwarded(r *http.Request, what string) string {
	first, _, _ := strings.Cut(r.Header.Get("X-Forwarded-"+what), ",")
	return strings.TrimSpace(first)
}

// replyList renders a page of a collection, with a link to the next one when last, the
// id of the last item, has more behind it.
func (s *Server) replyList(req *request, plural string, items any, last string) error {
	body := map[string]any{plural: items}
	if last != "" {
		next := url.Values{}
		maps.Copy(next, req.query)
		next.Set("marker", last)
		href := s.baseURL(req.Request) + req.URL.EscapedPath() + "?" + next.Encode()
		body[plural+"_links"] = []link{{Rel: "next", Href: href}}
	}
	return req.reply(http.StatusOK, body)
}

// replyCreated renders a new resource and says where it is.
func (s *Server) replyCreated(req *request, path string, body any) error {
	req.w.Header().Set("Location", s.baseURL(req.Request)+path)
	return req.reply(http.StatusCreated, body)
}
