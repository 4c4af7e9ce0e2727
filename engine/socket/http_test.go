package socket

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// listener is a Listener of either kind.
type listener struct {
	net.Listener
	wrapped func(net.Conn) net.Conn
}

func (l listener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.wrapped(nc), nil
}

// eachServer runs a test with a server of net/http, without and with TLS, on connections of both kinds.
func eachServer(t *testing.T, handler http.HandlerFunc, test func(t *testing.T, server *httptest.Server)) {
	t.Helper()
	for name, wrapped := range wrappers() {
		for _, secure := range []bool{false, true} {
			t.Run(name+map[bool]string{true: ", TLS"}[secure], func(t *testing.T) {
				server := httptest.NewUnstartedServer(handler)
				server.Listener = listener{server.Listener, wrapped}
				if secure {
					server.StartTLS()
				} else {
					server.Start()
				}
				defer server.Close()
				test(t, server)
			})
		}
	}
}

func TestHTTPKeepsConnections(t *testing.T) {
	eachServer(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write(body)
	}, func(t *testing.T, server *httptest.Server) {
		opened := 0
		client := server.Client()
		client.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			opened++
			return new(net.Dialer).DialContext(ctx, network, address)
		}
		for _, size := range []int{0, 2, 64 << 10, 3 << 20} {
			body := strings.Repeat("x", size)
			resp, err := client.Post(server.URL, "text/plain", strings.NewReader(body))
			require.NoError(t, err)
			got, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			require.NoError(t, resp.Body.Close())
			require.True(t, body == string(got), "%d bytes", size)
		}
		require.Equal(t, 1, opened)
	})
}

func TestHTTPTellsThatTheClientHasGone(t *testing.T) {
	began, gone := make(chan struct{}), make(chan struct{})
	eachServer(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body) // net/http looks only then
		began <- struct{}{}
		<-r.Context().Done()
		gone <- struct{}{}
	}, func(t *testing.T, server *httptest.Server) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, strings.NewReader("ok"))
		require.NoError(t, err)
		go func() {
			<-began
			cancel()
		}()
		_, err = server.Client().Do(r)
		require.ErrorIs(t, err, context.Canceled)
		select {
		case <-gone:
		case <-time.After(patience):
			require.Fail(t, "the handler was not told")
		}
	})
}

// The answer to a body that is not read arrives because net/http half-closes the connection, and waits.
func TestHTTPAnswersBeforeItHasReadEverything(t *testing.T) {
	eachServer(t, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "too much", http.StatusRequestEntityTooLarge)
	}, func(t *testing.T, server *httptest.Server) {
		host := server.Listener.Addr().String()
		nc, err := net.Dial("tcp", host)
		require.NoError(t, err)
		defer nc.Close()
		if server.TLS != nil {
			config := server.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
			config.ServerName = "example.com" // httptest's certificate has it
			nc = tls.Client(nc, config)
		}
		_, err = io.WriteString(nc, "POST / HTTP/1.1\r\nHost: example.com\r\nContent-Length: 10000000\r\n\r\n"+strings.Repeat("x", 1<<20))
		require.NoError(t, err)
		require.NoError(t, nc.SetReadDeadline(time.Now().Add(patience)))
		answer, err := io.ReadAll(nc)
		require.NoError(t, err, "an end, not a reset")
		require.Contains(t, string(answer), "HTTP/1.1 413 ")
		require.Contains(t, string(answer), "too much")
	})
}

func TestHTTPHandlersCanBeWoken(t *testing.T) {
	woken := make(chan error, 1)
	eachServer(t, func(w http.ResponseWriter, r *http.Request) {
		time.AfterFunc(time.Millisecond, func() { _ = http.NewResponseController(w).SetReadDeadline(time.Unix(1, 0)) })
		_, err := r.Body.Read(make([]byte, 1))
		woken <- err
	}, func(t *testing.T, server *httptest.Server) {
		in, out := io.Pipe()
		defer out.Close()
		go func() {
			if resp, err := server.Client().Post(server.URL, "text/plain", in); err == nil {
				_ = resp.Body.Close()
			}
		}()
		select {
		case err := <-woken:
			var timeout net.Error
			require.ErrorAs(t, err, &timeout)
			require.True(t, timeout.Timeout())
		case <-time.After(patience):
			require.Fail(t, "it still reads")
		}
	})
}

func TestListenerWraps(t *testing.T) {
	below, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := Listener{below}
	near, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	defer near.Close()
	far, err := l.Accept()
	require.NoError(t, err)
	defer far.Close()
	require.IsType(t, &Conn{}, far)
	require.NoError(t, l.Close())
	_, err = l.Accept()
	require.ErrorIs(t, err, net.ErrClosed)
}
