// Package functest gives tests the function images of tools/functions.
package functest

import (
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
)

// Image returns the reference of a function image, named as its folder under
// tools/functions is ("echo", "testfn", "node"). It brings up Docker and
// builds the image when it is missing or older than its source; packages that
// ask at the same time wait for one another. The test fails with the build's
// output when that cannot be done.
func Image(t testing.TB, name string) string {
	t.Helper()
	cloudtest.Need(t, "docker")
	_, here, _, ok := runtime.Caller(0)
	require.True(t, ok, "no source location")
	functions := filepath.Dir(filepath.Dir(here))
	output, err := exec.Command(filepath.Join(functions, "build"), name).CombinedOutput()
	require.NoError(t, err, "tools/functions/build %s:\n%s", name, output)
	if matches, _ := filepath.Glob(filepath.Join(functions, name, "Dockerfile")); len(matches) > 0 {
		return "picasso/" + name + ":latest"
	}
	return "picasso-test/" + name + ":latest"
}
