package rpc

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

var (
	testKey = []byte("a key of the test")
	noon    = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
)

func signedRequest() *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/v1/invoke", nil)
	r.Header[fieldExecution] = []string{"e1"}
	r.Header[fieldFunction] = []string{"f1 3"}
	r.Header[fieldPath] = []string{"/a%2Fb?x=1"}
	r.Header["X-Custom"] = []string{"not covered"}
	sign(testKey, r.Method, r.URL.Path, r.Header, noon)
	return r
}

func TestVerify(t *testing.T) {
	tests := map[string]struct {
		change func(*http.Request)
		now    time.Time
		ok     bool
	}{
		"as signed":           {func(*http.Request) {}, noon, true},
		"a clock a bit off":   {func(*http.Request) {}, noon.Add(-MaxClockSkew + time.Second), true},
		"function's header":   {func(r *http.Request) { r.Header["X-Custom"] = []string{"y"} }, noon, true},
		"too late":            {func(*http.Request) {}, noon.Add(MaxClockSkew + time.Second), false},
		"too early":           {func(*http.Request) {}, noon.Add(-MaxClockSkew - time.Second), false},
		"other function":      {func(r *http.Request) { r.Header[fieldFunction] = []string{"f2 3"} }, noon, false},
		"other execution":     {func(r *http.Request) { r.Header[fieldExecution] = []string{"e2"} }, noon, false},
		"through the gateway": {func(r *http.Request) { r.Header[fieldGateway] = []string{"1"} }, noon, false},
		"given twice":         {func(r *http.Request) { r.Header[fieldFunction] = []string{"f1 3", "f2 3"} }, noon, false},
		"other path":          {func(r *http.Request) { r.URL.Path = "/v1/warm" }, noon, false},
		"other method":        {func(r *http.Request) { r.Method = http.MethodPut }, noon, false},
		"no signature":        {func(r *http.Request) { r.Header.Del(fieldSignature) }, noon, false},
		"no date":             {func(r *http.Request) { r.Header.Del(fieldDate) }, noon, false},
		"fields shifted": {func(r *http.Request) {
			r.Header[fieldRequest], r.Header[fieldExecution] = r.Header[fieldExecution], nil
		}, noon, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := signedRequest()
			tt.change(r)
			err := verify(testKey, r, tt.now)
			if tt.ok {
				require.NoError(t, err)
				return
			}
			require.Equal(t, picasso.CodeUnauthenticated, picasso.CodeOf(err))
		})
	}
}

func TestVerifyOtherKey(t *testing.T) {
	require.Error(t, verify([]byte("another key"), signedRequest(), noon))
}
