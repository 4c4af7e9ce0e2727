package rpc

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// TestInvokeDoesNotWaitForASlowCaller: the engine has answered; what the
// caller has yet to send keeps nobody from hearing of it.
func TestInvokeDoesNotWaitForASlowCaller(t *testing.T) {
	client, _ := setup(t, &scripted{invoke: func(context.Context, *picasso.Call, http.ResponseWriter) picasso.Outcome {
		return picasso.Outcome{Err: picasso.Errorf(picasso.CodeBusy, "no room")}
	}})
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := newCall("")
		call.Body, call.ContentLength = r.Body, r.ContentLength
		http.Error(w, client.Invoke(r.Context(), call, w).Err.Detail, http.StatusServiceUnavailable)
	}))
	defer front.Close()
	caller, err := net.Dial("tcp", front.Listener.Addr().String())
	require.NoError(t, err)
	defer caller.Close()
	_, err = io.WriteString(caller, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nbegin")
	require.NoError(t, err)
	require.NoError(t, caller.SetReadDeadline(time.Now().Add(patience)))
	resp, err := http.ReadResponse(bufio.NewReader(caller), nil)
	require.NoError(t, err)
	resp.Body.Close()
	require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
}

func TestInvokeCallerGone(t *testing.T) {
	client, _ := setup(t, &scripted{invoke: echo})
	out := client.Invoke(t.Context(), newCall(strings.Repeat("x", 1<<20)), goneWriter{http.Header{}})
	require.Nil(t, out.Err)
	require.Equal(t, int64(1<<20), out.OutputBytes, "the function runs to its end")
}

// TestInvokeOutlastsASlowCaller: the engine gives up on a caller that does not
// take its answer, and its word on the call arrives all the same.
func TestInvokeOutlastsASlowCaller(t *testing.T) {
	size := int64(24 << 20) // more than what the sockets in between hold
	client, _ := setup(t, &scripted{invoke: func(_ context.Context, _ *picasso.Call, w http.ResponseWriter) picasso.Outcome {
		conn := http.NewResponseController(w)
		var out picasso.Outcome
		out.Err = picasso.AsError(conn.SetWriteDeadline(time.Now().Add(100 * time.Millisecond)))
		for part := make([]byte, 32<<10); out.OutputBytes < size && out.Err == nil; {
			n, err := w.Write(part)
			out.OutputBytes += int64(n)
			out.Err = picasso.AsError(err)
		}
		_ = conn.SetWriteDeadline(time.Time{})
		return out
	}})
	outs := make(chan picasso.Outcome, 1)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		outs <- client.Invoke(r.Context(), newCall(""), w)
	}))
	defer front.Close()
	caller, err := net.Dial("tcp", front.Listener.Addr().String())
	require.NoError(t, err)
	defer caller.Close()
	require.NoError(t, caller.(*net.TCPConn).SetReadBuffer(4<<10))
	_, err = io.WriteString(caller, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	select {
	case out := <-outs:
		require.Nil(t, out.Err, "%v", out.Err)
		require.Equal(t, size, out.OutputBytes)
	case <-time.After(patience):
		require.Fail(t, "the call does not end")
	}
	size = 1 << 20
	require.Nil(t, client.Invoke(t.Context(), newCall(""), httptest.NewRecorder()).Err, "on the same connection")
}

// TestInvokeOfAClientThatStandsStill: a client that was frozen with the call in
// hand, and whose host goes on for it, holds up neither the live log nor the call.
func TestInvokeOfAClientThatStandsStill(t *testing.T) {
	ended := make(chan error, 1)
	engine := &scripted{invoke: func(_ context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Hour)) // is not lifted by the log, nor waited for
		var err error
		for part, n := make([]byte, 32<<10), 0; err == nil && n < 1000; n++ { // more than what the sockets in between hold
			_, err = call.Log.Write(part)
		}
		ended <- err
		return picasso.Outcome{}
	}}
	server := NewServer(engine, testKey, ServerOptions{}, discard())
	server.grace = 100 * time.Millisecond
	client, _ := connect(t, server)
	frozen := make(chan struct{})
	call := newCall("")
	call.Log = writerFunc(func([]byte) (int, error) { <-frozen; return 0, nil })
	var invoked sync.WaitGroup
	invoked.Go(func() { client.Invoke(context.Background(), call, httptest.NewRecorder()) })
	select {
	case err := <-ended:
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	case <-time.After(patience):
		require.Fail(t, "the call does not end")
	}
	close(frozen)
	invoked.Wait()
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

type goneWriter struct{ header http.Header }

func (g goneWriter) Header() http.Header       { return g.header }
func (g goneWriter) WriteHeader(int)           {}
func (g goneWriter) Write([]byte) (int, error) { return 0, net.ErrClosed }

func TestInvokeOfAnEngineThatHangs(t *testing.T) {
	release := make(chan struct{})
	client, _ := setup(t, &scripted{invoke: func(context.Context, *picasso.Call, http.ResponseWriter) picasso.Outcome {
		<-release
		return picasso.Outcome{}
	}})
	defer close(release)
	client.hang = 100 * time.Millisecond
	require.Equal(t, picasso.CodeHostLost, client.Invoke(t.Context(), newCall("x"), httptest.NewRecorder()).Err.Code)
}

// TestInvokeAfterALargeBodyThatWasNotRead: the engine's end closes the
// connection, which must not be taken for a lost host by the next call.
func TestInvokeAfterALargeBodyThatWasNotRead(t *testing.T) {
	client, _ := setup(t, &scripted{invoke: func(context.Context, *picasso.Call, http.ResponseWriter) picasso.Outcome {
		return picasso.Outcome{}
	}})
	for range 50 {
		require.Nil(t, client.Invoke(t.Context(), newCall(strings.Repeat("x", 400<<10)), httptest.NewRecorder()).Err)
		out := client.Invoke(t.Context(), newCall(""), httptest.NewRecorder())
		require.Nil(t, out.Err, "%v", out.Err)
	}
}
