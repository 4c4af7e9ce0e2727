package api

import (
	"net/http"
	"strings"

	"github.com/picasso-faas/picasso"
)

// gateway serves the function URL /f/{id}[/rest]: the function sees the request
// of the caller, and the caller its answer. A public function needs no token and
// takes no notice of one. A private function and an id that nobody has answer
// alike to whoever has no token.
func (s *Server) gateway(req *request) error {
	id, path, ok := cutFunctionURL(rawTarget(req.Request))
	if !ok {
		return newError(codeNoRoute, "there is no such path")
	}
	fn, err := s.functionByID(req, id)
	if err != nil && picasso.CodeOf(err) != picasso.CodeNotFound {
		return err
	}
	if err != nil || !fn.Public {
		access, denied := s.enter(req)
		switch {
		case denied != nil:
			return denied
		case err != nil:
			return err
		case !access.Admits(fn.ProjectID):
			return notFound("function", id)
		}
	}
	return s.call(req, &picasso.Call{
		Function: fn,
		Method:   req.Method,
		Path:     path,
		Header:   gatewayHeader(req.Header),
		Gateway:  true,
	})
}

// functionByID finds a function of any project. Names are nobody's in particular.
func (s *Server) functionByID(req *request, id string) (*picasso.Function, error) {
	if !picasso.IsID(id) {
		return nil, notFound("function", id)
	}
	return s.functions.Get(req.Context(), "", id)
}

// rawTarget is path and query exactly as the client sent them. URL.String
// would rewrite some of it, such as "%7E" and empty queries.
func rawTarget(r *http.Request) string {
	target := r.RequestURI
	if strings.HasPrefix(target, "/") {
		return target
	}
	if _, rest, ok := strings.Cut(target, "://"); ok { // absolute form, RFC 9112, 3.2.2
		if i := strings.IndexAny(rest, "/?"); i >= 0 {
			return rest[i:]
		}
	}
	return "/"
}

// cutFunctionURL splits "/f/{id}/rest?query" into the id and "/rest?query".
func cutFunctionURL(target string) (id, path string, ok bool) {
	rest, ok := strings.CutPrefix(target, "/f/")
	if !ok {
		return "", "", false
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		return rest, "/", true
	}
	if rest[end] == '?' {
		return rest[:end], "/" + rest[end:], true
	}
	return rest[:end], rest[end:], true
}
