package cloudtest

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every shell file of the repository passes shellcheck. A program is checked with all
// it sources; a file that is only sourced (no #!) cannot say by itself which variables
// others set (SC2154) or use (SC2034). Busybox's sh is checked as dash (SC2187).
func TestShellcheck(t *testing.T) {
	Need(t, "shellcheck")
	programs, fragments := shellFiles(t, filepath.Dir(filepath.Dir(scripts())))
	require.NotEmpty(t, programs)
	require.NotEmpty(t, fragments)
	shellcheck(t, append([]string{"-x", "-P", "SCRIPTDIR", "-e", "SC2187"}, programs...))
	shellcheck(t, append([]string{"-e", "SC2034,SC2154"}, fragments...))
}

func shellcheck(t *testing.T, args []string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "shellcheck", args...).CombinedOutput(); err != nil {
		t.Errorf("shellcheck: %v\n%s", err, out)
	}
}

func shellFiles(t *testing.T, root string) (programs, fragments []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // another test's, gone meanwhile
			return nil
		case err != nil:
			return err
		case d.IsDir() && slices.Contains([]string{".git", "node_modules", "bin", "run"}, d.Name()):
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		case isShellProgram(path):
			programs = append(programs, path)
		case filepath.Ext(path) == ".sh" || isShellFragment(path):
			fragments = append(fragments, path)
		}
		return nil
	}))
	return programs, fragments
}

// isShellProgram is true when the file's first line names sh, bash or busybox sh.
func isShellProgram(path string) bool {
	line := firstLine(path)
	return bytes.HasPrefix(line, []byte("#!")) && bytes.HasSuffix(line, []byte("sh"))
}

// isShellFragment is true when the file's first line is for shellcheck.
func isShellFragment(path string) bool {
	return bytes.HasPrefix(firstLine(path), []byte("# shellcheck shell="))
}

// firstLine is what the file begins with, nothing when it cannot be read.
func firstLine(path string) []byte {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }()
	head := make([]byte, 64)
	n, _ := f.Read(head)
	line, _, _ := bytes.Cut(head[:n], []byte("\n"))
	return line
}

// The plugin is written as DevStack's own scripts are: its folder passes bashate, but for
// the length of lines (E006), and the first line of files that are only sourced (E005).
func TestShellOfDevStack(t *testing.T) {
	Need(t, "shellcheck")
	dir := filepath.Join(filepath.Dir(filepath.Dir(scripts())), "devstack")
	files := []string{"settings", "plugin.sh", "lib/picasso", "lib/notifications", "test/run"}
	cmd := exec.CommandContext(t.Context(), "bashate", append([]string{"-i", "E005,E006"}, files...)...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}
