package engine_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine"
	"github.com/picasso-faas/picasso/engine/enginetest"
)

// echo answers with the body, as an FDK would.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}

// fnProgram is a function of contract fn.
func fnProgram(h http.HandlerFunc) enginetest.Program {
	return func(ctx context.Context, in enginetest.Inside) int {
		l, err := net.Listen("unix", filepath.Join(in.SocketDir, "lsnr.sock"))
		if err != nil {
			return 1
		}
		return serveUntil(ctx, l, h)
	}
}

func serveUntil(ctx context.Context, l net.Listener, h http.Handler) int {
	server := &http.Server{Handler: h}
	defer context.AfterFunc(ctx, func() { server.Close() })()
	_ = server.Serve(l)
	return 0
}

func localEngine(t testing.TB, programs map[string]enginetest.Program) *engine.Engine {
	t.Helper()
	logger := logrus.New()
	logger.SetOutput(t.Output())
	cfg := engine.DefaultConfig()
	cfg.MemoryMB = 1 << 20
	e := engine.New(cfg, &enginetest.Local{Dir: t.TempDir(), Programs: programs}, logger)
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = e.Close(ctx)
	})
	return e
}

func localFunction(contract picasso.Contract, program string) *picasso.Function {
	spec := picasso.DefaultFunctionSpec()
	spec.Contract, spec.Image = contract, program
	return &picasso.Function{ID: program + "-" + string(contract), FunctionSpec: spec, ImageDigest: program, Revision: 1}
}

// BenchmarkInvoke compares the engine behind an HTTP server with the least
// that stands between a caller and a function, net/http's reverse proxy; both
// talk to the same kind of server, in this process, over a unix socket. The
// callers are in this process, too, and cost both the same.
func BenchmarkInvoke(b *testing.B) {
	e := localEngine(b, map[string]enginetest.Program{"echo": fnProgram(echo)})
	fn := localFunction(picasso.ContractFn, "echo")
	invoke := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := e.Invoke(r.Context(), &picasso.Call{
			ExecutionID: "0190c8a4-0000-7000-8000-000000000000", Function: fn, Method: r.Method, Path: "/",
			URL: "http://faas.example/", Header: r.Header, Body: r.Body, ContentLength: r.ContentLength,
		}, w)
		if out.Err != nil {
			b.Error(out.Err)
		}
	})
	for _, size := range []int{2, 64 << 10} {
		for _, callers := range []int{1, 8, 32} {
			b.Run(fmt.Sprintf("bytes=%d/callers=%d/proxy", size, callers), func(b *testing.B) {
				benchmarkServer(b, reverseProxy(b), callers, size)
			})
			b.Run(fmt.Sprintf("bytes=%d/callers=%d/engine", size, callers), func(b *testing.B) {
				benchmarkServer(b, invoke, callers, size)
			})
		}
	}
}

func reverseProxy(b *testing.B) http.Handler {
	socket := filepath.Join(b.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	require.NoError(b, err)
	server := &http.Server{Handler: http.HandlerFunc(echo)}
	go func() { _ = server.Serve(l) }()
	b.Cleanup(func() { server.Close() })
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: "localhost"})
	proxy.ErrorLog = log.New(b.Output(), "", 0)
	transport := &http.Transport{
		MaxIdleConnsPerHost: 100, DisableCompression: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}
	b.Cleanup(transport.CloseIdleConnections)
	proxy.Transport = transport
	return proxy
}

func benchmarkServer(b *testing.B, h http.Handler, callers, size int) {
	server := httptest.NewServer(h)
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers}}
	defer client.CloseIdleConnections()
	body := make([]byte, size)
	call := func() {
		resp, err := client.Post(server.URL, "text/plain", bytes.NewReader(body))
		if err != nil {
			b.Error(err)
			return
		}
		if n, _ := io.Copy(io.Discard, resp.Body); n != int64(size) || resp.StatusCode != 200 {
			b.Logf("status %d, %d bytes", resp.StatusCode, n) // net/http's proxy loses one now and then
		}
		resp.Body.Close()
	}
	for range 50 {
		call()
	}
	b.ReportAllocs()
	b.ResetTimer()
	var left atomic.Int64
	left.Store(int64(b.N))
	done := make(chan struct{})
	for range callers {
		go func() {
			for left.Add(-1) >= 0 {
				call()
			}
			done <- struct{}{}
		}()
	}
	for range callers {
		<-done
	}
}

// BenchmarkInvokeAlone is what the engine itself costs, without an HTTP server
// in front of it.
func BenchmarkInvokeAlone(b *testing.B) {
	e := localEngine(b, map[string]enginetest.Program{"echo": fnProgram(echo)})
	fn := localFunction(picasso.ContractFn, "echo")
	header := http.Header{"Content-Type": {"text/plain"}, "User-Agent": {"bench"}, "Accept": {"*/*"}}
	b.ReportAllocs()
	for b.Loop() {
		w := nowhere{header: make(http.Header, 4)}
		out := e.Invoke(context.Background(), &picasso.Call{
			ExecutionID: "0190c8a4-0000-7000-8000-000000000000", Function: fn, Method: "POST", Path: "/",
			URL: "http://faas.example/", Header: header, Body: bytes.NewReader([]byte("hi")), ContentLength: 2,
		}, &w)
		if out.Err != nil {
			b.Fatal(out.Err)
		}
	}
}

type nowhere struct{ header http.Header }

func (n *nowhere) Header() http.Header         { return n.header }
func (n *nowhere) WriteHeader(int)             {}
func (n *nowhere) Write(p []byte) (int, error) { return len(p), nil }
