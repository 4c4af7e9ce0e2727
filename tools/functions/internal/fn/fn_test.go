package fn_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/tools/functions/internal/fn"
)

const (
	waitFor = 5 * time.Second
	tick    = time.Millisecond
)

// serve serves h over the contract fn and returns a client for its socket.
func serve(t *testing.T, h http.HandlerFunc) *http.Client {
	t.Helper()
	dir, err := os.MkdirTemp("", "fn") // t.TempDir is too long for a socket's name
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket := filepath.Join(dir, "lsnr.sock")
	require.NoError(t, os.WriteFile(socket, nil, 0o600), "a leftover")
	t.Setenv("FN_LISTENER", "unix:"+socket)
	go func() { _ = fn.Serve(h) }()
	require.Eventually(t, func() bool {
		target, err := os.Readlink(socket)
		return err == nil && target == "phonylsnr.sock"
	}, waitFor, tick)
	info, err := os.Stat(socket)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o666), info.Mode().Perm())
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}
}

// call sends a request as the engine does and returns the answer and its body.
func call(t *testing.T, client *http.Client, header http.Header, body string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost/call", strings.NewReader(body))
	require.NoError(t, err)
	r.Header = header
	answer, err := client.Do(r)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	content, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer, string(content)
}

func see(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("X-Own", "value")
	w.Header().Set("Content-Type", "text/plain")
	w.WriteHeader(http.StatusTeapot)
	_, _ = io.WriteString(w, strings.Join([]string{
		r.Method, r.URL.String(), r.Host, r.Header.Get("X-Caller"), r.Header.Get("Content-Type"), r.Header.Get("Picasso-Token"), string(body),
	}, " "))
}

func TestInvoke(t *testing.T) {
	client := serve(t, see)
	answer, body := call(t, client, http.Header{"Content-Type": {"a/b"}, "Picasso-Token": {"token"}}, "in")
	require.Equal(t, http.StatusOK, answer.StatusCode, "the server is well")
	require.Equal(t, "418", answer.Header.Get("Fn-Http-Status"))
	require.Equal(t, "value", answer.Header.Get("X-Own"))
	require.Equal(t, "POST /call localhost  a/b token in", body)
}

func TestGateway(t *testing.T) {
	client := serve(t, see)
	answer, body := call(t, client, http.Header{
		"Fn-Intent": {"httprequest"}, "Fn-Http-Method": {"PUT"}, "Fn-Http-Request-Url": {"http://cloud:1/f/1/x?y=%2F"},
		"Fn-Http-H-X-Caller": {"me"}, "X-Caller": {"not through the gateway"}, "Content-Type": {"a/b"},
		"Picasso-Token": {"token"},
	}, "in")
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Equal(t, "418", answer.Header.Get("Fn-Http-Status"))
	require.Equal(t, "value", answer.Header.Get("Fn-Http-H-X-Own"))
	require.Empty(t, answer.Header.Get("X-Own"))
	require.Equal(t, "text/plain", answer.Header.Get("Content-Type"))
	require.Equal(t, "PUT http://cloud:1/f/1/x?y=%2F cloud:1 me a/b token in", body)
}

// TestGatewayMarksOnce: a map that grows while it is walked may show the new
// entries, too.
func TestGatewayMarksOnce(t *testing.T) {
	client := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		for c := 'A'; c <= 'Z'; c++ {
			w.Header().Set("X-"+string(c), "value")
		}
	})
	for range 50 {
		answer, _ := call(t, client, http.Header{"Fn-Intent": {"httprequest"}}, "")
		for c := 'A'; c <= 'Z'; c++ {
			require.Equal(t, "value", answer.Header.Get("Fn-Http-H-X-"+string(c)), "%v", answer.Header)
		}
	}
}

func TestEmptyAnswer(t *testing.T) {
	client := serve(t, func(http.ResponseWriter, *http.Request) {})
	answer, body := call(t, client, http.Header{"Fn-Intent": {"httprequest"}}, "")
	require.Equal(t, "200", answer.Header.Get("Fn-Http-Status"))
	require.Empty(t, body)
}

func TestListenWeb(t *testing.T) {
	t.Setenv("FN_LISTENER", "")
	t.Setenv("PORT", "0")
	l, err := fn.Listen()
	require.NoError(t, err)
	require.Equal(t, "tcp", l.Addr().Network())
	require.NoError(t, l.Close())
}

func TestListenFails(t *testing.T) {
	t.Setenv("FN_LISTENER", "unix:/nonexistent/lsnr.sock")
	_, err := fn.Listen()
	require.Error(t, err)
	require.ErrorContains(t, fn.Serve(nil), "nonexistent")
}
