package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// tracer shows requests and answers, for --debug. Bodies are left out: they
// hold passwords, environments and the data of functions.
type tracer struct {
	next http.RoundTripper
	out  io.Writer
}

// RoundTrip implements http.RoundTripper.
func (t tracer) RoundTrip(r *http.Request) (*http.Response, error) {
	fmt.Fprintf(t.out, "REQ: %s %s%s\n", r.Method, r.URL.Redacted(), headers(r.Header))
	answer, err := t.next.RoundTrip(r)
	if err != nil {
		fmt.Fprintf(t.out, "RESP: %s\n", err)
		return nil, err
	}
	fmt.Fprintf(t.out, "RESP: [%d]%s\n", answer.StatusCode, headers(answer.Header))
	return answer, nil
}

// headers writes header fields; of secrets only a hash, by which two of them
// can be told apart.
func headers(h http.Header) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(h)) {
		value := strings.Join(h[name], ", ")
		if isSecret(name) {
			value = fmt.Sprintf("{SHA256}%x", sha256.Sum256([]byte(value)))
		}
		fmt.Fprintf(&b, " -H %q", name+": "+value)
	}
	return b.String()
}

func isSecret(header string) bool {
	header = strings.ToLower(header)
	return strings.HasSuffix(header, "token") || strings.Contains(header, "auth") || strings.Contains(header, "cookie")
}
