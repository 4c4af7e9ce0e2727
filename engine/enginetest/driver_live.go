package enginetest

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/engine/sandbox"
)

// serveFn starts testfn with the contract fn and returns a client of it.
func (s *driverSuite) serveFn(t *testing.T, spec sandbox.Spec) (sandbox.Sandbox, *http.Client) {
	t.Helper()
	spec.SocketDir = true
	spec.Env = append(spec.Env, "FN_LISTENER=unix:/tmp/iofs/lsnr.sock")
	b := s.start(t, spec)
	socket := filepath.Join(b.SocketDir(), "lsnr.sock")
	awaitFile(t, socket)
	return b, &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}
}

func awaitFile(t *testing.T, path string) {
	t.Helper()
	require.Eventually(t, func() bool {
		_, err := os.Stat(path)
		return err == nil
	}, patience, time.Millisecond)
}

func (s *driverSuite) socketDir(t *testing.T) {
	b, client := s.serveFn(t, s.spec())
	assert.LessOrEqual(t, len(b.SocketDir()+"/phonylsnr.sock"), 107)
	assert.Equal(t, "slept 1", call(t, client, "sleep 1"))
	assert.Contains(t, call(t, client, "iofs 10"), "no space left")
	assert.Contains(t, call(t, client, "inodes 1000"), "no space left")
	assert.Contains(t, call(t, client, "disk 100"), "no space left", "/tmp is another place")
	dir := b.SocketDir()
	b.Remove()
	assert.Eventually(t, func() bool {
		_, err := os.Stat(dir)
		return os.IsNotExist(err)
	}, patience, time.Millisecond)
}

// call has testfn do something and returns its answer.
func call(t *testing.T, client *http.Client, do string) string {
	t.Helper()
	answer, err := client.Post("http://localhost/call", "text/plain", strings.NewReader(do))
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return string(body)
}

// serveWeb starts testfn with the contract web and returns a client of it.
func (s *driverSuite) serveWeb(t *testing.T, spec sandbox.Spec) (sandbox.Sandbox, *http.Client) {
	t.Helper()
	spec.Env = append(spec.Env, "PORT=8080")
	b := s.start(t, spec)
	require.Eventually(t, func() bool {
		conn, err := b.Dial(t.Context(), 8080)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	}, patience, time.Millisecond)
	return b, &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return b.Dial(ctx, 8080) },
	}}
}

func (s *driverSuite) dial(t *testing.T) {
	first, one := s.serveWeb(t, s.spec())
	_, two := s.serveWeb(t, s.spec())
	host, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err, "the host has its own loopback address all the while")
	defer func() { _ = host.Close() }()
	var calls sync.WaitGroup
	for range 20 {
		calls.Go(func() {
			assert.Equal(t, "slept 5", call(t, one, "sleep 5"))
			assert.Equal(t, "slept 5", call(t, two, "sleep 5"))
			conn, err := net.Dial("tcp", host.Addr().String())
			if assert.NoError(t, err) {
				_ = conn.Close()
			}
		})
	}
	calls.Wait()
	assert.NotEqual(t, call(t, one, "count"), call(t, two, "count"), "two sandboxes, same port")
	_, err = first.Dial(t.Context(), 8081)
	assert.Error(t, err, "nobody listens")
	first.Remove()
	_, err = first.Dial(t.Context(), 8080)
	assert.Error(t, err, "a sandbox that has ended")
}

func (s *driverSuite) freeze(t *testing.T) {
	b, client := s.serveWeb(t, s.spec())
	before := call(t, client, "count")
	for range 3 {
		require.True(t, b.Freeze())
		answer := make(chan string, 1)
		go func() {
			body, err := client.Post("http://localhost/", "text/plain", strings.NewReader("count"))
			if assert.NoError(t, err) {
				text, _ := io.ReadAll(body.Body)
				answer <- string(text)
			}
		}()
		select {
		case <-answer:
			assert.Fail(t, "a frozen sandbox answers")
		case <-time.After(50 * time.Millisecond):
		}
		b.Thaw()
		assert.Equal(t, strings.Fields(before)[0], strings.Fields(<-answer)[0], "the same sandbox")
	}
	require.True(t, b.Freeze())
	b.Remove()
	assert.False(t, running(b))
	assert.False(t, b.Freeze(), "there is nothing to freeze any more")
	b.Thaw()
}

func (s *driverSuite) remove(t *testing.T) {
	for _, behaviour := range []string{"never-ready", "ignore-term", "stubborn", "busy"} {
		spec := s.spec(behaviour, "1000000")
		spec.Env = []string{"PORT=8080"}
		b := s.start(t, spec)
		assert.True(t, running(b))
		var removing sync.WaitGroup
		for range 3 {
			removing.Go(func() {
				b.Remove()
				assert.False(t, running(b))
			})
		}
		removing.Wait()
		assert.True(t, b.Exit().EngineErr, behaviour)
	}
	b := s.start(t, s.spec("exit", "7"))
	exit := wait(t, b)
	b.Remove()
	assert.Equal(t, sandbox.Exit{Code: 7}, exit)
	assert.Equal(t, exit, b.Exit(), "removing changes nothing about how it ended")
}
