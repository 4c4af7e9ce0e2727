package api

import (
	"net/http"
	"slices"
	"strings"

	"github.com/picasso-faas/picasso/api/docs"
)

func (s *Server) showDocs(req *request) error {
	h := req.w.Header()
	h.Set("Content-Security-Policy", docs.Policy)
	h.Set("Referrer-Policy", "no-referrer")
	return sendDocs(req, docs.Index)
}

func (s *Server) showDocsFile(req *request) error { return sendDocs(req, req.vars["file"]) }

func sendDocs(req *request, name string) error {
	file, ok := docs.Open(name)
	if !ok {
		return newError(codeNoRoute, "there is no such path")
	}
	h := req.w.Header()
	h.Set("Cache-Control", "max-age=3600")
	if file.Gzip() != nil {
		h.Set("Vary", "Accept-Encoding")
		if takesGzip(req.Header) {
			h.Set("Content-Encoding", "gzip")
			return req.send(http.StatusOK, file.Type, file.Gzip())
		}
	}
	text, err := file.Text()
	if err != nil {
		return err
	}
	return req.send(http.StatusOK, file.Type, text)
}

// takesGzip is whether the client says so in plain words; who weighs one encoding against
// another gets the text.
func takesGzip(h http.Header) bool {
	return slices.ContainsFunc(strings.Split(h.Get("Accept-Encoding"), ","), func(word string) bool {
		return strings.TrimSpace(word) == "gzip"
	})
}
