package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Some of the values are the examples of RFC 7240.
func TestPrefersAsync(t *testing.T) {
	for value, want := range map[string]bool{
		"respond-async":                      true,
		"Respond-Async":                      true,
		"respond-async, wait=10":             true,
		"wait=10 , respond-async":            true,
		`respond-async=""`:                   true,
		"respond-async; foo=bar":             true,
		`foo; bar="a, b"; c, respond-async`:  true,
		`foo="\", respond-async"`:            false,
		`foo="respond-async", bar`:           false,
		`foo="unclosed, respond-async`:       false,
		"return=minimal; foo=respond-async":  false,
		"return=minimal; respond-async, x":   false,
		"respond-asynchronously":             false,
		"respond-async=never":                false,
		"":                                   false,
		",,;=":                               false,
		"handling=lenient,,respond-async ;;": true,
	} {
		assert.Equal(t, want, prefersAsync(http.Header{"Prefer": {value}}), value)
		assert.Equal(t, want, prefersAsync(http.Header{"Prefer": {"return=minimal", value}}), value)
	}
	assert.False(t, prefersAsync(http.Header{}))
}

func FuzzPrefersAsync(f *testing.F) {
	for _, seed := range []string{"respond-async", `a="b\"c", d;e=f`, `"`, `\`, ",", ";="} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if prefersAsync(http.Header{"Prefer": {value}}) {
			require.Contains(t, strings.ToLower(value), respondAsync)
			require.True(t, prefersAsync(http.Header{"Prefer": {value, "x"}}))
		}
		require.True(t, prefersAsync(http.Header{"Prefer": {respondAsync + ", " + value}}))
	})
}

func TestIdempotencyKeys(t *testing.T) {
	for _, good := range []string{"k", "8e03978e-40d5-43e8-bc93-6894a57f9324", `"a quoted string"`, strings.Repeat("x", 255)} {
		key, err := idempotencyKey(http.Header{"Idempotency-Key": {good}})
		require.NoError(t, err)
		assert.Equal(t, good, key)
	}
	for _, bad := range [][]string{{""}, {"é"}, {"tab\t"}, {"\x7f"}, {strings.Repeat("x", 256)}, {"a", "b"}} {
		_, err := idempotencyKey(http.Header{"Idempotency-Key": bad})
		assert.ErrorContains(t, err, "Idempotency-Key: must be 1 to 255 printable characters", "%q", bad)
	}
	key, err := idempotencyKey(http.Header{})
	require.NoError(t, err)
	assert.Empty(t, key)
}
