package socket

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/nettest"
)

type wrapper = func(net.Conn) net.Conn

// wrappers have both kinds of system calls: with the race detector, Wrap leaves one of them untested.
func wrappers() map[string]wrapper {
	return map[string]wrapper{
		"direct":   func(nc net.Conn) net.Conn { return wrap(nc, direct) },
		"ordinary": func(nc net.Conn) net.Conn { return wrap(nc, ordinary) },
	}
}

// pair connects two Conns.
func pair(network, address string, wrapped wrapper) (near, far net.Conn, stop func(), err error) {
	l, err := net.Listen(network, address)
	if err != nil {
		return nil, nil, nil, err
	}
	defer l.Close()
	near, err = net.Dial(network, l.Addr().String())
	if err != nil {
		return nil, nil, nil, err
	}
	far, err = l.Accept()
	if err != nil {
		return nil, nil, nil, errors.Join(err, near.Close())
	}
	near, far = wrapped(near), wrapped(far)
	return near, far, func() { _ = near.Close(); _ = far.Close() }, nil
}

func mustPair(t testing.TB, wrapped wrapper) (near, far net.Conn) {
	t.Helper()
	near, far, stop, err := pair("tcp", "127.0.0.1:0", wrapped)
	require.NoError(t, err)
	t.Cleanup(stop)
	return near, far
}

func TestConnIsWhatNetConnDescribes(t *testing.T) {
	for name, wrapped := range wrappers() {
		t.Run(name+", TCP", func(t *testing.T) {
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) { return pair("tcp", "127.0.0.1:0", wrapped) })
		})
		t.Run(name+", Unix", func(t *testing.T) {
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				return pair("unix", filepath.Join(t.TempDir(), "s"), wrapped)
			})
		})
	}
}

func TestErrorsAreThoseOfNet(t *testing.T) {
	for name, wrapped := range wrappers() {
		t.Run(name+"/the end", func(t *testing.T) {
			near, far := mustPair(t, wrapped)
			require.NoError(t, far.(*Conn).CloseWrite())
			n, err := near.Read(make([]byte, 1))
			require.Zero(t, n)
			require.Equal(t, io.EOF, err)
			_, err = near.Write([]byte("still open this way"))
			require.NoError(t, err)
		})
		t.Run(name+"/reset", func(t *testing.T) {
			near, far := mustPair(t, wrapped)
			require.NoError(t, far.(*Conn).NetConn().(*net.TCPConn).SetLinger(0))
			require.NoError(t, far.Close())
			_, err := near.Read(make([]byte, 1))
			require.ErrorIs(t, err, syscall.ECONNRESET)
			assert.EqualError(t, err, "read tcp "+near.LocalAddr().String()+"->"+near.RemoteAddr().String()+": read: connection reset by peer")
			_, err = near.Write([]byte("x"))
			require.ErrorIs(t, err, syscall.EPIPE)
		})
		t.Run(name+"/closed", func(t *testing.T) {
			near, _ := mustPair(t, wrapped)
			waiting := make(chan error)
			go func() {
				_, err := near.Read(make([]byte, 1))
				waiting <- err
			}()
			require.NoError(t, near.Close())
			require.ErrorIs(t, <-waiting, net.ErrClosed)
			_, err := near.Write([]byte("x"))
			require.ErrorIs(t, err, net.ErrClosed)
			assert.Contains(t, err.Error(), "write tcp ")
		})
		t.Run(name+"/deadline", func(t *testing.T) {
			near, _ := mustPair(t, wrapped)
			require.NoError(t, near.SetDeadline(time.Now().Add(-time.Second)))
			_, err := near.Read(make([]byte, 1))
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)
			var timeout net.Error
			require.ErrorAs(t, err, &timeout)
			require.True(t, timeout.Timeout(), "as net/http asks")
		})
		t.Run(name+"/nothing", func(t *testing.T) {
			near, _ := mustPair(t, wrapped)
			n, err := near.Read(nil) // must not wait for something
			require.NoError(t, err)
			require.Zero(t, n)
		})
	}
}

func TestWriteGoesOnWhenTheOtherSideIsSlow(t *testing.T) {
	for name, wrapped := range wrappers() {
		t.Run(name, func(t *testing.T) {
			near, far := mustPair(t, wrapped)
			sent := make([]byte, 16<<20) // more than the buffers of both sides hold
			for i := range sent {
				sent[i] = byte(i % 251)
			}
			written := make(chan error, 1)
			go func() {
				n, err := near.Write(sent)
				written <- errors.Join(err, near.Close())
				assert.Equal(t, len(sent), n)
			}()
			got, err := io.ReadAll(far)
			require.NoError(t, err)
			require.NoError(t, <-written)
			require.Equal(t, sent, got)
		})
	}
}

func TestListenerWraps(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	listener := Listener{l}
	near, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	defer near.Close()
	far, err := listener.Accept()
	require.NoError(t, err)
	defer far.Close()
	require.IsType(t, &Conn{}, far)
	require.NoError(t, listener.Close())
	_, err = listener.Accept()
	require.ErrorIs(t, err, net.ErrClosed)
}

func TestWhatIsNoSocketStaysAsItIs(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	require.Same(t, a, Wrap(a))
}

func TestACallAllocatesNothing(t *testing.T) {
	for name, wrapped := range wrappers() {
		near, far := mustPair(t, wrapped)
		out, in := []byte("ok"), make([]byte, 2)
		require.Zero(t, testing.AllocsPerRun(100, func() {
			_, _ = near.Write(out)
			_, _ = far.Read(in)
		}), name)
	}
}
