package contract

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/picasso-faas/picasso"
)

// TestDialListener: the directory is the function's, which may be hostile.
func TestDialListener(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside.sock")
	l, err := net.Listen("unix", outside)
	require.NoError(t, err)
	defer l.Close()
	socket := func(name string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			l, err := net.Listen("unix", filepath.Join(dir, name))
			require.NoError(t, err)
			t.Cleanup(func() { l.Close() })
		}
	}
	link := func(target string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			require.NoError(t, os.Symlink(target, filepath.Join(dir, listenerName)))
		}
	}
	tests := []struct {
		name string
		make []func(*testing.T, string)
		code picasso.Code // "": an ordinary error, as long as it is not there
		ok   bool
	}{
		{"nothing", nil, "", false},
		{"socket", []func(*testing.T, string){socket(listenerName)}, "", true},
		{"link as of an FDK", []func(*testing.T, string){socket("phony" + listenerName), link("phony" + listenerName)}, "", true},
		{"link to nothing", []func(*testing.T, string){link("phony")}, "", false},
		{"link to a path", []func(*testing.T, string){link(outside)}, picasso.CodeSandboxFailed, false},
		{"link upwards", []func(*testing.T, string){link("../x")}, picasso.CodeSandboxFailed, false},
		{"link to here", []func(*testing.T, string){link(".")}, picasso.CodeSandboxFailed, false},
		{"link to above", []func(*testing.T, string){link("..")}, picasso.CodeSandboxFailed, false},
		{"link by another way", []func(*testing.T, string){socket("s"), link("./s")}, picasso.CodeSandboxFailed, false},
		{"link to a link that leads out", []func(*testing.T, string){link("second"), func(t *testing.T, dir string) {
			require.NoError(t, os.Symlink(outside, filepath.Join(dir, "second")))
		}}, picasso.CodeSandboxFailed, false},
		{"link to itself", []func(*testing.T, string){link(listenerName)}, picasso.CodeSandboxFailed, false},
		{"file", []func(*testing.T, string){func(t *testing.T, dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, listenerName), nil, 0o600))
		}}, picasso.CodeSandboxFailed, false},
		{"directory", []func(*testing.T, string){func(t *testing.T, dir string) {
			require.NoError(t, os.Mkdir(filepath.Join(dir, listenerName), 0o700))
		}}, picasso.CodeSandboxFailed, false},
		{"fifo", []func(*testing.T, string){func(t *testing.T, dir string) {
			require.NoError(t, unix.Mkfifo(filepath.Join(dir, listenerName), 0o600))
		}}, picasso.CodeSandboxFailed, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "d")
			require.NoError(t, os.Mkdir(dir, 0o700))
			for _, do := range tt.make {
				do(t, dir)
			}
			before := descriptors(t)
			c, err := dialListener(context.Background(), dir)
			if tt.ok {
				require.NoError(t, err)
				c.Close()
			} else {
				require.Error(t, err)
				if tt.code == "" {
					assert.Equal(t, picasso.CodeInternal, picasso.CodeOf(err), "%v", err)
				} else {
					assert.Equal(t, tt.code, picasso.CodeOf(err), "%v", err)
				}
			}
			assert.Equal(t, before, descriptors(t))
		})
	}
}

func TestSocketDirIsALink(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Symlink("/", filepath.Join(dir, "d")))
	_, err := dialListener(context.Background(), filepath.Join(dir, "d"))
	assert.Error(t, err)
}

func descriptors(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(entries)
}
