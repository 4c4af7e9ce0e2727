package main

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConfig(t *testing.T) {
	env := map[string]string{}
	c, err := newConfig(func(name string) string { return env[name] })
	require.NoError(t, err)
	assert.Equal(t, []any{256, "thumbnails", 128}, []any{c.size, c.container, c.memoryMB})

	env = map[string]string{"THUMBNAIL_SIZE": "64", "THUMBNAIL_CONTAINER": "small", "FN_MEMORY": "512"}
	c, err = newConfig(func(name string) string { return env[name] })
	require.NoError(t, err)
	assert.Equal(t, []any{64, "small", 512}, []any{c.size, c.container, c.memoryMB})

	for name, values := range map[string][]string{
		"THUMBNAIL_SIZE": {"x", "15", "2049"}, "THUMBNAIL_CONTAINER": {"a/b", strings.Repeat("a", 257)},
		"FN_MEMORY": {"much"}, "THUMBNAIL_CA": {"not PEM"},
	} {
		for _, value := range values {
			_, err := newConfig(func(n string) string { return map[string]string{name: value}[n] })
			require.ErrorContains(t, err, name+": ", value)
		}
	}
}

// An image from scratch trusts nobody but those it is told of.
func TestCA(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	for certificates, isTrusted := range map[string]bool{"": false, string(ca): true} {
		client, err := newClient(certificates)
		require.NoError(t, err)
		answer, err := client.Get(server.URL)
		if err == nil {
			_ = answer.Body.Close()
		}
		assert.Equal(t, isTrusted, err == nil, "%v", err)
	}
}
