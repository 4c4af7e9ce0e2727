package enginetest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/engine/sandbox"
)

// marks: a mark comes out of what the sandbox began with, behind all that was
// written before, and never into anything that a function has put there.
func (s *driverSuite) marks(t *testing.T) {
	for _, c := range []struct {
		name, script string
		count        int
		all          bool
		out, log     string // behind these
	}{
		{"both", "echo out; echo err >&2", 2, true, "out\n", "err\n"},
		{"one for both", "exec 2>&1; echo out", 1, true, "out\n", "-"},
		{"closed", "exec 2>&-; echo out", 1, false, "out\n", "-"},
		{"a file", "exec >/tmp/file; echo out; echo err >&2", 1, false, "-", "err\n"},
		{"nothing", "echo out; exec >/dev/null 2>&1", 0, false, "out\n", "-"},
		{"a full pipe of its own", "mkfifo /tmp/f; exec 3<>/tmp/f >/tmp/f; timeout 1 cat /dev/zero; echo err >&2", 1, false, "-", "err\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out, log Buffer
			spec := s.spec("sh", "-c", c.script+"; echo > /tmp/iofs/ready; sleep 3600")
			spec.Image, spec.Stdout, spec.Stderr, spec.SocketDir = s.debian, &out, &log, true
			b := s.start(t, spec)
			awaitFile(t, filepath.Join(b.SocketDir(), "ready"))
			for _, mark := range []string{"<1>", "<2>"} {
				count, all := b.Mark([]byte(mark))
				assert.Equal(t, c.count, count)
				assert.Equal(t, c.all, all)
			}
			for got, want := range map[*Buffer]string{&out: c.out, &log: c.log} {
				if want != "-" && c.count > 0 {
					assert.Eventually(t, func() bool { return got.String() == want+"<1><2>" }, patience, time.Millisecond, "%s", c.name)
				}
			}
			b.Remove()
			count, all := b.Mark([]byte("<3>"))
			assert.Zero(t, count)
			assert.False(t, all)
		})
	}
}

// markedExit: that a sandbox is marked all the time keeps it neither from
// writing as much as it likes nor from ending.
func (s *driverSuite) markedExit(t *testing.T) {
	var out Buffer
	spec := s.spec("sh", "-c", "until test -e /tmp/iofs/go; do sleep 0.01; done; head -c 3000000 /dev/zero | tr '\\0' x; exit 3")
	spec.Image, spec.Stdout, spec.SocketDir = s.debian, &out, true
	b := s.start(t, spec)
	count, all := b.Mark([]byte("<mark>"))
	assert.Equal(t, 2, count)
	assert.True(t, all)
	require.NoError(t, os.WriteFile(filepath.Join(b.SocketDir(), "go"), nil, 0o600))
	put := count
	for running(b) {
		count, _ = b.Mark([]byte("<mark>"))
		put += count
	}
	assert.Equal(t, sandbox.Exit{Code: 3}, b.Exit())
	assert.Equal(t, 3000000, strings.Count(out.String(), "x"))
	assert.LessOrEqual(t, strings.Count(out.String(), "<mark>"), put)
}
