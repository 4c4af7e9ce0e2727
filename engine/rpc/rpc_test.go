package rpc

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/h1"
	"github.com/picasso-faas/picasso/engine/socket"
)

// patience is how long a test waits for what must come.
const patience = 10 * time.Second

// scripted is an engine whose calls the test writes; what it is told to keep
// or to forget it writes down.
type scripted struct {
	invoke func(ctx context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome
	hangs  chan struct{} // is told that an image of this name is asked for

	mu      sync.Mutex
	warmed  []*picasso.Function
	retired []retirement
	ended   []string // cancelled
}

func (s *scripted) Invoke(ctx context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
	return s.invoke(ctx, call, w)
}

func (s *scripted) ResolveImage(ctx context.Context, ref string) (string, error) {
	if ref == "hangs" {
		s.hangs <- struct{}{}
		<-ctx.Done()
	}
	if ref == "missing" {
		return "", picasso.Errorf(picasso.CodeImageUnavailable, "image: %q: manifest unknown", ref)
	}
	return ref + "@sha256:0", nil
}

func (s *scripted) Warm(_ context.Context, fn *picasso.Function) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.warmed = append(s.warmed, fn)
	return nil
}

func (s *scripted) Cancel(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = append(s.ended, id)
	return nil
}

func (s *scripted) Retire(_ context.Context, id string, below int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.retired = append(s.retired, retirement{id, below})
	return nil
}

func (s *scripted) Host(context.Context) (picasso.Host, error) {
	return picasso.Host{Name: "compute-1", MemoryMB: 1024}, nil
}

// echo answers with what came in, after reading all of it.
func echo(_ context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
	body, err := io.ReadAll(call.Body)
	if err != nil {
		return picasso.Outcome{Err: picasso.AsError(err)}
	}
	w.Header()["X-Seen"] = call.Header["X-Custom"]
	w.WriteHeader(http.StatusTeapot)
	n, _ := w.Write(body)
	return picasso.Outcome{HTTPStatus: http.StatusTeapot, Run: time.Millisecond, OutputBytes: int64(n), Log: []byte("log of " + call.ExecutionID)}
}

// setup starts a server in front of the engine, and a client of it.
func setup(t *testing.T, engine picasso.Engine) (*Client, *httptest.Server) {
	t.Helper()
	return connect(t, NewServer(engine, testKey, ServerOptions{}, discard()))
}

// connect is setup with a server that is there already.
func connect(t testing.TB, handler *Server) (*Client, *httptest.Server) {
	t.Helper()
	server := serve(t, handler)
	client, err := NewClient(Endpoint{URL: server.URL, Key: testKey}, discard())
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return client, server
}

// serve serves as picasso-engine does.
func serve(t testing.TB, handler *Server) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Listener = socket.Listener{Listener: server.Listener}
	server.Config.ConnContext = handler.ConnContext
	server.Start()
	t.Cleanup(server.Close)
	return server
}

func discard() *logrus.Logger {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return log
}

func newCall(body string) *picasso.Call {
	return &picasso.Call{
		ExecutionID: "e1", RequestID: "req-1", Method: http.MethodPut, URL: "http://faas/f/f1/a%2Fb?x=ä", Path: "/a%2Fb?x=ä",
		Function: &picasso.Function{ID: "f1", Revision: 3, AppConfig: map[string]string{"A": "1"}},
		Header:   http.Header{"X-Custom": {"one", "two"}, "Content-Type": {"text/plain"}, "Picasso-Rpc-Function": {"forged 1"}},
		Body:     strings.NewReader(body), ContentLength: int64(len(body)), Gateway: true,
	}
}

func TestInvoke(t *testing.T) {
	var seen picasso.Call
	client, _ := setup(t, &scripted{invoke: func(ctx context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
		seen = *call
		return echo(ctx, call, w)
	}})
	for _, size := range []int{0, 1, h1.ReadAhead, h1.ReadAhead + 1, 5 << 20} {
		body := strings.Repeat("x", size)
		w := httptest.NewRecorder()
		out := client.Invoke(t.Context(), newCall(body), w)
		require.Nil(t, out.Err)
		require.Equal(t, http.StatusTeapot, w.Code)
		require.Equal(t, []string{"one", "two"}, w.Header()["X-Seen"])
		require.True(t, body == w.Body.String(), "body of %d bytes", size)
		require.Equal(t, "log of e1", string(out.Log))
		require.Equal(t, int64(size), out.OutputBytes)
		require.Equal(t, time.Millisecond, out.Run)
	}
	want := newCall("")
	require.Equal(t, want.Function, seen.Function)
	require.Equal(t, []any{want.Method, want.URL, want.Path, want.RequestID, true},
		[]any{seen.Method, seen.URL, seen.Path, seen.RequestID, seen.Gateway})
	for name := range seen.Header {
		require.NotContains(t, name, prefix)
	}
}

// TestStartedIsByTheClockOfTheCaller, not that of the host.
func TestStartedIsByTheClockOfTheCaller(t *testing.T) {
	started := time.Time{}
	client, _ := setup(t, &scripted{invoke: func(context.Context, *picasso.Call, http.ResponseWriter) picasso.Outcome {
		return picasso.Outcome{Started: started, Wait: 50 * time.Millisecond, Run: time.Hour}
	}})
	for _, skew := range []time.Duration{-time.Hour, 0, time.Hour} {
		before := time.Now()
		started = before.Add(skew)
		out := client.Invoke(t.Context(), newCall("x"), httptest.NewRecorder())
		require.Nil(t, out.Err)
		require.WithinRange(t, out.Started, before.Add(50*time.Millisecond), time.Now().Add(50*time.Millisecond))
	}
	started = time.Time{}
	require.Zero(t, client.Invoke(t.Context(), newCall("x"), httptest.NewRecorder()).Started, "no sandbox took it")
}

func TestInvokeOfAnEngineThatDoesNotReadTheBody(t *testing.T) {
	client, _ := setup(t, &scripted{invoke: func(context.Context, *picasso.Call, http.ResponseWriter) picasso.Outcome {
		return picasso.Outcome{Err: picasso.Errorf(picasso.CodeBusy, "no room")}
	}})
	for n := range 200 { // on one connection, if that survives
		out := client.Invoke(t.Context(), newCall("unread"), httptest.NewRecorder())
		require.Equal(t, picasso.CodeBusy, out.Err.Code, "call %d: %v", n, out.Err)
	}
}

func TestInvokeBodyOfUnknownLength(t *testing.T) {
	client, _ := setup(t, &scripted{invoke: echo})
	call := newCall("streamed")
	call.ContentLength = -1
	w := httptest.NewRecorder()
	require.Nil(t, client.Invoke(t.Context(), call, w).Err)
	require.Equal(t, "streamed", w.Body.String())
}

func TestInvokeStreamsBothWays(t *testing.T) {
	client, _ := setup(t, &scripted{invoke: func(_ context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
		buf := make([]byte, 4)
		for {
			n, err := io.ReadFull(call.Body, buf)
			if err != nil {
				return picasso.Outcome{}
			}
			_, _ = w.Write(buf[:n])
			_ = http.NewResponseController(w).Flush()
		}
	}})
	in, feed := io.Pipe()
	out, answer := io.Pipe()
	call := newCall("")
	call.Body, call.ContentLength = in, -1
	done := make(chan picasso.Outcome, 1)
	go func() { done <- client.Invoke(t.Context(), call, &pipeWriter{answer, http.Header{}}) }()
	buf := make([]byte, 4)
	for _, word := range []string{"ping", "pong"} {
		_, err := io.WriteString(feed, word)
		require.NoError(t, err)
		_, err = io.ReadFull(out, buf)
		require.NoError(t, err)
		require.Equal(t, word, string(buf), "comes back before the next is sent")
	}
	feed.Close()
	require.Nil(t, (<-done).Err)
}

type pipeWriter struct {
	*io.PipeWriter
	header http.Header
}

func (p *pipeWriter) Header() http.Header { return p.header }
func (p *pipeWriter) WriteHeader(int)     {}
func (p *pipeWriter) Flush()              {}

func TestInvokeAfterARestartOfTheEngine(t *testing.T) {
	client, server := setup(t, &scripted{invoke: echo})
	require.Nil(t, client.Invoke(t.Context(), newCall("a"), httptest.NewRecorder()).Err)
	address := server.Listener.Addr().String()
	server.CloseClientConnections()
	server.Close()

	out := client.Invoke(t.Context(), newCall("b"), httptest.NewRecorder())
	require.Equal(t, picasso.CodeUnavailable, out.Err.Code)
	require.Positive(t, out.Err.RetryAfter)

	listener, err := net.Listen("tcp", address)
	require.NoError(t, err)
	again := &http.Server{Handler: NewServer(&scripted{invoke: echo}, testKey, ServerOptions{}, client.log), ReadHeaderTimeout: time.Minute}
	go func() { _ = again.Serve(listener) }()
	defer again.Close()
	w := httptest.NewRecorder()
	require.Nil(t, client.Invoke(t.Context(), newCall("c"), w).Err)
	require.Equal(t, "c", w.Body.String())
}

func TestInvokeErrors(t *testing.T) {
	failure := picasso.Errorf(picasso.CodeBusy, "no room")
	failure.RetryAfter = time.Second
	code := 137
	client, _ := setup(t, &scripted{invoke: func(_ context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
		if call.Path == "/abort" {
			_, _ = w.Write([]byte("half"))
			panic(http.ErrAbortHandler)
		}
		_, _ = io.Copy(io.Discard, call.Body)
		return picasso.Outcome{Err: failure, ExitCode: &code}
	}})
	t.Run("of the engine", func(t *testing.T) {
		w := httptest.NewRecorder()
		out := client.Invoke(t.Context(), newCall("x"), w)
		require.Equal(t, failure, out.Err)
		require.Equal(t, 137, *out.ExitCode)
		require.Empty(t, w.Body.Bytes(), "left for the caller to answer")
	})
	t.Run("connection lost", func(t *testing.T) {
		call := newCall("x")
		call.Path = "/abort"
		require.Equal(t, picasso.CodeHostLost, client.Invoke(t.Context(), call, httptest.NewRecorder()).Err.Code)
	})
	for _, length := range []int64{10, h1.ReadAhead + 10, -1} {
		call := newCall("")
		call.ContentLength = length
		call.Body = http.MaxBytesReader(httptest.NewRecorder(), io.NopCloser(strings.NewReader(strings.Repeat("x", 100))), 5)
		require.Equal(t, picasso.CodeTooLarge, client.Invoke(t.Context(), call, httptest.NewRecorder()).Err.Code, length)
		call.Body = io.MultiReader(strings.NewReader("abc"), broken{})
		require.Equal(t, picasso.CodeInvalid, client.Invoke(t.Context(), call, httptest.NewRecorder()).Err.Code, length)
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestInvokeAttemptAndLog(t *testing.T) {
	var seen []int
	client, _ := setup(t, &scripted{invoke: func(_ context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
		seen = append(seen, call.Attempt)
		if call.Log != nil {
			for _, text := range []string{"one\n", strings.Repeat("x", 100<<10), "two\n"} {
				_, _ = io.WriteString(call.Log, text)
				_, _ = io.WriteString(w, "data")
			}
		}
		return picasso.Outcome{}
	}})
	for _, attempt := range []int{0, 1, 2} {
		call := newCall("")
		call.Attempt = attempt
		var live bytes.Buffer
		if attempt == 2 {
			call.Log = &live
		}
		w := httptest.NewRecorder()
		require.Nil(t, client.Invoke(t.Context(), call, w).Err)
		if attempt == 2 {
			require.Equal(t, "one\n"+strings.Repeat("x", 100<<10)+"two\n", live.String())
			require.Equal(t, "datadatadata", w.Body.String())
		}
	}
	require.Equal(t, []int{0, 0, 2}, seen, "0 counts as 1")
}

func TestInvokeContextEndsTheWait(t *testing.T) {
	waiting := make(chan struct{})
	client, _ := setup(t, &scripted{invoke: func(ctx context.Context, _ *picasso.Call, _ http.ResponseWriter) picasso.Outcome {
		close(waiting)
		<-ctx.Done()
		return picasso.Outcome{Err: picasso.Errorf(picasso.CodeWaitTimedOut, "gone")}
	}})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-waiting
		cancel()
	}()
	require.Equal(t, "gone", client.Invoke(ctx, newCall("x"), httptest.NewRecorder()).Err.Detail)
}

// TestInvokeContextEndsTheWaitOfItsRun, and not that of another run of the execution.
func TestInvokeContextEndsTheWaitOfItsRun(t *testing.T) {
	waiting, free := make(chan struct{}, 2), make(chan struct{})
	client, _ := setup(t, &scripted{invoke: func(ctx context.Context, _ *picasso.Call, _ http.ResponseWriter) picasso.Outcome {
		waiting <- struct{}{}
		select {
		case <-ctx.Done():
			return picasso.Outcome{Err: picasso.Errorf(picasso.CodeWaitTimedOut, "gone")}
		case <-free:
			return picasso.Outcome{}
		}
	}})
	ctx, cancel := context.WithCancel(t.Context())
	first, second := make(chan picasso.Outcome, 1), make(chan picasso.Outcome, 1)
	invoke := func(ctx context.Context, run string, out chan picasso.Outcome) {
		call := newCall("x")
		call.Run = run
		out <- client.Invoke(ctx, call, httptest.NewRecorder())
	}
	go invoke(ctx, "e1.1", first)
	<-waiting
	go invoke(t.Context(), "e1.2", second)
	<-waiting
	cancel()
	select {
	case out := <-first:
		require.Equal(t, "gone", out.Err.Detail)
	case out := <-second:
		require.Fail(t, "the wrong one ended", "%v", out.Err)
	case <-time.After(patience):
		require.Fail(t, "it waits on")
	}
	close(free)
	require.Nil(t, (<-second).Err)
}

func TestControl(t *testing.T) {
	engine := &scripted{invoke: echo}
	client, _ := setup(t, engine)
	found, err := client.ResolveImage(t.Context(), "busybox")
	require.NoError(t, err)
	require.Equal(t, "busybox@sha256:0", found)
	_, err = client.ResolveImage(t.Context(), "missing")
	require.Equal(t, picasso.Errorf(picasso.CodeImageUnavailable, `image: "missing": manifest unknown`), err)

	fn := newCall("").Function
	require.NoError(t, client.Warm(t.Context(), fn))
	require.Equal(t, []*picasso.Function{fn}, engine.warmed)
	require.NoError(t, client.Retire(t.Context(), fn.ID, math.MaxInt64))
	require.Equal(t, []retirement{{fn.ID, math.MaxInt64}}, engine.retired)
	require.Nil(t, client.Invoke(t.Context(), newCall("x"), httptest.NewRecorder()).Err, "defined again")

	require.NoError(t, client.Cancel(t.Context(), "e1"))
	require.Equal(t, []string{"e1"}, engine.ended)

	host, err := client.Host(t.Context())
	require.NoError(t, err)
	require.Equal(t, "compute-1", host.Name)
}

func TestOtherKey(t *testing.T) {
	_, server := setup(t, &scripted{invoke: echo})
	stranger, err := NewClient(Endpoint{URL: server.URL, Key: []byte("another key")}, logrus.New())
	require.NoError(t, err)
	defer stranger.Close()
	out := stranger.Invoke(t.Context(), newCall("x"), httptest.NewRecorder())
	require.Equal(t, picasso.CodeUnavailable, out.Err.Code, "not the user's fault")
	_, err = stranger.Host(t.Context())
	require.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(err))
}

func TestNewClientRefusesOtherURLs(t *testing.T) {
	for _, base := range []string{"", "compute-1:10002", "https://compute-1:10002", "http://compute-1", "http://compute-1:10002/x"} {
		_, err := NewClient(Endpoint{URL: base, Key: testKey}, logrus.New())
		require.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err), base)
	}
}

type memory struct{ *bytes.Reader }

func (m memory) Pending() bool { return m.Len() == 0 }
func (m memory) Proceed()      {}
func (m memory) Prompt()       {}

func FuzzReceive(f *testing.F) {
	rec := httptest.NewRecorder()
	fw := newFrameWriter(rec, grace)
	_, _ = fw.Write([]byte("hello"))
	_ = fw.finish(picasso.Outcome{HTTPStatus: 200, Log: []byte("log")})
	f.Add(rec.Body.Bytes())
	f.Add([]byte{'H', 0, 0, 0, 2, 0x90, 0x03})
	f.Fuzz(func(t *testing.T, stream []byte) {
		out, _, err := receive(memory{bytes.NewReader(stream)}, httptest.NewRecorder(), &picasso.Call{Log: io.Discard})
		if err == nil && bytes.IndexByte(stream, frameOutcome) < 0 {
			t.Fatalf("an outcome out of nothing: %+v", out)
		}
	})
}
