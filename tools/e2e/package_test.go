package e2e

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
)

// TestPythonPackage installs the plugin with pip beside Debian's openstack client, which finds it.
func TestPythonPackage(t *testing.T) {
	cloudtest.Need(t, "pip")
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(dir+"/source", os.DirFS(pluginDir))) // pip builds where the source is
	run := func(name string, args ...string) string {
		cmd := exec.Command(name, args...)
		cmd.Env = append(os.Environ(), "XDG_CACHE_HOME="+dir+"/cache", "LC_ALL=C.UTF-8")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return string(out)
	}
	python := dir + "/venv/bin/python"
	run("/usr/bin/python3", "-m", "venv", "--system-site-packages", "--without-pip", dir+"/venv")
	run(python, "-m", "pip", "install", "--no-index", "--no-build-isolation", "--no-deps", dir+"/source")
	help := run(python, "/usr/bin/openstack", "help", "function", "create")
	require.Contains(t, help, "openstack function create thumbnail --image picasso/thumbnail")
	require.Contains(t, help, "This command is provided by the python-picassoclient plugin.")
}
