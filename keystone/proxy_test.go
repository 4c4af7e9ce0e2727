package keystone_test

import (
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/keystone"
	"github.com/picasso-faas/picasso/keystone/keystonetest"
)

// proxy stands between an authenticator and the real Keystone, counts what
// goes through, and breaks on demand.
type proxy struct {
	URL         string
	validations atomic.Int64 // GET /v3/auth/tokens
	logins      atomic.Int64 // POST /v3/auth/tokens
	underWay    atomic.Int64 // validations held
	most        atomic.Int64 // of them at once
	forward     http.Handler

	mu   sync.Mutex
	mode func(w http.ResponseWriter, r *http.Request) // nil: let through

	address string
	server  *http.Server
}

// newProxy starts a proxy and returns a configuration that uses it.
func newProxy(t testing.TB) (*proxy, keystone.Config) {
	t.Helper()
	config := keystonetest.Config(t)
	target, err := url.Parse(config.AuthURL)
	require.NoError(t, err)
	target.Path = ""
	p := &proxy{forward: httputil.NewSingleHostReverseProxy(target), address: "127.0.0.1:0"}
	p.listen(t)
	t.Cleanup(p.close)
	config.AuthURL = p.URL
	return p, config
}

func (p *proxy) listen(t testing.TB) {
	t.Helper()
	l, err := net.Listen("tcp", p.address)
	require.NoError(t, err)
	p.address = l.Addr().String()
	p.URL = "http://" + p.address
	p.server = &http.Server{Handler: p, ReadHeaderTimeout: time.Minute}
	go func() { _ = p.server.Serve(l) }()
}

// close makes connecting impossible until listen.
func (p *proxy) close() { _ = p.server.Close() }

func (p *proxy) set(mode http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mode = mode
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost {
		p.logins.Add(1)
	} else {
		p.validations.Add(1)
	}
	p.mu.Lock()
	mode := p.mode
	p.mu.Unlock()
	if mode != nil {
		mode(w, r)
		return
	}
	p.forward.ServeHTTP(w, r)
}

// hang answers nothing until the client gives up.
func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// cut closes the connection without an answer.
func cut(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// answer gives the status and a body that is not Keystone's.
func answer(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "http://127.0.0.1:1/")
		w.WriteHeader(status)
		_, _ = w.Write([]byte("<html>no JSON</html>"))
	}
}

// held lets requests through only when release is closed, and tells how many
// wait.
func (p *proxy) held(release <-chan struct{}) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		n := p.underWay.Add(1)
		defer p.underWay.Add(-1)
		for m := p.most.Load(); n > m && !p.most.CompareAndSwap(m, n); m = p.most.Load() {
			continue
		}
		select {
		case <-release:
			p.forward.ServeHTTP(w, r)
		case <-r.Context().Done():
		}
	}
}
