package engine_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"maps"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/enginetest"
)

const patience = 20 * time.Second

func callOf(fn *picasso.Function, body string) *picasso.Call {
	return &picasso.Call{
		ExecutionID: "exec", Function: fn, Method: "POST", Path: "/", URL: "https://faas.example/f/x?a=b",
		Header: http.Header{}, Body: strings.NewReader(body), ContentLength: int64(len(body)),
	}
}

// requests collects what an fn function sees.
type requests struct {
	mu   sync.Mutex
	seen []*http.Request
}

func (r *requests) last() *http.Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen[len(r.seen)-1]
}

func (r *requests) wrap(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		r.mu.Lock()
		r.seen = append(r.seen, req)
		r.mu.Unlock()
		h(w, req)
	}
}

func TestFnWireFormat(t *testing.T) {
	var seen requests
	e := localEngine(t, map[string]enginetest.Program{"f": fnProgram(seen.wrap(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Fn-Http-Status", "418")
		w.Header().Set("Fn-Http-H-X-Own", "yes")
		w.Header().Set("Fn-Http-H-Connection", "close")
		w.Header().Set("Fn-Http-H-Content-Length", "1000")
		w.Header().Set("Fn-Fdk-Version", "fdk-go/0.0.66")
		w.Header().Set("Content-Type", "text/tea")
		_, _ = io.WriteString(w, "pot")
	}))})
	fn := localFunction(picasso.ContractFn, "f")
	fn.TimeoutS = 60

	c := callOf(fn, "x")
	c.Header = http.Header{"X-A": {"1", "2"}, "Content-Type": {"a/b"}, "Fn-Call-Id": {"forged"}, "Te": {"trailers"},
		"Picasso-Execution-Id": {"forged"}, "Picasso-Attempt": {"99"}}
	c.Attempt = 3
	w := httptest.NewRecorder()
	out := e.Invoke(t.Context(), c, w)
	require.Nil(t, out.Err, "%v", out.Err)
	r := seen.last()
	assert.Equal(t, "POST /call localhost", r.Method+" "+r.RequestURI+" "+r.Host)
	assert.Equal(t, []string{"exec"}, r.Header["Fn-Call-Id"])
	assert.Equal(t, []string{"exec"}, r.Header["Picasso-Execution-Id"])
	assert.Equal(t, []string{"3"}, r.Header["Picasso-Attempt"])
	assert.Equal(t, []string{"1", "2"}, r.Header["X-A"])
	assert.Equal(t, "a/b", r.Header.Get("Content-Type"))
	assert.Empty(t, r.Header["Fn-Intent"])
	assert.Empty(t, r.Header["Te"])
	deadline, err := time.Parse(time.RFC3339, r.Header.Get("Fn-Deadline"))
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now().Add(time.Minute), deadline, 10*time.Second)
	assert.Equal(t, 200, w.Code, "the status is for function URLs")
	assert.Equal(t, 418, out.HTTPStatus, "and for the record")
	assert.Equal(t, "fdk-go/0.0.66", w.Header().Get("Fn-Fdk-Version"))

	c = callOf(fn, "x")
	c.Gateway, c.Method = true, "PATCH"
	c.Header = http.Header{"X-A": {"1", "2"}, "Content-Type": {"a/b"}, "Fn-Intent": {"forged"}}
	w = httptest.NewRecorder()
	out = e.Invoke(t.Context(), c, w)
	require.Nil(t, out.Err, "%v", out.Err)
	r = seen.last()
	assert.Equal(t, []string{"httprequest"}, r.Header["Fn-Intent"])
	assert.Equal(t, "PATCH", r.Header.Get("Fn-Http-Method"))
	assert.Equal(t, c.URL, r.Header.Get("Fn-Http-Request-Url"))
	assert.Equal(t, []string{"1", "2"}, r.Header["Fn-Http-H-X-A"])
	assert.Equal(t, "a/b", r.Header.Get("Content-Type"))
	assert.Equal(t, 418, w.Code)
	assert.Equal(t, http.Header{"X-Own": {"yes"}, "Content-Type": {"text/tea"}, "Content-Length": {"3"}}, w.Header())
	assert.Equal(t, 418, out.HTTPStatus)
}

// TestClosedWhileIdle: the server in a function may close an idle connection;
// one that exits while idle is replaced. Callers notice neither.
func TestClosedWhileIdle(t *testing.T) {
	var starts, closed atomic.Int32
	quit := make(chan struct{}, 1)
	e := localEngine(t, map[string]enginetest.Program{"f": func(ctx context.Context, in enginetest.Inside) int {
		starts.Add(1)
		l, err := net.Listen("unix", filepath.Join(in.SocketDir, "lsnr.sock"))
		if err != nil {
			return 1
		}
		server := &http.Server{
			Handler: http.HandlerFunc(echo), IdleTimeout: 5 * time.Millisecond,
			ConnState: func(_ net.Conn, state http.ConnState) {
				if state == http.StateClosed {
					closed.Add(1)
				}
			},
		}
		go func() { _ = server.Serve(l) }()
		defer server.Close()
		select {
		case <-ctx.Done():
		case <-quit:
		}
		return 0
	}})
	fn := localFunction(picasso.ContractFn, "f")
	for i := range int32(20) {
		out := e.Invoke(t.Context(), callOf(fn, "x"), httptest.NewRecorder())
		require.Nil(t, out.Err, "%v", out.Err)
		require.Eventually(t, func() bool { return closed.Load() > i }, patience, time.Millisecond)
	}
	assert.EqualValues(t, 1, starts.Load())
	quit <- struct{}{}
	require.Eventually(t, func() bool {
		host, err := e.Host(t.Context())
		return err == nil && host.Sandboxes == 0
	}, patience, time.Millisecond)
	out := e.Invoke(t.Context(), callOf(fn, "x"), httptest.NewRecorder())
	require.Nil(t, out.Err, "%v", out.Err)
}

// TestStopsListening: a function that takes no more connections is replaced
// within the call that finds out.
func TestStopsListening(t *testing.T) {
	var starts atomic.Int32
	e := localEngine(t, map[string]enginetest.Program{"f": func(ctx context.Context, in enginetest.Inside) int {
		starts.Add(1)
		l, err := net.Listen("unix", filepath.Join(in.SocketDir, "lsnr.sock"))
		if err != nil {
			return 1
		}
		c, err := l.Accept()
		if err != nil {
			return 1
		}
		l.Close()
		if r, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
		}
		c.Close()
		<-ctx.Done()
		return 0
	}})
	fn := localFunction(picasso.ContractFn, "f")
	for i := range 3 {
		w := httptest.NewRecorder()
		out := e.Invoke(t.Context(), callOf(fn, "x"), w)
		require.Nil(t, out.Err, "%v", out.Err)
		assert.Equal(t, "ok", w.Body.String())
		assert.EqualValues(t, i+1, starts.Load())
	}
}

func TestHealthPath(t *testing.T) {
	var asked atomic.Int32
	var called atomic.Bool
	e := localEngine(t, map[string]enginetest.Program{"f": func(ctx context.Context, in enginetest.Inside) int {
		return serveUntil(ctx, in.Port, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/healthz" {
				called.Store(true)
			} else if asked.Add(1) < 4 {
				assert.False(t, called.Load(), "called before it was ready")
				http.Error(w, "warming up", http.StatusServiceUnavailable)
			}
		}))
	}})
	fn := localFunction(picasso.ContractWeb, "f")
	fn.HealthPath = "/healthz"
	out := e.Invoke(t.Context(), callOf(fn, ""), httptest.NewRecorder())
	require.Nil(t, out.Err, "%v", out.Err)
	assert.EqualValues(t, 4, asked.Load())
}

// TestCallerIsGone: the function runs to its end, and its sandbox is as good as before.
func TestCallerIsGone(t *testing.T) {
	ended := make(chan struct{}, 1)
	begun := make(chan struct{}, 1)
	e := localEngine(t, map[string]enginetest.Program{"f": fnProgram(func(w http.ResponseWriter, r *http.Request) {
		begun <- struct{}{}
		_, err := io.CopyN(w, zeros{}, 4<<20)
		assert.NoError(t, err, "it does not notice")
		ended <- struct{}{}
	})})
	fn := localFunction(picasso.ContractFn, "f")
	outs := make(chan picasso.Outcome, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		outs <- e.Invoke(r.Context(), callOf(fn, ""), w)
	}))
	defer server.Close()
	c, err := net.Dial("tcp", server.Listener.Addr().String())
	require.NoError(t, err)
	_, _ = io.WriteString(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
	<-begun
	c.Close()
	<-ended
	out := <-outs
	assert.Nil(t, out.Err, "%v", out.Err)
	assert.EqualValues(t, 4<<20, out.OutputBytes)
	host, err := e.Host(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, host.SandboxesIdle)
}

// TestLengthOfAnswers: nothing is made up about a body that is not there (RFC
// 9110, 8.6), above all not that it is empty.
func TestLengthOfAnswers(t *testing.T) {
	e := localEngine(t, map[string]enginetest.Program{
		"web": func(ctx context.Context, in enginetest.Inside) int {
			return serveUntil(ctx, in.Port, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				maps.Copy(w.Header(), r.URL.Query())
				_, _ = io.WriteString(w, r.Header.Get("Body"))
			}))
		},
	})
	for _, tt := range []struct {
		name, method, path, body string
		want                     []string
	}{
		{"HEAD of unknown length", "HEAD", "/?Transfer-Encoding=chunked", "", nil},
		{"HEAD", "HEAD", "/?Content-Length=1000", "", []string{"1000"}},
		{"an empty body", "GET", "/?Transfer-Encoding=chunked", "", []string{"0"}},
		{"a small body", "GET", "/?Transfer-Encoding=chunked", "hello", []string{"5"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			call := callOf(localFunction(picasso.ContractWeb, "web"), "")
			call.Method, call.Path, call.Gateway = tt.method, tt.path, true
			call.Header.Set("Body", tt.body)
			w := httptest.NewRecorder()
			require.Nil(t, e.Invoke(t.Context(), call, w).Err)
			assert.Equal(t, tt.want, w.Header()["Content-Length"])
		})
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestBodyThatCannotBeRead(t *testing.T) {
	e := localEngine(t, map[string]enginetest.Program{"f": fnProgram(echo)})
	fn := localFunction(picasso.ContractFn, "f")
	for _, length := range []int64{5, 1 << 20, -1} {
		c := callOf(fn, "")
		c.Body, c.ContentLength = io.MultiReader(strings.NewReader("x"), errorReader{}), length
		w := httptest.NewRecorder()
		out := e.Invoke(t.Context(), c, w)
		require.NotNil(t, out.Err)
		assert.Equal(t, picasso.CodeInvalid, out.Err.Code)
		assert.ErrorIs(t, out.Err, errLost)
		assert.NotContains(t, out.Err.Detail, "lost", "causes are for the log")
		assert.Zero(t, w.Body.Len())
	}
}

var errLost = errors.New("connection lost")

type errorReader struct{}

func (errorReader) Read([]byte) (int, error) { return 0, errLost }

func TestStdioOnGoroutines(t *testing.T) {
	e := localEngine(t, map[string]enginetest.Program{
		"upper": func(_ context.Context, in enginetest.Inside) int {
			b, _ := io.ReadAll(in.Stdin)
			_, _ = io.WriteString(in.Stderr, in.Env["METHOD"]+" "+in.Env["REQUEST_URL"]+" "+in.Env["HEADER_X_A"])
			_, _ = io.WriteString(in.Stdout, strings.ToUpper(string(b)))
			return 0
		},
		"fail":    func(_ context.Context, in enginetest.Inside) int { _, _ = io.WriteString(in.Stderr, "why"); return 4 },
		"killed":  func(context.Context, enginetest.Inside) int { return 137 },
		"endless": func(ctx context.Context, _ enginetest.Inside) int { <-ctx.Done(); return 0 },
		"flood": func(ctx context.Context, in enginetest.Inside) int {
			for ctx.Err() == nil {
				_, _ = in.Stdout.Write(make([]byte, 1<<20))
			}
			return 0
		},
	})
	for _, tt := range []struct {
		program, detail string
		code            picasso.Code
	}{
		{"fail", "exit code 4; its log ends: why", picasso.CodeFunctionFailed},
		{"killed", "signal 9", picasso.CodeFunctionDied},
		{"endless", "timeout_s", picasso.CodeTimedOut},
		{"flood", "larger than 6291456 bytes", picasso.CodeResponseTooLarge},
		{"missing", "no program", picasso.CodeSandboxFailed},
	} {
		fn := localFunction(picasso.ContractStdio, tt.program)
		if tt.code == picasso.CodeTimedOut {
			fn.TimeoutS = 1
		}
		w := httptest.NewRecorder()
		out := e.Invoke(t.Context(), callOf(fn, ""), w)
		require.NotNil(t, out.Err, tt.program)
		assert.Equal(t, tt.code, out.Err.Code, tt.program)
		assert.Contains(t, out.Err.Detail, tt.detail)
		assert.Zero(t, w.Body.Len())
	}
	fn := localFunction(picasso.ContractStdio, "upper")
	c := callOf(fn, "abc")
	c.Header = http.Header{"X-A": {"1"}}
	w := httptest.NewRecorder()
	out := e.Invoke(t.Context(), c, w)
	require.Nil(t, out.Err, "%v", out.Err)
	assert.Equal(t, "ABC", w.Body.String())
	assert.Equal(t, "POST https://faas.example/f/x?a=b 1", string(out.Log))
}

// TestManyCallers is every part at once, for the race detector.
func TestManyCallers(t *testing.T) {
	e := localEngine(t, map[string]enginetest.Program{"f": fnProgram(echo)})
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			fn := localFunction(picasso.ContractFn, "f")
			for i := range 100 {
				body := strings.Repeat("x", i*1000)
				w := httptest.NewRecorder()
				out := e.Invoke(t.Context(), callOf(fn, body), w)
				if !assert.Nil(t, out.Err, "%v", out.Err) || !assert.Equal(t, body, w.Body.String()) {
					return
				}
			}
		})
	}
	wg.Wait()
	require.NoError(t, e.Retire(t.Context(), localFunction(picasso.ContractFn, "f").ID, math.MaxInt64))
	require.Eventually(t, func() bool {
		host, err := e.Host(t.Context())
		return err == nil && host.Sandboxes == 0
	}, patience, time.Millisecond)
}
