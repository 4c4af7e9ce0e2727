package rpc

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

var testKey = []byte("a key of the test")

func signedRequest() *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/v2/invoke", nil)
	r.Header[fieldExecution] = []string{"e1"}
	r.Header[fieldFunction] = []string{"f1 3"}
	r.Header[fieldPath] = []string{"/a%2Fb?x=1"}
	r.Header["X-Custom"] = []string{"not covered"}
	sign(testKey, r.Method, r.URL.Path, r.Header, ticket{"session", "7"})
	return r
}

func TestVerify(t *testing.T) {
	set := func(name string, values ...string) func(*http.Request) {
		return func(r *http.Request) { r.Header[name] = values }
	}
	tests := map[string]struct {
		change func(*http.Request)
		ok     bool
	}{
		"as signed":           {func(*http.Request) {}, true},
		"function's header":   {set("X-Custom", "y"), true},
		"other function":      {set(fieldFunction, "f2 3"), false},
		"other execution":     {set(fieldExecution, "e2"), false},
		"other session":       {set(fieldSession, "another"), false},
		"other number":        {set(fieldNumber, "8"), false},
		"through the gateway": {set(fieldGateway, "1"), false},
		"other share":         {set(fieldShare, "100"), false},
		"to spill":            {set(fieldSpill, "1"), false},
		"other credentials":   {set(fieldCredentials, "bm9uZQ"), false},
		"given twice":         {set(fieldFunction, "f1 3", "f2 3"), false},
		"other path":          {func(r *http.Request) { r.URL.Path = "/v2/warm" }, false},
		"other version":       {func(r *http.Request) { r.URL.Path = "/v1/invoke" }, false},
		"other method":        {func(r *http.Request) { r.Method = http.MethodPut }, false},
		"no signature":        {set(fieldSignature), false},
		"no number":           {set(fieldNumber), false},
		"fields shifted": {func(r *http.Request) {
			r.Header[fieldRequest], r.Header[fieldExecution] = r.Header[fieldExecution], nil
		}, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := signedRequest()
			tt.change(r)
			err := verify(testKey, r)
			if tt.ok {
				require.NoError(t, err)
				return
			}
			require.Equal(t, picasso.CodeUnauthenticated, picasso.CodeOf(err))
		})
	}
}

func TestVerifyOtherKey(t *testing.T) {
	require.Error(t, verify([]byte("another key"), signedRequest()))
}
