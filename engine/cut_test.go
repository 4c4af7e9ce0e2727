package engine_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/enginetest"
	"github.com/picasso-faas/picasso/engine/rpc"
)

// cable is a network between an engine and its clients that can be cut: packets are dropped then.
type cable struct {
	net.Listener
	mu    sync.Mutex
	conns []*net.TCPConn
}

func newCable(t *testing.T, to string) *cable {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	c := &cable{Listener: l}
	var copies sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		for _, conn := range c.all() {
			conn.Close()
		}
		copies.Wait()
	})
	copies.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				near.Close()
				continue
			}
			c.mu.Lock()
			c.conns = append(c.conns, near.(*net.TCPConn), far.(*net.TCPConn))
			c.mu.Unlock()
			copies.Go(func() { _, _ = io.Copy(near, far); near.Close() })
			copies.Go(func() { _, _ = io.Copy(far, near); far.Close() })
		}
	})
	return c
}

func (c *cable) all() []*net.TCPConn {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conns
}

func (c *cable) cut(t *testing.T) {
	t.Helper()
	nothing := unix.SockFprog{Len: 1, Filter: &unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K}}
	for _, conn := range c.all() {
		raw, err := conn.SyscallConn()
		require.NoError(t, err)
		_ = raw.Control(func(fd uintptr) { // fails for those that are closed
			err = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &nothing)
		})
		require.NoError(t, err)
	}
}

// TestWaitOnAHostThatIsCutOff: the client will give the call up, and it will run
// elsewhere; here it must not, though there is a sandbox for it.
func TestWaitOnAHostThatIsCutOff(t *testing.T) {
	var runs atomic.Int32
	begun, free := make(chan struct{}, 2), make(chan struct{})
	e := localEngine(t, map[string]enginetest.Program{"f": fnProgram(func(http.ResponseWriter, *http.Request) {
		runs.Add(1)
		begun <- struct{}{}
		<-free
	})})
	log := logrus.New()
	log.SetOutput(t.Output())
	key := []byte("a key for tests, shared by both")
	server := served(t, rpc.NewServer(e, key, rpc.ServerOptions{}, log))
	wire := newCable(t, server.Listener.Addr().String())
	client, err := rpc.NewClient(rpc.Endpoint{URL: "http://" + wire.Addr().String(), Key: key, GiveUp: time.Second}, log)
	require.NoError(t, err)
	t.Cleanup(client.Close)

	fn := localFunction(picasso.ContractFn, "f")
	fn.MaxSandboxes = 1
	running := invoked(e, callOf(fn, ""))
	<-begun
	told := make(chan picasso.Progress, 10)
	waits := callOf(fn, "")
	waits.Progress = func(p picasso.Progress) { told <- p }
	waiting := make(chan picasso.Outcome, 1)
	go func() { waiting <- client.Invoke(context.Background(), waits, httptest.NewRecorder()) }()
	require.Equal(t, picasso.ProgressWaiting, <-told)
	wire.cut(t)
	close(free)
	require.Nil(t, outcome(t, running).Err)
	require.Equal(t, picasso.CodeUnavailable, outcome(t, waiting).Err.Code, "it goes elsewhere")
	require.Eventually(t, func() bool {
		host, err := e.Host(t.Context())
		return err == nil && host.CallsRunning+host.CallsWaiting == 0
	}, patience, time.Millisecond)
	assert.EqualValues(t, 1, runs.Load())
}
