package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCredentialsAreShownByTheirHash(t *testing.T) {
	const hash = "3c469e9d6c5875d37a43f353d4f88e61fcf812c66eee3457465a40b0da4153e0" // of "token"
	r := httptest.NewRequest(http.MethodPost, "/?do=credentials", nil)
	for name, value := range map[string]string{
		"Token": "token", "Auth-Url": "http://keystone/v3", "Project-Id": "p", "Region": "R", "Depth": "2", "Endpoint-Object-Store": "http://swift",
	} {
		r.Header.Set("Picasso-"+name, value)
	}
	want := `{"token_sha256":"` + hash + `","auth_url":"http://keystone/v3","project_id":"p","region":"R","depth":"2","endpoints":{"Object-Store":"http://swift"}}`
	w := httptest.NewRecorder()
	do(modes(), w, r)
	require.JSONEq(t, want, w.Body.String())

	for name, value := range map[string]string{
		"OS_TOKEN": "token", "OS_AUTH_URL": "http://keystone/v3", "OS_PROJECT_ID": "p", "OS_REGION_NAME": "R", "PICASSO_DEPTH": "2",
		"OS_OBJECT_STORE_ENDPOINT_OVERRIDE": "http://swift",
	} {
		t.Setenv(name, value)
	}
	w = httptest.NewRecorder()
	do(modes(), w, httptest.NewRequest(http.MethodPost, "/?do=credentials", nil))
	require.JSONEq(t, want, w.Body.String())
}

// What a loop writes, it writes with the token; the real Swift is for the tests of events.
func TestLoop(t *testing.T) {
	var seen *http.Request
	store := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r
		w.WriteHeader(http.StatusCreated)
	}))
	defer store.Close()
	for arg, want := range map[string][]string{
		"": {"/b%C3%B6x/a%2Fb+", ""}, "marked": {"/b%C3%B6x/a%2Fb+", "4"}, "other": {"/b%C3%B6x/other-", ""}, "marked other": {"/b%C3%B6x/other-", "4"},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{"data": {"container": "böx", "object": "a/b"}}`))
		r.Header = http.Header{"Picasso-Token": {"token"}, "Picasso-Depth": {"4"}, "Picasso-Endpoint-Object-Store": {store.URL}}
		w := httptest.NewRecorder()
		modes()["loop"](w, r, arg)
		require.Equal(t, http.StatusCreated, w.Code)
		require.True(t, strings.HasPrefix(seen.URL.EscapedPath(), want[0]), seen.URL.EscapedPath())
		require.Equal(t, want[1], seen.Header.Get("X-Object-Meta-Picasso-Depth"), arg)
		require.Equal(t, "token", seen.Header.Get("X-Auth-Token"))
	}
}
