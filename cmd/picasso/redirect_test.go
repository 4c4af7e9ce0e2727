package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/apitest"
	"github.com/picasso-faas/picasso/cmd/internal/launch/launchtest"
)

func TestNothingFollowsTheRedirectOfAFunction(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s with the token %q", r.Method, r.URL, r.Header.Get("X-Auth-Token"))
	}))
	defer elsewhere.Close()
	api := launchtest.Start(t, launchtest.Config(t, &apitest.Engine{
		OnInvoke: func(_ context.Context, _ *picasso.Call, w http.ResponseWriter) picasso.Outcome {
			w.Header().Set("Location", elsewhere.URL)
			w.WriteHeader(http.StatusTemporaryRedirect)
			_, _ = w.Write([]byte("go there"))
			return apitest.Succeeded(http.StatusTemporaryRedirect)
		},
	}))
	cli := func(args ...string) (string, string, int) {
		return picassoRun(t, "", map[string]string{"OS_AUTH_TYPE": "admin_token", "OS_TOKEN": "secret", "OS_ENDPOINT": api.URL()}, args...)
	}
	must(t, cli, "function", "create", "f", "--image", "i")
	assert.Equal(t, "go there", must(t, cli, "function", "invoke", "f", "-d", "input"))
}
