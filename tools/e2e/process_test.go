package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// process is one of our binaries, running.
type process struct {
	t    testing.TB
	cmd  *exec.Cmd
	log  *lockedBuffer
	done chan struct{}
}

// startProcess runs a binary; the test's end stops it and, when the test
// failed, shows its log.
func startProcess(t testing.TB, cmd *exec.Cmd) *process {
	t.Helper()
	name := strings.Join(cmd.Args, " ")
	p := &process{t: t, log: &lockedBuffer{}, done: make(chan struct{}), cmd: cmd}
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	p.cmd.Env = append(cmd.Environ(), "GORACE="+os.Getenv("GORACE")+" halt_on_error=1 exitcode=66")
	require.NoError(t, p.cmd.Start())
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.stop(syscall.SIGTERM)
		require.NotEqual(t, 66, p.cmd.ProcessState.ExitCode(), "%s: data race\n%s", name, p.log)
		if t.Failed() {
			t.Logf("log of %s:\n%s", name, p.log.tail(8000))
		}
	})
	return p
}

// says waits until the process has logged the text.
func (p *process) says(text string) {
	p.t.Helper()
	require.Eventually(p.t, func() bool { return strings.Contains(p.log.String(), text) }, waitLong, waitStep, "%q is not in the log", text)
}

// stop sends the signal and waits until the process has ended.
func (p *process) stop(sig syscall.Signal) {
	select {
	case <-p.done:
		return
	default:
	}
	_ = p.cmd.Process.Signal(sig)
	select {
	case <-p.done:
	case <-time.After(60 * time.Second):
		_ = p.cmd.Process.Signal(syscall.SIGQUIT) // its goroutines go to the log
		<-p.done
		p.t.Errorf("%s did not end within a minute of %s", p.cmd.Path, sig)
	}
}

// slow lets the process stand still most of the time, until quick is called.
func (p *process) slow(t testing.TB) (quick func()) {
	enough, over := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(over)
		for {
			_ = p.cmd.Process.Signal(syscall.SIGSTOP)
			ends := wait(enough, 400*time.Millisecond)
			_ = p.cmd.Process.Signal(syscall.SIGCONT)
			if ends || wait(enough, 50*time.Millisecond) {
				return
			}
		}
	}()
	quick = sync.OnceFunc(func() { close(enough); <-over })
	t.Cleanup(quick)
	return quick
}

// wait waits so long, or until done; it reports whether that is so.
func wait(done <-chan struct{}, most time.Duration) bool {
	select {
	case <-done:
		return true
	case <-time.After(most):
		return false
	}
}

// lockedBuffer is a bytes.Buffer for a writer and a reader at once.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func (b *lockedBuffer) tail(n int) string {
	s := b.String()
	return s[max(0, len(s)-n):]
}

// writeFile writes a file of the test's own and returns its path.
func writeFile(t testing.TB, dir, name, format string, args ...any) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, format, args...), 0o600))
	return path
}
