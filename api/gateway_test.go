package api_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/apitest"
)

const nobody = "00000000-0000-4000-8000-000000000000"

func TestFunctionURLPassesEverything(t *testing.T) {
	k := setup(t)
	var seen picasso.Call
	k.engine.OnInvoke = func(_ context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
		seen = *call
		h := w.Header()
		h.Set("Location", "/elsewhere")
		h.Add("Set-Cookie", "a=1")
		h.Add("Set-Cookie", "b=2")
		h.Set("Vary", "Accept")
		h.Set("Connection", "X-Secret-Hop")
		h.Set("X-Secret-Hop", "1")
		h.Set("X-Openstack-Request-Id", "req-forged")
		h.Set("Picasso-Execution-Id", "forged")
		h.Set("Picasso-Anything", "forged")
		h.Set("OpenStack-API-Version", "compute 1.0")
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "short and stout")
		return apitest.Succeeded(http.StatusTeapot)
	}
	id := k.function(`{"name":"f","image":"i","contract":"web","public":true}`)
	a := k.Do("BREW", "/f/"+id+"/pot//a%2Fb/../%7Ec?x=1&x=2&&y=%20+", "water",
		"Authorization", "Bearer mine", "Cookie", "c=1", "X-Auth-Token", "stolen", "X-Project-Id", "beta", "X-Roles", "admin",
		"Te", "trailers", "Upgrade", "h2c", "Keep-Alive", "5", "Picasso-Deadline", "forged", "Picasso_Attempt", "9", "X_AUTH_TOKEN", "stolen", "X_mine", "1",
		"OpenStack-API-Version", "nonsense")
	assert.Equal(t, http.StatusTeapot, a.StatusCode)
	assert.Equal(t, "short and stout", a.Text)
	assert.Equal(t, []string{"a=1", "b=2"}, a.Header["Set-Cookie"])
	assert.Equal(t, "/elsewhere", a.Header.Get("Location"))
	assert.Equal(t, []string{"Accept"}, a.Header["Vary"])
	assert.Equal(t, "418", a.Header.Get("Picasso-Function-Status"))
	assert.Equal(t, seen.ExecutionID, a.Header.Get("Picasso-Execution-Id"))
	assert.Equal(t, []string{seen.RequestID}, a.Header["X-Openstack-Request-Id"])
	for _, name := range []string{"Picasso-Anything", "X-Secret-Hop", "Openstack-Api-Version", "Content-Type"} {
		assert.NotContains(t, a.Header, name)
	}

	assert.True(t, seen.Gateway)
	assert.Equal(t, "BREW", seen.Method)
	assert.Equal(t, "/pot//a%2Fb/../%7Ec?x=1&x=2&&y=%20+", seen.Path)
	assert.Equal(t, k.URL+"/f/"+id+seen.Path, seen.URL)
	assert.Equal(t, "Bearer mine", seen.Header.Get("Authorization"))
	assert.Equal(t, "c=1", seen.Header.Get("Cookie"))
	for _, name := range []string{"X-Auth-Token", "X-Project-Id", "X-Roles", "Te", "Upgrade", "Keep-Alive", "Picasso-Deadline", "Picasso_attempt", "X_auth_token"} {
		assert.NotContains(t, seen.Header, name)
	}
	assert.Equal(t, "1", seen.Header.Get("X_mine"))
}

func TestPathsOfTheFunctionURL(t *testing.T) {
	k := setup(t)
	var path string
	k.engine.OnInvoke = func(_ context.Context, call *picasso.Call, _ http.ResponseWriter) picasso.Outcome {
		path = call.Path
		return apitest.Succeeded(http.StatusOK)
	}
	url := "/f/" + k.function(`{"name":"f","image":"i","public":true}`)
	for target, want := range map[string]string{
		url:                                   "/",
		url + "/":                             "/",
		url + "?":                             "/?",
		url + "?a=/b":                         "/?a=/b",
		url + "//":                            "//",
		url + `/"quoted"<>`:                   `/"quoted"<>`,
		url + "/%00%ff":                       "/%00%ff",
		"http://other.example" + url + "/a?b": "/a?b",
	} {
		path = ""
		assert.Equal(t, 200, raw(t, k, "GET "+target+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), target)
		assert.Equal(t, want, path, target)
	}
	for _, target := range []string{"/f", "/f/", "/%66" + url[2:], "/%66" + url[2:] + `/"`, "//" + url, "/F" + url[2:]} {
		status := raw(t, k, "GET "+target+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		assert.Equal(t, 404, status, target)
	}
}

// raw sends a request as it is and returns the status of the answer.
func raw(t *testing.T, k *kit, request string) int {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(k.URL, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, request)
	require.NoError(t, err)
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer response.Body.Close()
	return response.StatusCode
}

func TestPrivateFunctionURL(t *testing.T) {
	k := setup(t)
	id := k.function(`{"name":"f","image":"i"}`)
	for _, path := range []string{"/f/" + id, "/f/" + nobody, "/f/" + nobody + "/x", "/f/f"} {
		a := k.Do("GET", path, "")
		assert.Equal(t, 401, a.StatusCode, path)
		assert.Equal(t, "unauthenticated", errorCode(t, a))
		assert.Equal(t, `Keystone uri="http://keystone.example.org"`, a.Header.Get("WWW-Authenticate"))
	}
	assert.Equal(t, 200, k.as("alpha", "member", "GET", "/f/"+id, "").StatusCode)
	assert.Equal(t, 403, k.as("alpha", "reader", "GET", "/f/"+id, "").StatusCode)
	assert.Equal(t, 403, k.as("beta", "reader", "GET", "/f/"+nobody, "").StatusCode)
	for _, path := range []string{"/f/" + id, "/f/" + nobody, "/f/f"} {
		assert.Equal(t, 404, k.as("beta", "member", "GET", path, "").StatusCode, path)
	}
	k.member(200, "PATCH", "/v2/functions/f", `{"public":true}`)
	assert.Equal(t, 200, k.Do("GET", "/f/"+id, "").StatusCode)
	k.member(200, "PATCH", "/v2/functions/f", `{"public":false}`)
	assert.Equal(t, 401, k.Do("GET", "/f/"+id, "").StatusCode)
}
