package enginetest

import (
	"context"
	"io"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/sandbox"
)

// Local is a sandbox.Driver whose sandboxes are goroutines of the test: for
// what concerns the engine more than the sandbox, and for benchmarks of it.
type Local struct {
	// Dir is where socket directories are made; short, see sun_path in unix(7).
	Dir string
	// Programs are what the images hold, by their names.
	Programs map[string]Program

	mu     sync.Mutex
	serial int
}

// Program is what runs in a sandbox until it returns its exit code, or is
// removed. It must return soon after ctx has ended.
type Program func(ctx context.Context, in Inside) int

// Inside is what a program finds in its sandbox.
type Inside struct {
	Env            map[string]string
	SocketDir      string       // where FN_LISTENER points to
	Port           net.Listener // takes what is dialled, whatever the port
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// Start implements sandbox.Driver.
func (l *Local) Start(_ context.Context, spec sandbox.Spec) (sandbox.Sandbox, error) {
	program := l.Programs[spec.Image]
	if program == nil {
		return nil, picasso.Errorf(picasso.CodeSandboxFailed, "no program %q", spec.Image)
	}
	l.mu.Lock()
	l.serial++
	dir := filepath.Join(l.Dir, strconv.Itoa(l.serial))
	l.mu.Unlock()
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	port, err := net.Listen("unix", filepath.Join(dir, "port"))
	if err != nil {
		return nil, err
	}
	in := Inside{
		Env: map[string]string{}, SocketDir: dir, Port: port,
		Stdin: spec.Stdin, Stdout: spec.Stdout, Stderr: spec.Stderr,
	}
	for _, pair := range spec.Env {
		name, value, _ := strings.Cut(pair, "=")
		in.Env[name] = value
	}
	ctx, kill := context.WithCancel(context.Background())
	s := &localSandbox{dir: dir, port: port, done: make(chan struct{}), kill: kill, outlets: []io.Writer{spec.Stdout, spec.Stderr}}
	go func() {
		code := program(ctx, in)
		s.exit = sandbox.Exit{Code: code, EngineErr: ctx.Err() != nil}
		port.Close()
		os.RemoveAll(dir)
		close(s.done)
	}()
	return s, nil
}

// ResolveImage implements sandbox.Driver.
func (l *Local) ResolveImage(_ context.Context, ref string) (string, error) {
	if l.Programs[ref] == nil {
		return "", picasso.Errorf(picasso.CodeImageUnavailable, "no program %q", ref)
	}
	return ref, nil
}

// Images implements sandbox.Driver.
func (l *Local) Images(context.Context) ([]string, error) {
	return slices.Sorted(maps.Keys(l.Programs)), nil
}

// Check implements sandbox.Driver.
func (l *Local) Check(context.Context) error { return nil }

// Close implements sandbox.Driver.
func (l *Local) Close() error { return nil }

type localSandbox struct {
	dir  string
	port net.Listener
	done chan struct{}
	exit sandbox.Exit
	kill context.CancelFunc

	outlets []io.Writer
}

func (s *localSandbox) SocketDir() string     { return s.dir }
func (s *localSandbox) Done() <-chan struct{} { return s.done }
func (s *localSandbox) Exit() sandbox.Exit    { return s.exit }
func (s *localSandbox) Freeze() bool          { return false }
func (s *localSandbox) Thaw()                 {}

func (s *localSandbox) Dial(ctx context.Context, _ int) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "unix", s.port.Addr().String())
}

func (s *localSandbox) Mark(mark []byte) (count int, all bool) {
	for _, outlet := range s.outlets {
		_, _ = outlet.Write(mark)
	}
	return len(s.outlets), true
}

func (s *localSandbox) Remove() {
	s.kill()
	<-s.done
}
