package e2e

import (
	"fmt"
	"os"
	"testing"

	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
)

// binDir holds the binaries under test, built once with the race detector.
var binDir string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "picasso-e2e-")
	if err == nil {
		binDir = dir
		err = cloudtest.BuildPrograms(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}
