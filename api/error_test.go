package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

func TestEveryCodeHasItsStatus(t *testing.T) {
	for code, want := range map[picasso.Code]int{
		picasso.CodeInvalid: 400, picasso.CodeImageUnavailable: 400, picasso.CodeUnauthenticated: 401,
		picasso.CodeForbidden: 403, picasso.CodeOverQuota: 403, picasso.CodeNotFound: 404, picasso.CodeConflict: 409,
		picasso.CodeTooLarge: 413, picasso.CodeRateLimited: 429, picasso.CodeInternal: 500, picasso.CodeFunctionFailed: 502,
		picasso.CodeFunctionDied: 502, picasso.CodeSandboxFailed: 502, picasso.CodeResponseTooLarge: 502,
		picasso.CodeBusy: 503, picasso.CodeUnavailable: 503, picasso.CodeNotReady: 504, picasso.CodeWaitTimedOut: 504,
		picasso.CodeTimedOut: 504, codeNoRoute: 404, codeMethodNotAllowed: 405, codeNotAcceptable: 406, codeMediaType: 415,
		"from a newer engine": 500, "": 500,
	} {
		assert.Equal(t, want, statusOf(code), code)
	}
}

func TestErrorBody(t *testing.T) {
	log, hook := test.NewNullLogger()
	s := &Server{Config: Config{Log: log, Challenge: "Keystone uri=\"k\""}}
	w := httptest.NewRecorder()
	req := newRequest(w, httptest.NewRequest("GET", "/v2/apps", nil), time.Now())
	req.w.Header().Set("X-Left-Over", "1")
	s.fail(req, picasso.Errorf(picasso.CodeUnauthenticated, "no token").WithCause(errors.New("secret")))
	assert.Equal(t, 401, w.Code)
	assert.Equal(t, "Keystone uri=\"k\"", w.Header().Get("WWW-Authenticate"))
	assert.Empty(t, w.Header().Get("X-Left-Over"))
	assert.JSONEq(t, `{"errors":[{"request_id":"`+req.id+`","code":"functions.unauthenticated","status":401,
		"title":"Authentication required","detail":"no token"}],
		"error":{"code":401,"message":"no token","title":"Authentication required"}}`, w.Body.String())
	assert.Empty(t, hook.AllEntries(), "what a client did wrong is not worth a line")
}

// TestErrorMessage is the one line that openstackclient shows.
func TestErrorMessage(t *testing.T) {
	s := &Server{Config: Config{Log: logrus.New()}}
	for want, err := range map[string]error{
		"name: is taken":             picasso.Errorf(picasso.CodeConflict, "name: is taken"),
		"Function failed: exit code": picasso.Errorf(picasso.CodeFunctionFailed, "exit code"),
		"Internal error":             picasso.Errorf(picasso.CodeInternal, ""),
	} {
		w := httptest.NewRecorder()
		s.fail(newRequest(w, httptest.NewRequest("GET", "/v2/apps", nil), time.Now()), err)
		var body errorBody
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
		assert.Equal(t, want, body.Error.Message)
	}
}

func TestRetryAfter(t *testing.T) {
	for d, want := range map[time.Duration]string{0: "1", time.Millisecond: "1", time.Second: "1", 1100 * time.Millisecond: "2"} {
		assert.Equal(t, want, retryAfter(d), d)
	}
}

func TestNegotiate(t *testing.T) {
	cases := map[string]struct {
		values []string
		status int
	}{
		"absent":         {nil, 0},
		"current":        {[]string{"functions 2.0"}, 0},
		"alias":          {[]string{"function 2.0"}, 0},
		"latest":         {[]string{"functions latest"}, 0},
		"other services": {[]string{"compute 2.11, identity nonsense"}, 0},
		"among others":   {[]string{"compute 2.11,functions 2.0"}, 0},
		"two headers":    {[]string{"compute 2.11", "functions 2.1"}, 406},
		"too new":        {[]string{"functions 2.1"}, 406},
		"too old":        {[]string{"functions 1.9"}, 406},
		"leading zero":   {[]string{"functions 02.0"}, 400},
		"three parts":    {[]string{"functions 2.0.0"}, 400},
		"no version":     {[]string{"functions"}, 400},
		"two words":      {[]string{"functions 2.0 please"}, 400},
		"twice":          {[]string{"functions 2.0", "function 2.0"}, 400},
	}
	for name, c := range cases {
		err := negotiate(http.Header{headerVersion: c.values})
		if c.status == 0 {
			assert.NoError(t, err, name)
			continue
		}
		assert.Equal(t, c.status, statusOf(picasso.CodeOf(err)), name)
	}
}

func TestBaseURL(t *testing.T) {
	forwarded := map[string]string{"X-Forwarded-Proto": "https", "X-Forwarded-Host": "api.example.org, inner", "X-Forwarded-Prefix": "/function/"}
	cases := map[string]struct {
		cfg    Config
		header map[string]string
		want   string
	}{
		"the Host header":      {Config{}, nil, "http://example.com"},
		"headers not trusted":  {Config{}, forwarded, "http://example.com"},
		"headers trusted":      {Config{TrustProxyHeaders: true}, forwarded, "https://api.example.org/function"},
		"no headers":           {Config{TrustProxyHeaders: true}, nil, "http://example.com"},
		"a scheme we have not": {Config{TrustProxyHeaders: true}, map[string]string{"X-Forwarded-Proto": "javascript"}, "http://example.com"},
		"configured":           {Config{TrustProxyHeaders: true, PublicEndpoint: "https://p/x"}, forwarded, "https://p/x"},
	}
	for name, c := range cases {
		r := httptest.NewRequest("GET", "/v2/", nil)
		for key, value := range c.header {
			r.Header.Set(key, value)
		}
		assert.Equal(t, c.want, (&Server{Config: c.cfg}).baseURL(r), name)
	}
	r := httptest.NewRequest("GET", "https://secure.example/v2/", nil)
	assert.Equal(t, "https://secure.example", (&Server{}).baseURL(r))
}

func TestGlobalRequestID(t *testing.T) {
	for id, want := range map[string]bool{
		"req-7f3a2c1e-0000-4000-8000-00000000000a":  true,
		"req-7F3A2C1E-0000-4000-8000-00000000000A":  true,
		"7f3a2c1e-0000-4000-8000-00000000000a":      false,
		"req-7f3a2c1e-0000-4000-8000-00000000000a ": false,
		"req-x\nforged line":                        false,
		"":                                          false,
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header[headerRequestID] = []string{id}
		assert.Equal(t, want, newRequest(nil, r, time.Now()).globalID() != "", "%q", id)
	}
}

func TestConfigIsChecked(t *testing.T) {
	_, err := New(Config{})
	require.Error(t, err)
	c := Config{PublicEndpoint: "no url"}
	require.Error(t, c.complete())
}
