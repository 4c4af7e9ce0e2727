// Package enginetest holds the suites that every implementation of a contract
// of the engine passes.
package enginetest

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"time"

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
		"health and images":                       s.health,
		"a start nobody waits for":                s.startCancelled,
		"many starts at once":                     s.manyStarts,
		"privileges":                              s.privileges,
		"limits":                                  s.limits,
		"lack of memory":                          s.outOfMemory,
		"network none":                            s.networkNone,
		"network egress":                          s.networkEgress,
		"output without end":                      s.endlessOutput,
		"marks":                                   s.marks,
		"marks until the end":                     s.markedExit,
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

func (s *driverSuite) health(t *testing.T) {
	require.NoError(t, s.driver.Check(t.Context()))
	images, err := s.driver.Images(t.Context())
	require.NoError(t, err)
	require.Contains(t, images, s.testfn, "as ResolveImage returned it")
	over, cancel := context.WithCancel(t.Context())
	cancel()
	require.Error(t, s.driver.Check(over))
}
