// Package enginetest holds the suites that every implementation of a contract
// of the engine passes.
package enginetest

import (
	"bytes"
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

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/sandbox"
)

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// Driver checks that a driver keeps the contract of package sandbox. image is
// a reference of tools/functions' testfn, debian one of its debian. The suite
// does not close the driver.
func Driver(t *testing.T, driver sandbox.Driver, testfn, debian string) {
	s := &driverSuite{driver: driver}
	for _, image := range []struct {
		ref      string
		resolved *string
	}{{testfn, &s.testfn}, {debian, &s.debian}} {
		resolved, err := driver.ResolveImage(t.Context(), image.ref)
		require.NoError(t, err)
		*image.resolved = resolved
	}
	for name, test := range map[string]func(*testing.T){
		"stdin is the input, stdout the output":   s.filter,
		"output and exit status":                  s.exits,
		"the command and entrypoint of the image": s.commands,
		"the socket directory":                    s.socketDir,
		"dial":                                    s.dial,
		"freeze and thaw":                         s.freeze,
		"remove":                                  s.remove,
		"a closed output is no exit":              s.closedOutput,
		"what cannot be started":                  s.startErrors,
		"an image that does not exist":            s.noImage,
		"a start nobody waits for":                s.startCancelled,
		"many starts at once":                     s.manyStarts,
		"privileges":                              s.privileges,
		"limits":                                  s.limits,
		"lack of memory":                          s.outOfMemory,
		"network none":                            s.networkNone,
		"network egress":                          s.networkEgress,
		"output without end":                      s.endlessOutput,
	} {
		t.Run(name, test)
	}
}

type driverSuite struct {
	driver         sandbox.Driver
	testfn, debian string
}

// spec is for a sandbox of testfn that does one thing, contract stdio.
func (s *driverSuite) spec(command ...string) sandbox.Spec {
	return sandbox.Spec{
		Owner: sandbox.Owner{ProjectID: "project", FunctionID: "function", Revision: 1},
		Image: s.testfn, Command: command, MemoryMB: 64, TmpMB: 8, Network: picasso.NetworkNone,
	}
}

func (s *driverSuite) start(t *testing.T, spec sandbox.Spec) sandbox.Sandbox {
	t.Helper()
	b, err := s.driver.Start(t.Context(), spec)
	require.NoError(t, err)
	t.Cleanup(b.Remove)
	return b
}

// run starts a sandbox, waits for its end and returns its output.
func (s *driverSuite) run(t *testing.T, spec sandbox.Spec) (stdout, stderr string, exit sandbox.Exit) {
	t.Helper()
	var out, log Buffer
	spec.Stdout, spec.Stderr = &out, &log
	b := s.start(t, spec)
	exit = wait(t, b)
	b.Remove()
	return out.String(), log.String(), exit
}

// output is what testfn's mode prints.
func (s *driverSuite) output(t *testing.T, command ...string) string {
	t.Helper()
	out, log, exit := s.run(t, s.spec(command...))
	require.Equal(t, sandbox.Exit{}, exit, "%s %s", out, log)
	return out
}

func wait(t *testing.T, b sandbox.Sandbox) sandbox.Exit {
	t.Helper()
	select {
	case <-b.Done():
	case <-time.After(patience):
		require.Fail(t, "the sandbox does not end")
	}
	return b.Exit()
}

func running(b sandbox.Sandbox) bool {
	select {
	case <-b.Done():
		return false
	default:
		return true
	}
}

func (s *driverSuite) filter(t *testing.T) {
	input := strings.Repeat("a line of the input\n", 50_000)
	spec := s.spec("echo")
	spec.Stdin = strings.NewReader(input)
	out, log, exit := s.run(t, spec)
	assert.Equal(t, sandbox.Exit{}, exit, log)
	assert.Equal(t, len(input), len(out))
	assert.True(t, input == out, "the output is the input")
	spec = s.spec("echo")
	out, _, exit = s.run(t, spec)
	assert.Equal(t, sandbox.Exit{}, exit)
	assert.Empty(t, out, "no input is an empty one")
}

func (s *driverSuite) exits(t *testing.T) {
	for _, c := range []struct {
		command        []string
		code           int
		stdout, stderr string
	}{
		{[]string{"sh", "-c", "echo out; echo err >&2"}, 0, "out\n", "err\n"},
		{[]string{"sh", "-c", "exit 42"}, 42, "", ""},
		{[]string{"sh", "-c", "printf 'no newline'; exit 1"}, 1, "no newline", ""},
		{[]string{"sh", "-c", "sh -c 'kill -9 $$'; exit $?"}, 137, "", "Killed\n"},
	} {
		spec := s.spec(c.command...)
		spec.Image = s.debian
		out, log, exit := s.run(t, spec)
		assert.Equal(t, sandbox.Exit{Code: c.code}, exit, c.command)
		assert.Equal(t, c.stdout, out, c.command)
		assert.Equal(t, c.stderr, log, c.command)
	}
}

func (s *driverSuite) commands(t *testing.T) {
	spec := s.spec()
	spec.Image = s.debian
	spec.Stdin = strings.NewReader("hi")
	out, _, _ := s.run(t, spec)
	assert.Equal(t, "8f434346648f6b96df89dda901c5176b10a6d83961dd3c1ac88b59b2dc327aa4  -\n", out)

	spec = s.spec("of entrypoint and command")
	spec.Image, spec.Entrypoint = s.debian, []string{"echo", "words"}
	out, _, _ = s.run(t, spec)
	assert.Equal(t, "words of entrypoint and command\n", out)

	spec = s.spec("env")
	spec.Env = []string{"NAME=value with spaces", "EMPTY="}
	out, _, _ = s.run(t, spec)
	assert.Contains(t, out, "NAME=value with spaces\nEMPTY=\n")
}

// serveFn starts testfn with the contract fn and returns a client of it.
func (s *driverSuite) serveFn(t *testing.T, spec sandbox.Spec) (sandbox.Sandbox, *http.Client) {
	t.Helper()
	spec.SocketDir = true
	spec.Env = append(spec.Env, "FN_LISTENER=unix:/tmp/iofs/lsnr.sock")
	b := s.start(t, spec)
	socket := filepath.Join(b.SocketDir(), "lsnr.sock")
	require.Eventually(t, func() bool {
		_, err := os.Stat(socket)
		return err == nil
	}, patience, time.Millisecond)
	return b, &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		},
	}}
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

func (s *driverSuite) closedOutput(t *testing.T) {
	var out Buffer
	spec := s.spec("sh", "-c", "echo before; exec >&- 2>&-; sleep 2; exit 5")
	spec.Image, spec.Stdout = s.debian, &out
	assert.Equal(t, sandbox.Exit{Code: 5}, wait(t, s.start(t, spec)))
	assert.Equal(t, "before\n", out.String())
}

func (s *driverSuite) startErrors(t *testing.T) {
	spec := s.spec()
	spec.Entrypoint = []string{"/no/such/program"}
	_, err := s.driver.Start(t.Context(), spec)
	require.Equal(t, picasso.CodeSandboxFailed, picasso.CodeOf(err), "%v", err)
	assert.Contains(t, picasso.AsError(err).Detail, "/no/such/program")
	assert.Contains(t, picasso.AsError(err).Detail, "no such file or directory")

	spec = s.spec()
	spec.Image = "sha256:" + strings.Repeat("0", 64)
	_, err = s.driver.Start(t.Context(), spec)
	assert.Equal(t, picasso.CodeImageUnavailable, picasso.CodeOf(err), "%v", err)

	assert.Contains(t, s.output(t, "id"), "1000 1000", "the next start works")
}

func (s *driverSuite) noImage(t *testing.T) {
	for _, ref := range []string{"picasso.invalid/no/such:image", "Not A Reference", "sha256:" + strings.Repeat("0", 64)} {
		_, err := s.driver.ResolveImage(t.Context(), ref)
		require.Equal(t, picasso.CodeImageUnavailable, picasso.CodeOf(err), "%v", err)
		assert.Contains(t, picasso.AsError(err).Detail, ref)
	}
}

func (s *driverSuite) startCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.driver.Start(ctx, s.spec("id"))
	assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(err))
}

func (s *driverSuite) manyStarts(t *testing.T) {
	var starts sync.WaitGroup
	for range 8 {
		starts.Go(func() {
			var out Buffer
			spec := s.spec("id")
			spec.Stdout = &out
			b, err := s.driver.Start(t.Context(), spec)
			if !assert.NoError(t, err) {
				return
			}
			<-b.Done()
			b.Remove()
			assert.Equal(t, sandbox.Exit{}, b.Exit())
			assert.Contains(t, out.String(), "1000 1000")
		})
	}
	starts.Wait()
}

// Buffer is a bytes.Buffer for several goroutines.
type Buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String is what was written so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
