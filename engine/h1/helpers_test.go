package h1

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// listen opens a unix socket for the length of the test.
func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return l
}

// serve answers every connection with the function, each in its goroutine.
func serve(t testing.TB, answer func(net.Conn)) *Pool {
	t.Helper()
	l := listen(t)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				answer(c)
			}()
		}
	}()
	return poolOf(t, l)
}

// serveHTTP serves with net/http's server.
func serveHTTP(t testing.TB, h http.HandlerFunc) *Pool {
	t.Helper()
	l := listen(t)
	server := &http.Server{Handler: h}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { server.Close() })
	return poolOf(t, l)
}

func poolOf(t testing.TB, l net.Listener) *Pool {
	p := &Pool{Dial: func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", l.Addr().String())
	}}
	t.Cleanup(p.Close)
	return p
}

func newRequest(t testing.TB, method, target string) *Request {
	t.Helper()
	r, err := NewRequest(method, target, "fn.example")
	require.NoError(t, err)
	return r
}
