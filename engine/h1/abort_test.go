package h1

import (
	"context"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// abortable is a request with an Abort.
func abortable(t testing.TB, target string) *Request {
	r := newRequest(t, "GET", target)
	r.Abort = NewAbort()
	return r
}

func TestAbortWakesAnExchange(t *testing.T) {
	begun, gone := make(chan struct{}), make(chan struct{})
	p := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			_, _ = io.WriteString(w, "half")
			w.(http.Flusher).Flush()
		}
		close(begun)
		<-r.Context().Done()
		close(gone)
	})
	for _, target := range []string{"/head", "/body"} {
		begun, gone = make(chan struct{}), make(chan struct{})
		answering := make(chan struct{})
		r := abortable(t, target)
		go func() {
			<-begun
			if target == "/body" {
				<-answering
			}
			r.Abort.Abort()
			r.Abort.Abort()
		}()
		resp, err := p.Do(context.Background(), r, time.Time{})
		if target == "/body" {
			require.NoError(t, err)
			close(answering)
			_, err = io.Copy(io.Discard, resp)
			resp.Close()
		}
		require.Error(t, err, target)
		assert.True(t, r.Abort.Aborted())
		<-r.Abort.Done()
		<-gone // the server knows
	}
	assert.Empty(t, p.idle)
	assert.Empty(t, p.open)
}

func TestAbortBeforeTheExchange(t *testing.T) {
	p := serveHTTP(t, echo)
	r := abortable(t, "/")
	r.Abort.Abort()
	_, err := p.Do(context.Background(), r, time.Time{})
	require.ErrorIs(t, err, ErrAborted)
}

// TestAbortAfterTheExchange: the connection is another's by then.
func TestAbortAfterTheExchange(t *testing.T) {
	p := serveHTTP(t, echo)
	first := abortable(t, "/")
	exchange(t, p, first)
	second := abortable(t, "/")
	resp, err := p.Do(context.Background(), second, time.Now().Add(time.Minute))
	require.NoError(t, err)
	first.Abort.Abort()
	_, err = io.Copy(io.Discard, resp)
	require.NoError(t, err)
	resp.Close()
	assert.Len(t, p.idle, 1, "one connection did for both")
	assert.False(t, second.Abort.Aborted())
	assert.False(t, (*Abort)(nil).Aborted())
}

// TestAbortAtAnyMoment: whatever it hits, the connections left are good ones.
func TestAbortAtAnyMoment(t *testing.T) {
	p := serveHTTP(t, echo)
	for range 500 {
		r := abortable(t, "/")
		var wg sync.WaitGroup
		wg.Go(r.Abort.Abort)
		if resp, err := p.Do(context.Background(), r, time.Now().Add(time.Minute)); err == nil {
			_, _ = io.Copy(io.Discard, resp) // whole or not
			resp.Close()
		}
		wg.Wait()
		exchange(t, p, newRequest(t, "GET", "/"))
	}
}

// exchange is an exchange that succeeds.
func exchange(t testing.TB, p *Pool, r *Request) {
	t.Helper()
	resp, err := p.Do(context.Background(), r, time.Now().Add(time.Minute))
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, resp)
	require.NoError(t, err)
	resp.Close()
}
