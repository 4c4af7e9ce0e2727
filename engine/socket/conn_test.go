package socket

import (
	"bytes"
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

const patience = 10 * time.Second

// wrappers have both kinds of calls: with the race detector, Wrap leaves one of them untested.
func wrappers() map[string]func(net.Conn) net.Conn {
	return map[string]func(net.Conn) net.Conn{
		"direct":   func(nc net.Conn) net.Conn { return wrap(nc, direct()) },
		"ordinary": func(nc net.Conn) net.Conn { return wrap(nc, ordinary()) },
	}
}

// each runs a test with both kinds of calls, and with the connections of net, whose behaviour is wanted.
func each(t *testing.T, test func(t *testing.T, near, far net.Conn)) {
	t.Helper()
	all := wrappers()
	all["net"] = func(nc net.Conn) net.Conn { return nc }
	for name, wrapped := range all {
		t.Run(name, func(t *testing.T) {
			near, far, stop, err := pair("tcp", "127.0.0.1:0", wrapped)
			require.NoError(t, err)
			defer stop()
			test(t, near, far)
		})
	}
}

func pair(network, address string, wrapped func(net.Conn) net.Conn) (near, far net.Conn, stop func(), err error) {
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

// below is the connection of net.
func below(nc net.Conn) *net.TCPConn {
	if c, ok := nc.(*Conn); ok {
		nc = c.NetConn()
	}
	return nc.(*net.TCPConn)
}

func TestConnIsWhatNetConnDescribes(t *testing.T) {
	for name, wrapped := range wrappers() {
		t.Run(name+", TCP", func(t *testing.T) {
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) { return pair("tcp", "127.0.0.1:0", wrapped) })
		})
		t.Run(name+", Unix", func(t *testing.T) {
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				dir, err := os.MkdirTemp("", "s") // paths of sockets are short
				if err != nil {
					return nil, nil, nil, err
				}
				defer os.RemoveAll(dir)
				return pair("unix", filepath.Join(dir, "s"), wrapped)
			})
		})
	}
}

func TestTheEndIsEOF(t *testing.T) {
	each(t, func(t *testing.T, near, far net.Conn) {
		require.NoError(t, far.(interface{ CloseWrite() error }).CloseWrite())
		n, err := near.Read(make([]byte, 1))
		require.Zero(t, n)
		require.Equal(t, io.EOF, err)
		_, err = near.Write([]byte("still open this way"))
		require.NoError(t, err)
	})
}

func TestAResetIsTold(t *testing.T) {
	each(t, func(t *testing.T, near, far net.Conn) {
		require.NoError(t, below(far).SetLinger(0))
		require.NoError(t, far.Close())
		_, err := near.Read(make([]byte, 1))
		require.ErrorIs(t, err, syscall.ECONNRESET)
		assert.EqualError(t, err, "read tcp "+near.LocalAddr().String()+"->"+near.RemoteAddr().String()+": read: connection reset by peer")
		_, err = near.Write([]byte("x"))
		require.ErrorIs(t, err, syscall.EPIPE)
		assert.ErrorContains(t, err, ": write: broken pipe")
	})
}

func TestClosedIsErrClosed(t *testing.T) {
	each(t, func(t *testing.T, near, _ net.Conn) {
		require.NoError(t, near.Close())
		_, err := near.Read(make([]byte, 1))
		require.ErrorIs(t, err, net.ErrClosed)
		require.ErrorContains(t, err, "read tcp ")
		_, err = near.Write([]byte("x"))
		require.ErrorIs(t, err, net.ErrClosed)
		require.ErrorContains(t, err, "write tcp ")
	})
}

func TestADeadlineIsATimeout(t *testing.T) {
	each(t, func(t *testing.T, near, _ net.Conn) {
		require.NoError(t, near.SetDeadline(time.Now().Add(-time.Second)))
		_, err := near.Read(make([]byte, 1))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		var timeout net.Error
		require.ErrorAs(t, err, &timeout)
		require.True(t, timeout.Timeout(), "as net/http asks")
	})
}

func TestReadOfNothingDoesNotWait(t *testing.T) {
	each(t, func(t *testing.T, near, _ net.Conn) {
		n, err := near.Read(nil)
		require.NoError(t, err)
		require.Zero(t, n)
	})
}

// TestWriteWaitsForASlowReader, goes on when there is room again, and says how far it came when it has to give up.
func TestWriteWaitsForASlowReader(t *testing.T) {
	each(t, func(t *testing.T, near, far net.Conn) {
		require.NoError(t, below(near).SetWriteBuffer(256<<10))
		require.NoError(t, below(far).SetReadBuffer(256<<10))
		sent := bytes.Repeat([]byte("0123456789abcdefg"), 256<<10) // 4 MiB: the buffers do not hold it
		require.NoError(t, near.SetWriteDeadline(time.Now().Add(50*time.Millisecond)))
		first, err := near.Write(sent)
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.Positive(t, first)
		require.Less(t, first, len(sent))

		require.NoError(t, near.SetWriteDeadline(time.Now().Add(patience)))
		rest := make(chan error, 1)
		go func() {
			n, err := near.Write(sent[first:])
			assert.Equal(t, len(sent)-first, n)
			rest <- errors.Join(err, near.Close())
		}()
		got, err := io.ReadAll(far)
		require.NoError(t, err)
		require.NoError(t, <-rest)
		require.True(t, bytes.Equal(sent, got))
	})
}

func TestInterruptedCallsAreMadeAgain(t *testing.T) {
	interrupted := 0
	near, far, stop, err := pair("tcp", "127.0.0.1:0", func(nc net.Conn) net.Conn {
		through := direct()
		disturb := func(call systemCall) systemCall {
			return func(fd uintptr, p []byte) (int, error) {
				if interrupted++; interrupted%2 == 1 {
					return 0, syscall.EINTR
				}
				return call(fd, p[:1])
			}
		}
		return wrap(nc, calls{read: disturb(through.read), write: disturb(through.write)})
	})
	require.NoError(t, err)
	defer stop()
	n, err := near.Write([]byte("abc"))
	require.NoError(t, err)
	require.Equal(t, 3, n)
	got := make([]byte, 3)
	_, err = io.ReadFull(far, got)
	require.NoError(t, err)
	require.Equal(t, "abc", string(got))
	require.GreaterOrEqual(t, interrupted, 12, "each of six bytes took two calls")
}

func TestWriteOfNothingIsNoLoop(t *testing.T) {
	near, _, stop, err := pair("tcp", "127.0.0.1:0", func(nc net.Conn) net.Conn {
		return wrap(nc, calls{read: receive, write: func(uintptr, []byte) (int, error) { return 0, nil }})
	})
	require.NoError(t, err)
	defer stop()
	_, err = near.Write([]byte("x"))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

// A descriptor that somebody has made a blocking one would stop the whole process.
func TestDirectCallsDoNotWaitWhateverTheDescriptorSays(t *testing.T) {
	near, far, stop, err := pair("tcp", "127.0.0.1:0", wrappers()["direct"])
	require.NoError(t, err)
	defer stop()
	file, err := below(near).File() // has the same flags
	require.NoError(t, err)
	defer file.Close()
	require.NoError(t, syscall.SetNonblock(int(file.Fd()), false))
	require.NoError(t, near.SetReadDeadline(time.Now().Add(50*time.Millisecond)))
	_, err = near.Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.NoError(t, near.SetReadDeadline(time.Time{}))
	_, err = far.Write([]byte("x"))
	require.NoError(t, err)
	_, err = near.Read(make([]byte, 1))
	require.NoError(t, err)
}

func TestOnlySocketsOfStreamsAreWrapped(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	require.Same(t, a, Wrap(a))

	near, _, stop, err := pair("tcp", "127.0.0.1:0", Wrap)
	require.NoError(t, err)
	defer stop()
	require.IsType(t, &Conn{}, near)
	require.Same(t, near, Wrap(near), "once is enough")

	metered := struct{ *net.TCPConn }{below(near)}
	require.Equal(t, metered, Wrap(metered), "it may read and write in its own way")
	require.Equal(t, &net.TCPConn{}, Wrap(&net.TCPConn{}), "it was never open")
}

func TestACallAllocatesNothing(t *testing.T) {
	for name, wrapped := range wrappers() {
		near, far, stop, err := pair("tcp", "127.0.0.1:0", wrapped)
		require.NoError(t, err)
		defer stop()
		out, in := []byte("ok"), make([]byte, 2)
		require.Zero(t, testing.AllocsPerRun(100, func() {
			_, _ = near.Write(out)
			_, _ = far.Read(in)
		}), name)
	}
}
