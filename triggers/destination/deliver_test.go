package destination

import (
	"context"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// receiver is an HTTPS server and Destinations that trust it.
func receiver(t *testing.T, serve http.HandlerFunc, edit ...func(*Options)) (*Destinations, string) {
	t.Helper()
	server := httptest.NewTLSServer(serve)
	t.Cleanup(server.Close)
	options := Options{AllowPrivate: true, CA: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})}
	for _, e := range edit {
		e(&options)
	}
	d, err := New(Config{Options: options, Now: time.Now})
	require.NoError(t, err)
	return d, server.URL
}

// deliver delivers something to a URL.
func deliver(ctx context.Context, d *Destinations, url string) (*httptest.ResponseRecorder, picasso.Outcome) {
	w := httptest.NewRecorder()
	return w, d.Deliver(ctx, &picasso.Claimed{
		Execution: picasso.Execution{ID: "e1", Attempt: 2, RequestID: "req-1", Destination: url},
		Input: picasso.Payload{
			Header: map[string][]string{"Content-Type": {"application/cloudevents+json"}, "Ce-Id": {"e0"}}, Body: []byte(`{"a":1}`),
		},
	}, w)
}

func TestDeliver(t *testing.T) {
	d, url := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		assert.Equal(t, `{"a":1}`, string(body))
		assert.Equal(t, http.MethodPost, r.Method)
		assert.Equal(t, "/hook?x=1", r.RequestURI)
		assert.EqualValues(t, 7, r.ContentLength)
		for name, want := range map[string]string{
			"Content-Type": "application/cloudevents+json", "Ce-Id": "e0", "Picasso-Execution-Id": "e1",
			"Picasso-Attempt": "2", "X-Openstack-Request-Id": "req-1", "User-Agent": "picasso", "Accept-Encoding": "",
		} {
			assert.Equal(t, want, r.Header.Get(name), name)
		}
		w.Header().Set("Content-Type", "text/x-thanks")
		w.WriteHeader(http.StatusAccepted)
		_, _ = io.WriteString(w, "thanks")
	})
	w, o := deliver(t.Context(), d, url+"/hook?x=1")
	require.Nil(t, o.Err)
	assert.Equal(t, "thanks", w.Body.String())
	assert.Equal(t, "text/x-thanks", w.Header().Get("Content-Type"))
	assert.Equal(t, http.StatusAccepted, o.HTTPStatus)
	assert.EqualValues(t, 7, o.InputBytes)
	assert.EqualValues(t, 6, o.OutputBytes)
	assert.False(t, o.Started.IsZero())
	assert.Positive(t, o.Run)
}

func TestDeliveryFails(t *testing.T) {
	gone := httptest.NewTLSServer(nil)
	gone.Close()
	serve := func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, "/", http.StatusTemporaryRedirect)
		case "/cut":
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "short")
		default:
			http.Error(w, "no", http.StatusTeapot)
		}
	}
	d, url := receiver(t, serve)
	for name, test := range map[string]struct {
		url    string
		detail string
		status int
		own    bool
	}{
		"own status":          {url, "the destination answered with status 418", 418, true},
		"redirect":            {url + "/redirect", "the destination answered with status 307", 307, true},
		"cut short":           {url + "/cut", "the destination could not be reached, or ended the connection", 200, false},
		"nobody there":        {gone.URL, "the destination could not be reached, or ended the connection", 0, false},
		"no such name":        {"https://picasso.invalid/", "the name of the destination cannot be resolved", 0, false},
		"not TLS":             {"https" + strings.TrimPrefix(plain(t), "http"), "the destination could not be reached, or ended the connection", 0, false},
		"another certificate": {other(t), "the certificate of the destination cannot be trusted", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			_, o := deliver(t.Context(), d, test.url)
			require.NotNil(t, o.Err)
			assert.Equal(t, picasso.CodeFunctionFailed, o.Err.Code)
			assert.Contains(t, o.Err.Detail, test.detail)
			assert.NotContains(t, o.Err.Detail, "127.0.0.1", "nothing about the network inside")
			assert.Equal(t, test.status, o.HTTPStatus)
			assert.Equal(t, test.own, o.OwnAccount)
		})
	}
}

func plain(t *testing.T) string {
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	return server.URL
}

func other(t *testing.T) string {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = nil
	server.StartTLS()
	t.Cleanup(server.Close)
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1) // the certificate is for the other name
}

func TestPrivateAddressesAreRefused(t *testing.T) {
	d, url := receiver(t, func(http.ResponseWriter, *http.Request) { t.Error("reached") }, func(o *Options) { o.AllowPrivate = false })
	for _, url := range []string{url, strings.Replace(url, "127.0.0.1", "localhost", 1), strings.Replace(url, "127.0.0.1", "[::ffff:127.0.0.1]", 1), "https://[::1]:1"} {
		_, o := deliver(t.Context(), d, url)
		require.NotNil(t, o.Err, url)
		assert.Equal(t, picasso.CodeForbidden, o.Err.Code, "%v", o.Err)
		assert.Equal(t, "the destination is not at a public address", o.Err.Detail)
	}
}

func TestProxiesAreIgnored(t *testing.T) {
	t.Setenv("HTTPS_PROXY", plain(t))
	d, url := receiver(t, func(http.ResponseWriter, *http.Request) {})
	_, o := deliver(t.Context(), d, url)
	assert.Nil(t, o.Err)
}

func TestDeliveryIsCancelled(t *testing.T) {
	reached := make(chan struct{})
	d, url := receiver(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then the server sees that the client leaves
		close(reached)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-reached; cancel() }()
	_, o := deliver(ctx, d, url)
	require.NotNil(t, o.Err)
	assert.Equal(t, picasso.CodeCancelled, o.Err.Code)
}

func TestDeliveryTimesOut(t *testing.T) {
	d, url := receiver(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	d.client.Timeout = time.Millisecond
	_, o := deliver(t.Context(), d, url)
	require.NotNil(t, o.Err)
	assert.Equal(t, "the destination did not answer in time", o.Err.Detail)
}

func TestLongAnswersAreCut(t *testing.T) {
	d, url := receiver(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", 1<<20))
	})
	w, o := deliver(t.Context(), d, url)
	require.Nil(t, o.Err)
	assert.Equal(t, 64<<10, w.Body.Len())
}

func TestBadCertificates(t *testing.T) {
	_, err := New(Config{Options: Options{CA: []byte("nothing")}})
	require.Error(t, err)
	assert.Equal(t, "cafile: holds no certificate in PEM", picasso.AsError(err).Detail)
}
