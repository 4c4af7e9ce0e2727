package h1

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// echo answers with the request's body, and tells what it saw in its header.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Saw", fmt.Sprint(r.Method, " ", r.RequestURI, " ", r.Host, " ", r.ContentLength, " ", r.TransferEncoding))
	w.Header().Set("Saw-Remote", r.RemoteAddr)
	if r.Header.Get("Chunked") != "" {
		w.(http.Flusher).Flush()
	}
	_, _ = w.Write(body)
}

func TestBodies(t *testing.T) {
	p := serveHTTP(t, echo)
	for _, size := range []int{0, 1, 2, 4096, 65536, 1 << 20} {
		data := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
		bodies := map[string]func(r *Request){
			"payload": func(r *Request) { r.Payload = data },
			"length":  func(r *Request) { r.Body, r.ContentLength = bytes.NewReader(data), int64(size) },
			"chunked": func(r *Request) { r.Body, r.ContentLength = bytes.NewReader(data), -1 },
			"halves":  func(r *Request) { r.Body, r.ContentLength = iotest.HalfReader(bytes.NewReader(data)), -1 },
			"data with EOF": func(r *Request) {
				r.Body, r.ContentLength = iotest.DataErrReader(bytes.NewReader(data)), int64(size)
			},
		}
		for name, set := range bodies {
			for _, chunked := range []string{"", "yes"} {
				t.Run(fmt.Sprintf("%d %s answer chunked %q", size, name, chunked), func(t *testing.T) {
					r := newRequest(t, "POST", "/a%2Fb?c=d")
					defer r.Free()
					r.Add("Chunked", chunked)
					set(r)
					resp, err := p.Do(context.Background(), r, time.Now().Add(time.Minute))
					require.NoError(t, err)
					got, err := io.ReadAll(resp)
					require.NoError(t, err)
					assert.True(t, bytes.Equal(data, got), "%d bytes", len(got))
					assert.Equal(t, 200, resp.Status)
					assert.Contains(t, resp.Header.Get("Saw"), "POST /a%2Fb?c=d fn.example")
					resp.Close()
				})
			}
		}
	}
	assert.Len(t, p.open, 1, "one connection carries all of it")
}

func TestMethodsWithoutBody(t *testing.T) {
	p := serveHTTP(t, echo)
	for _, method := range []string{"GET", "HEAD", "OPTIONS", "DELETE", "POST", "PUT", "BREW"} {
		r := newRequest(t, method, "/")
		resp, err := p.Do(context.Background(), r, time.Time{})
		require.NoError(t, err, method)
		got, err := io.ReadAll(resp)
		require.NoError(t, err)
		assert.Empty(t, got)
		assert.Contains(t, resp.Header.Get("Saw"), method+" / fn.example 0")
		resp.Close()
	}
	assert.Len(t, p.open, 1)
}

func TestHeaderFields(t *testing.T) {
	var seen http.Header
	p := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header
		w.Header()["Twice"] = []string{"a", "b"}
		w.WriteHeader(204)
	})
	r := newRequest(t, "GET", "/")
	header := http.Header{
		"Good":       {"one", "two"},
		"Bad":        {"a\r\nInjected: yes", "b\nInjected: yes", "nul\x00"},
		"Bad Name":   {"x"},
		"Bad:":       {"x"},
		"Connection": {"close, secret"}, "Secret": {"x"}, "Upgrade": {"websocket"}, "Te": {"trailers"},
		"Transfer-Encoding": {"chunked"}, "Content-Length": {"7"}, "Expect": {"100-continue"}, "Host": {"evil"},
	}
	for name, values := range header {
		if Forwarded(header, name) {
			for _, value := range values {
				r.Add(name, value)
			}
		}
	}
	r.AddPrefixed("Fn-Http-H-", "Host", "caller.example")
	resp, err := p.Do(context.Background(), r, time.Time{})
	require.NoError(t, err)
	defer resp.Close()
	assert.Equal(t, http.Header{"Good": {"one", "two"}, "Fn-Http-H-Host": {"caller.example"}}, seen)
	assert.Equal(t, []string{"a", "b"}, resp.Header["Twice"])
	assert.Equal(t, 204, resp.Status)
}

func TestRequestLineIsChecked(t *testing.T) {
	for _, tt := range [][3]string{
		{"GE T", "/", "h"}, {"", "/", "h"}, {"GET\r\n", "/", "h"},
		{"GET", "", "h"}, {"GET", "/a b", "h"}, {"GET", "/\r\nX: y", "h"}, {"GET", "/\x00", "h"},
		{"GET", "/", "h\r\nX: y"}, {"GET", "/", "a b"},
	} {
		_, err := NewRequest(tt[0], tt[1], tt[2])
		assert.Error(t, err, "%q", tt)
	}
}

func TestAnswerBeforeBodyIsSent(t *testing.T) {
	p := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(403)
		_, _ = io.WriteString(w, "no")
	})
	source, feed := io.Pipe() // a caller that never sends anything
	defer feed.Close()
	r := newRequest(t, "POST", "/")
	r.Body, r.ContentLength = source, 1<<20
	resp, err := p.Do(context.Background(), r, time.Now().Add(time.Minute))
	require.NoError(t, err)
	got, err := io.ReadAll(resp)
	require.NoError(t, err)
	assert.Equal(t, "no", string(got))
	resp.Close()
	assert.Empty(t, p.open, "half a request was sent: the connection is of no use")
}

func TestBothWaysAtOnce(t *testing.T) {
	p := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex()
		w.(http.Flusher).Flush()
		_, _ = io.Copy(w, r.Body)
	})
	source, feed := io.Pipe()
	r := newRequest(t, "POST", "/")
	r.Body, r.ContentLength = source, -1
	resp, err := p.Do(context.Background(), r, time.Now().Add(time.Minute))
	require.NoError(t, err)
	const size = 8 << 20 // more than all buffers on the way
	go func() {
		_, _ = io.Copy(feed, io.LimitReader(zeros{}, size))
		feed.Close()
	}()
	n, err := io.Copy(io.Discard, resp)
	require.NoError(t, err)
	assert.Equal(t, int64(size), n)
	resp.Close()
	assert.Len(t, p.open, 1)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestSourceOfBodyFails(t *testing.T) {
	p := serveHTTP(t, echo)
	lost := errors.New("caller lost")
	for name, length := range map[string]int64{"length": 1 << 20, "chunked": -1} {
		for what, body := range map[string]io.Reader{
			"error":     io.MultiReader(strings.NewReader("begin"), iotest.ErrReader(lost)),
			"too short": strings.NewReader("begin"),
		} {
			if length < 0 && what == "too short" {
				continue
			}
			t.Run(name+" "+what, func(t *testing.T) {
				r := newRequest(t, "POST", "/")
				r.Body, r.ContentLength = body, length
				_, err := p.Do(context.Background(), r, time.Now().Add(time.Minute))
				var fault *BodyError
				require.ErrorAs(t, err, &fault)
				if what == "error" {
					assert.ErrorIs(t, err, lost)
				}
				assert.Empty(t, p.open)
			})
		}
	}
}

func TestTrailer(t *testing.T) {
	p := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "Sum")
		_, _ = io.WriteString(w, "body")
		w.Header().Set("Sum", "42")
	})
	for range 2 {
		resp, err := p.Do(context.Background(), newRequest(t, "GET", "/"), time.Time{})
		require.NoError(t, err)
		got, err := io.ReadAll(resp)
		require.NoError(t, err)
		assert.Equal(t, "body", string(got))
		assert.Equal(t, "42", resp.Trailer.Get("Sum"))
		resp.Close()
	}
	assert.Len(t, p.open, 1)
}

func TestIdleConnections(t *testing.T) {
	var dials atomic.Int32
	p := serveHTTP(t, echo)
	dial := p.Dial
	p.Dial = func(ctx context.Context) (net.Conn, error) { dials.Add(1); return dial(ctx) }
	get := func() {
		t.Helper()
		resp, err := p.Do(context.Background(), newRequest(t, "GET", "/"), time.Time{})
		require.NoError(t, err)
		_, err = io.ReadAll(resp)
		require.NoError(t, err)
		resp.Close()
	}
	get()
	get()
	assert.EqualValues(t, 1, dials.Load(), "kept")
	p.MaxIdleTime = time.Nanosecond
	get()
	assert.EqualValues(t, 2, dials.Load(), "idle too long")
	p.MaxIdleTime = time.Hour
	get()
	assert.EqualValues(t, 2, dials.Load())
	// A deadline of an earlier exchange is no reason to give a connection up.
	r := newRequest(t, "GET", "/")
	deadline := time.Now().Add(200 * time.Millisecond)
	resp, err := p.Do(context.Background(), r, deadline)
	require.NoError(t, err)
	_, _ = io.ReadAll(resp)
	resp.Close()
	require.Eventually(t, func() bool { return time.Now().After(deadline) }, time.Second, 10*time.Millisecond)
	get()
	assert.EqualValues(t, 2, dials.Load())
}

// TestIdleConnectionsAfterABurst: those that are not needed any more do not
// stay open behind the one that is.
func TestIdleConnectionsAfterABurst(t *testing.T) {
	p := serveHTTP(t, echo)
	p.MaxIdleTime = time.Hour
	var burst []*Conn
	for range 5 {
		c, err := p.Get(t.Context())
		require.NoError(t, err)
		burst = append(burst, c)
	}
	for _, c := range burst {
		p.Put(c)
	}
	assert.Len(t, p.open, 5)
	for _, c := range burst[:4] {
		c.idle = c.idle.Add(-2 * time.Hour)
	}
	c, err := p.Get(t.Context())
	require.NoError(t, err)
	assert.Same(t, burst[4], c)
	p.Put(c)
	assert.Len(t, p.open, 1)
	assert.Equal(t, []*Conn{c}, p.idle)
}

// TestFreshConnection: one that was only opened is kept for the first exchange.
func TestFreshConnection(t *testing.T) {
	p := serveHTTP(t, echo)
	c, err := p.Get(context.Background())
	require.NoError(t, err)
	p.Put(c)
	assert.Equal(t, []*Conn{c}, p.idle)
	resp, err := p.Do(context.Background(), newRequest(t, "GET", "/"), time.Time{})
	require.NoError(t, err)
	_, err = io.ReadAll(resp)
	require.NoError(t, err)
	resp.Close()
	assert.Equal(t, []*Conn{c}, p.idle)
}

func TestResponseThatIsNotRead(t *testing.T) {
	p := serveHTTP(t, echo)
	r := newRequest(t, "POST", "/")
	r.Payload = []byte("not read")
	resp, err := p.Do(context.Background(), r, time.Time{})
	require.NoError(t, err)
	resp.Close()
	assert.Empty(t, p.open)
}

func TestClosedPool(t *testing.T) {
	entered := make(chan struct{})
	p := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		close(entered)
		<-r.Context().Done()
	})
	go func() {
		<-entered
		p.Close()
	}()
	_, err := p.Do(context.Background(), newRequest(t, "GET", "/"), time.Time{})
	assert.Error(t, err, "an exchange under way fails")
	_, err = p.Do(context.Background(), newRequest(t, "GET", "/"), time.Time{})
	assert.ErrorIs(t, err, ErrNotSent)
}

// TestCutTellsOfWhatWasNotRead: what has come, and nobody read, is lost with the connection.
func TestCutTellsOfWhatWasNotRead(t *testing.T) {
	for more, want := range map[string]bool{"": false, "W": true} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close()
		pool := &Pool{Dial: func(context.Context) (net.Conn, error) { return net.Dial("tcp", l.Addr().String()) }}
		goOn := make(chan struct{})
		go func() {
			server, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(server, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n")
			<-goOn
			_, _ = io.WriteString(server, more)
		}()
		req, err := NewRequest(http.MethodPost, "/", "x")
		require.NoError(t, err)
		resp, err := pool.Do(t.Context(), req, time.Now().Add(time.Minute))
		require.NoError(t, err)
		resp.Prompt()
		close(goOn)
		if want {
			require.Eventually(t, func() bool { return !resp.conn.alive() }, time.Minute, time.Millisecond)
		}
		pool.Cut()
		_, err = resp.Read(make([]byte, 1))
		require.Error(t, err)
		require.Equal(t, want, resp.Unread())
		resp.Close()
	}
}
