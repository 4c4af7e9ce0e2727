package cloudtest

import (
	"fmt"
	"os/exec"
	"path/filepath"
)

// BuildPrograms compiles the programs of the repository into dir as "make test" compiles
// tests, with RACE of the Makefile: a clean machine compiles everything once, not twice.
// Without what debuggers read they are linked in three quarters of the time.
func BuildPrograms(dir string) error {
	cmd := exec.Command("go", "build", "-race", "-gcflags=modernc.org/sqlite/lib=-race=false", "-ldflags=-s -w", "-o", dir, "./cmd/...")
	cmd.Dir = filepath.Dir(filepath.Dir(scripts()))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w\n%s", cmd.Args, err, out)
	}
	return nil
}
