package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// binDir holds the binaries under test, built once with the race detector.
var binDir string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "picasso-e2e-")
	if err == nil {
		binDir = dir
		err = build(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func build(dir string) error {
	root, err := filepath.Abs("../..")
	if err != nil {
		return err
	}
	cmd := exec.Command("go", "build", "-race", "-o", dir, "./cmd/picasso", "./cmd/picasso-api", "./cmd/picasso-engine", "./cmd/picasso-trigger", "./cmd/picasso-allinone", "./cmd/picasso-manage")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building the binaries: %w\n%s", err, out)
	}
	return nil
}
