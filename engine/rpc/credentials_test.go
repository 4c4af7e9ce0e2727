package rpc

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

func someCredentials() *picasso.Credentials {
	return &picasso.Credentials{
		Token: "gAAAA" + strings.Repeat("secret", 700), ExpiresAt: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC),
		AuthURL: "http://keystone/v3", ProjectID: "p", UserID: "u", Region: "R",
		Endpoints: map[string]string{"object-store": "http://swift/v1/AUTH_p?\u00fc\r\nX: \x7f", "alarming": strings.Repeat("a", 2<<10)},
	}
}

func TestInvokeWithCredentials(t *testing.T) {
	var seen *picasso.Call
	client, _ := setup(t, &scripted{invoke: func(ctx context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
		seen = call
		return echo(ctx, call, w)
	}})
	for _, want := range []*picasso.Credentials{someCredentials(), nil, {}, someCredentials(), nil} { // on one connection
		call := newCall("x")
		call.Header[fieldCredentials] = []string{"forged"}
		call.Credentials, call.Depth = want, 3
		require.Nil(t, client.Invoke(t.Context(), call, httptest.NewRecorder()).Err)
		require.True(t, want == nil == (seen.Credentials == nil))
		if want != nil {
			require.Equal(t, *want, *seen.Credentials)
			require.Equal(t, 3, seen.Depth)
		}
		require.NotContains(t, seen.Header, fieldCredentials)
	}
}

// Whatever goes wrong with a call, neither side logs its token.
func TestTokensAreNotLogged(t *testing.T) {
	var logged bytes.Buffer
	log := logrus.New()
	log.SetLevel(logrus.TraceLevel)
	log.SetOutput(&logged)
	server := httptest.NewServer(NewServer(&scripted{invoke: func(_ context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
		log.WithField("call", *call).Warn("as nobody should")
		_, _ = io.WriteString(w, "half")
		panic(http.ErrAbortHandler)
	}}, testKey, ServerOptions{}, log))
	server.Config.ErrorLog = nil
	defer server.Close()
	for _, key := range []string{string(testKey), "another key"} {
		client, err := NewClient(Endpoint{URL: server.URL, Key: []byte(key)}, log)
		require.NoError(t, err)
		call := newCall("x")
		call.Credentials = someCredentials()
		out := client.Invoke(t.Context(), call, httptest.NewRecorder())
		require.NotNil(t, out.Err)
		log.WithError(out.Err).Warn("failed")
		client.Close()
	}
	field, err := delegated(&picasso.Call{Credentials: someCredentials()})
	require.NoError(t, err)
	require.Contains(t, logged.String(), "failed")
	require.NotContains(t, logged.String(), "secret")
	require.NotContains(t, logged.String(), field[40:80])
}

func TestCredentialsThatCannotBeRead(t *testing.T) {
	for _, field := range []string{"not base64!", "bm90IEpTT04", "eyJjcmVkZW50aWFscyI6IDF9"} {
		call := &picasso.Call{}
		err := readDelegated(field, call)
		require.Equal(t, picasso.CodeInternal, picasso.CodeOf(err), field)
		require.NotContains(t, err.Error(), field)
		require.Nil(t, call.Credentials)
	}
}
