package rpc

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/picasso-faas/picasso"
)

// wiretap is a proxy that writes down what clients send.
type wiretap struct {
	net.Listener
	mute atomic.Bool // what comes is dropped, and nobody is told

	mu    sync.Mutex
	to    string
	sent  bytes.Buffer
	conns []net.Conn
	ends  []<-chan struct{} // closed when nothing holds a connection of conns open any more
}

func tap(t *testing.T, to string) *wiretap {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w := &wiretap{Listener: l, to: to}
	t.Cleanup(func() { l.Close(); w.cut() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", w.target())
			if err != nil {
				client.Close()
				continue
			}
			there := w.pass(io.MultiWriter(w.unlessMute(server), w), client, server)
			back := w.pass(w.unlessMute(client), server, client)
			w.mu.Lock()
			w.conns = append(w.conns, client, server)
			w.ends = append(w.ends, there, back)
			w.mu.Unlock()
		}
	}()
	return w
}

// pass copies what comes until it ends, and closes where it went then.
func (w *wiretap) pass(to io.Writer, from io.Reader, behind io.Closer) <-chan struct{} {
	end := make(chan struct{})
	go func() {
		defer close(end)
		_, _ = io.Copy(to, from)
		behind.Close()
	}()
	return end
}

// unlessMute writes to conn while the network is not cut.
func (w *wiretap) unlessMute(conn net.Conn) io.Writer {
	return writerFunc(func(p []byte) (int, error) {
		if w.mute.Load() {
			return len(p), nil
		}
		return conn.Write(p)
	})
}

func (w *wiretap) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sent.Write(p)
}

func (w *wiretap) target() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to
}

// moveTo sends new connections elsewhere.
func (w *wiretap) moveTo(address string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.to = address
}

// drop has the kernel drop every packet that comes, or no more.
func (w *wiretap) drop(t *testing.T, all bool) {
	t.Helper()
	option := unix.SO_DETACH_FILTER
	if all {
		option = unix.SO_ATTACH_FILTER
	}
	nothing := unix.SockFprog{Len: 1, Filter: &unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K}}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, conn := range w.conns {
		raw, err := conn.(*net.TCPConn).SyscallConn()
		require.NoError(t, err)
		_ = raw.Control(func(fd uintptr) { // fails for those that are closed
			err = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, option, &nothing)
		})
		if all || err != unix.ENOENT { // there was none
			require.NoError(t, err)
		}
	}
}

// cut breaks all connections, and returns when nothing arrives on them any more:
// a second Close does not wait for the first.
func (w *wiretap) cut() {
	w.mu.Lock()
	conns, ends := w.conns, w.ends
	w.conns, w.ends = nil, nil
	w.mu.Unlock()
	for _, conn := range conns {
		conn.Close()
	}
	for _, end := range ends {
		<-end
	}
}

// captured is the invoke that was sent.
func (w *wiretap) captured(t *testing.T) string {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	_, request, found := strings.Cut(w.sent.String(), "POST /v2/invoke")
	require.True(t, found)
	return "POST /v2/invoke" + request
}

// replay sends bytes as they are and returns the status of the answer.
func replay(t *testing.T, address, request string) int {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer conn.Close()
	_, err = io.WriteString(conn, request)
	require.NoError(t, err)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
	line := make([]byte, len("HTTP/1.1 200"))
	_, err = io.ReadFull(conn, line)
	require.NoError(t, err)
	status := 0
	for _, digit := range line[9:] {
		status = 10*status + int(digit-'0')
	}
	return status
}

func TestWhatIsCapturedIsOfNoUse(t *testing.T) {
	calls := 0
	engine := &scripted{invoke: func(ctx context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
		calls++
		return echo(ctx, call, w)
	}}
	server := httptest.NewServer(NewServer(engine, testKey, ServerOptions{}, discard()))
	defer server.Close()
	address := server.Listener.Addr().String()
	wire := tap(t, address)
	client, err := NewClient(Endpoint{URL: "http://" + wire.Addr().String(), Key: testKey}, discard())
	require.NoError(t, err)
	defer client.Close()
	require.NoError(t, client.Warm(t.Context(), newCall("").Function)) // it is known: one invoke is enough
	require.Nil(t, client.Invoke(t.Context(), newCall("x"), httptest.NewRecorder()).Err)
	request := wire.captured(t)

	require.Equal(t, http.StatusUnauthorized, replay(t, address, request), "sent again")
	for what, change := range map[string][2]string{
		"number":   {fieldNumber + ": 2", fieldNumber + ": 9"},
		"function": {fieldFunction + ": f1 3", fieldFunction + ": f2 3"},
		"method":   {fieldMethod + ": PUT", fieldMethod + ": GET"},
		"version":  {"/v2/invoke", "/v1/invoke"},
		"spill":    {fieldExecution, fieldSpill + ": 1\r\n" + fieldExecution},
	} {
		altered := strings.Replace(request, change[0], change[1], 1)
		require.NotEqual(t, request, altered, what)
		require.Equal(t, http.StatusUnauthorized, replay(t, address, altered), what)
	}
	for name, key := range map[string][]byte{"of another key": []byte("another key"), "that was restarted, were the key the same": testKey} {
		other := httptest.NewServer(NewServer(engine, key, ServerOptions{}, discard()))
		status := replay(t, other.Listener.Addr().String(), request)
		require.Contains(t, []int{http.StatusUnauthorized, statusSession}, status, name)
		other.Close()
	}
	require.Equal(t, 1, calls)
}

func TestSessionsThatWereForgotten(t *testing.T) {
	handler := NewServer(&scripted{invoke: echo}, testKey, ServerOptions{}, discard())
	client, _ := connect(t, handler)
	for _, size := range []int{3, 1 << 20} {
		require.Nil(t, client.Invoke(t.Context(), newCall("x"), httptest.NewRecorder()).Err)
		handler.sessions.used.Purge()
		handler.known.Purge()
		w := httptest.NewRecorder()
		out := client.Invoke(t.Context(), newCall(strings.Repeat("x", size)), w)
		require.Nil(t, out.Err, "the caller does not notice: %v", out.Err)
		require.Equal(t, size, w.Body.Len())
	}
	handler.sessions.used.Purge()
	_, err := client.Host(t.Context())
	require.NoError(t, err)

	client.current.Load().last.Add(10 * windowSize)
	_, err = client.Host(t.Context())
	require.NoError(t, err)
	client.current.Load().last.Store(1) // far behind
	_, err = client.Host(t.Context())
	require.NoError(t, err, "in a new session")
}

// TestSessionsOfACapture: whoever sends captured openings again and again
// displaces no session that is in use.
func TestSessionsOfACapture(t *testing.T) {
	handler := NewServer(&scripted{invoke: echo}, testKey, ServerOptions{}, discard())
	client, _ := connect(t, handler)
	_, err := client.Host(t.Context())
	require.NoError(t, err)
	before := client.current.Load()
	for range 2 * maxSessions {
		handler.sessions.open(testKey, "captured")
	}
	_, err = client.Host(t.Context())
	require.NoError(t, err)
	require.Same(t, before, client.current.Load())
}

func TestManyCallsAtOnceOpenOneSession(t *testing.T) {
	handler := NewServer(&scripted{invoke: echo}, testKey, ServerOptions{}, discard())
	client, _ := connect(t, handler)
	var calls sync.WaitGroup
	for range 50 {
		calls.Go(func() {
			for range 20 {
				if out := client.Invoke(t.Context(), newCall("x"), httptest.NewRecorder()); out.Err != nil {
					t.Errorf("%v", out.Err)
				}
			}
		})
	}
	calls.Wait()
	require.Equal(t, 1, handler.sessions.used.Len()+handler.sessions.unused.Len())
}

func TestAnEngineThatDoesNotHaveTheKey(t *testing.T) {
	imposter := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, sessionPath, r.URL.Path, "it gets to see nothing else")
		writeJSON(w, http.StatusOK, opened{Session: "s", Proof: proof([]byte("guessed"), r.Header.Get(fieldSession), "s")})
	}))
	defer imposter.Close()
	client, err := NewClient(Endpoint{URL: imposter.URL, Key: testKey}, discard())
	require.NoError(t, err)
	defer client.Close()
	call := newCall("x")
	call.Credentials = someCredentials()
	require.Equal(t, picasso.CodeUnavailable, client.Invoke(t.Context(), call, httptest.NewRecorder()).Err.Code)
}

// TestRestartWithANewKey: each start of an engine has its own.
func TestRestartWithANewKey(t *testing.T) {
	first := httptest.NewServer(NewServer(&scripted{invoke: echo}, testKey, ServerOptions{}, discard()))
	wire := tap(t, first.Listener.Addr().String())
	client, err := NewClient(Endpoint{URL: "http://" + wire.Addr().String(), Key: testKey}, discard())
	require.NoError(t, err)
	defer client.Close()
	require.Nil(t, client.Invoke(t.Context(), newCall("x"), httptest.NewRecorder()).Err)
	second := httptest.NewServer(NewServer(&scripted{invoke: echo}, []byte("new key"), ServerOptions{}, discard()))
	defer second.Close()
	wire.moveTo(second.Listener.Addr().String())
	wire.cut()
	first.Close()
	require.Eventually(t, func() bool {
		out := client.Invoke(t.Context(), newCall("x"), httptest.NewRecorder())
		return out.Err != nil && out.Err.Code == picasso.CodeUnavailable && out.Err.Cause != nil
	}, patience, time.Millisecond)
	require.Equal(t, picasso.CodeUnavailable, client.Invoke(t.Context(), newCall("x"), httptest.NewRecorder()).Err.Code)
}
