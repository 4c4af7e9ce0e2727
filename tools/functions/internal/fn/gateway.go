package fn

import (
	"maps"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
)

const (
	headerPrefix = "Fn-Http-H-"
	statusHeader = "Fn-Http-Status"
)

// gateway translates between the contract fn and plain HTTP. The status of
// the HTTP answer tells the engine how the function's server is, so it stays
// 200; the function's own status travels in a header.
func gateway(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		isGateway := r.Header.Get("Fn-Intent") == "httprequest"
		if isGateway {
			unwrap(r)
		}
		a := &answer{ResponseWriter: w, isGateway: isGateway}
		h.ServeHTTP(a, r)
		a.WriteHeader(http.StatusOK) // for a handler that wrote nothing
	})
}

// unwrap gives the request the method, URL and headers of the caller, and
// leaves it those of the platform, which no caller can set.
func unwrap(r *http.Request) {
	r.Method = r.Header.Get("Fn-Http-Method")
	if u, err := url.Parse(r.Header.Get("Fn-Http-Request-Url")); err == nil {
		r.URL, r.Host = u, u.Host
	}
	plain := http.Header{}
	for name, values := range r.Header {
		if original, ok := strings.CutPrefix(name, headerPrefix); ok {
			plain[textproto.CanonicalMIMEHeaderKey(original)] = values
		}
		if strings.HasPrefix(name, "Picasso-") {
			plain[name] = values
		}
	}
	if t := r.Header.Get("Content-Type"); t != "" {
		plain.Set("Content-Type", t)
	}
	r.Header = plain
}

// answer is the ResponseWriter that handlers see.
type answer struct {
	http.ResponseWriter
	isGateway bool
	isWritten bool
}

// Unwrap lets http.ResponseController find what is beneath.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader sends the status as the contract wants it.
func (a *answer) WriteHeader(status int) {
	if a.isWritten {
		return
	}
	a.isWritten = true
	h := a.Header()
	if a.isGateway {
		wrap(h)
	}
	h.Set(statusHeader, strconv.Itoa(status))
	a.ResponseWriter.WriteHeader(http.StatusOK)
}

// wrap marks the function's own headers for the caller; those that describe
// the message stay as they are.
func wrap(h http.Header) {
	for name, values := range maps.Clone(h) { // h changes meanwhile
		if name == "Content-Type" || name == "Content-Length" {
			continue
		}
		delete(h, name)
		h[headerPrefix+name] = values
	}
}

// Write sends a part of the body, after the status.
func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.ResponseWriter.Write(p)
}
