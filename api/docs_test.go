package api_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	reference = regexp.MustCompile(`(?:src|href|spec-url)="([^"]*)"`)
	elsewhere = regexp.MustCompile(`(?i)(?:https?:)?//`)
)

// TestTheDocsAreServedFromHere follows all that the page refers to: each is served, and is of this
// server. The policy keeps browsers from anything else.
func TestTheDocsAreServedFromHere(t *testing.T) {
	k := setup(t)
	page := k.Do("GET", "/docs", "")
	require.Equal(t, 200, page.StatusCode)
	assert.Equal(t, "text/html; charset=utf-8", page.Header.Get("Content-Type"))
	assert.Equal(t, "nosniff", page.Header.Get("X-Content-Type-Options"))
	policy := page.Header.Get("Content-Security-Policy")
	assert.Contains(t, policy, "default-src 'none'; script-src 'self';")
	assert.NotRegexp(t, elsewhere, policy)
	assert.NotContains(t, policy, "*")
	assert.NotRegexp(t, elsewhere, page.Text)
	served := 0
	for _, found := range reference.FindAllStringSubmatch(page.Text, -1) {
		if strings.HasPrefix(found[1], "data:") {
			continue
		}
		assert.Equal(t, 200, k.Do("GET", "/"+found[1], "").StatusCode, found[1]) // relative to /docs
		served++
	}
	assert.GreaterOrEqual(t, served, 3)
	css := k.Do("GET", "/docs/page.css", "")
	assert.NotRegexp(t, elsewhere, css.Text)
	assert.Contains(t, k.Do("GET", "/docs/redoc.LICENSE", "").Text, "The MIT License")
	assert.Equal(t, "no_route", errorCode(t, k.Do("GET", "/docs/docs.go", "")))
	assert.Equal(t, "no_route", errorCode(t, k.Do("GET", "/docs/..%2Fopenapi.yaml", "")))
}

// The viewer goes out as it is kept, compressed, and to who does not take that as text. What it
// would load by itself is none of its addresses: those are links, names and comments.
func TestTheViewer(t *testing.T) {
	k := setup(t)
	k.HTTP.Transport.(*checkingTransport).next.(*http.Transport).DisableCompression = true
	plain := k.Do("GET", "/docs/redoc.js", "")
	assert.Empty(t, plain.Header.Get("Content-Encoding"))
	packed := k.Do("GET", "/docs/redoc.js", "", "Accept-Encoding", "gzip, deflate, br")
	assert.Equal(t, "gzip", packed.Header.Get("Content-Encoding"))
	assert.Equal(t, "Accept-Encoding", packed.Header.Get("Vary"))
	assert.Less(t, len(packed.Text), 400<<10)
	r, err := gzip.NewReader(strings.NewReader(packed.Text))
	require.NoError(t, err)
	text, err := io.ReadAll(r)
	require.NoError(t, err)
	assert.True(t, plain.Text == string(text))
	for _, loads := range []string{`src:"http`, `url(http`, `url("http`, `importScripts("http`, `fetch("http`, "sourceMappingURL=redoc", "cdn."} {
		assert.False(t, strings.Contains(plain.Text, loads), loads)
	}
}
