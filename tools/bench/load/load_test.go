package load_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/tools/bench/load"
)

func target(t *testing.T, h http.HandlerFunc, body string) load.Target {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return load.Target{
		Network: "tcp", Address: s.Listener.Addr().String(), Status: http.StatusOK, Body: []byte(body),
		Request: fmt.Appendf(nil, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body),
	}
}

func echo(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }

func TestRequests(t *testing.T) {
	var asked atomic.Int64
	r, err := load.Run(t.Context(), target(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		echo(w, r)
	}, "body"), load.Options{Connections: 3, Requests: 5})
	require.NoError(t, err)
	require.EqualValues(t, 15, asked.Load())
	require.Equal(t, 15, r.Requests)
	require.Equal(t, 15, r.Asked)
	require.Positive(t, r.PerSecond)
	require.Positive(t, r.P50)
	require.LessOrEqual(t, r.P50, r.P99)
	require.LessOrEqual(t, r.P99, r.Max)
	require.LessOrEqual(t, r.Max, r.Elapsed)
}

func TestDuration(t *testing.T) {
	var asked atomic.Int64
	r, err := load.Run(t.Context(), target(t, func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		echo(w, r)
	}, "body"), load.Options{Connections: 2, WarmUp: 50 * time.Millisecond, Duration: 100 * time.Millisecond})
	require.NoError(t, err)
	require.Less(t, r.Requests, r.Asked, "the warm-up does not count")
	require.EqualValues(t, asked.Load(), r.Asked)
	require.Equal(t, 100*time.Millisecond, r.Elapsed)
}

func TestStreamedAnswer(t *testing.T) {
	_, err := load.Run(t.Context(), target(t, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		_ = http.NewResponseController(w).Flush()
		echo(w, r)
	}, "chunks"), load.Options{Connections: 1, Requests: 3})
	require.NoError(t, err)
}

func TestWrongAnswers(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"wrong answer: status 200": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "other") },
		"wrong answer: status 503": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "busy", http.StatusServiceUnavailable) },
		"EOF":                      func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		_, err := load.Run(t.Context(), target(t, h, "body"), load.Options{Connections: 2, Requests: 1})
		require.ErrorContains(t, err, name)
	}
}

func TestNobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	_, err = load.Run(t.Context(), load.Target{Network: "tcp", Address: l.Addr().String()}, load.Options{Connections: 1, Requests: 1})
	require.ErrorContains(t, err, "refused")
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, err := load.Run(ctx, target(t, func(w http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}, ""), load.Options{Connections: 1, Requests: 1})
	require.Error(t, err)
}

func TestMedian(t *testing.T) {
	result := func(n int) load.Result {
		return load.Result{PerSecond: float64(n), P50: time.Duration(n), P99: time.Duration(10 - n), Max: time.Duration(n)}
	}
	require.Equal(t, load.Result{PerSecond: 2, P50: 2, P99: 8, Max: 2}, load.Median([]load.Result{result(3), result(1), result(2)}))
	require.Zero(t, load.Median(nil))
}
