package e2e

import (
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
)

// installed are the files of "make install" with their modes, below DESTDIR.
const installed = `
-rw-r----- /etc/picasso/picasso.conf
-rw-r--r-- /etc/logrotate.d/picasso
-rw-r--r-- /etc/picasso/policy.yaml
-rw-r--r-- /usr/lib/systemd/system/picasso-allinone.service
-rw-r--r-- /usr/lib/systemd/system/picasso-api.service
-rw-r--r-- /usr/lib/systemd/system/picasso-engine.service
-rw-r--r-- /usr/lib/systemd/system/picasso-trigger.service
-rw-r--r-- /usr/lib/sysusers.d/picasso.conf
-rw-r--r-- /usr/lib/tmpfiles.d/picasso.conf
-rw-r--r-- /usr/share/bash-completion/completions/picasso
-rw-r--r-- /usr/share/doc/picasso/CHANGELOG.md
-rw-r--r-- /usr/share/doc/picasso/LICENSE
-rw-r--r-- /usr/share/doc/picasso/README.md
-rw-r--r-- /usr/share/doc/picasso/events.md
-rw-r--r-- /usr/share/doc/picasso/openapi.yaml
-rw-r--r-- /usr/share/doc/picasso/operator.md
-rw-r--r-- /usr/share/doc/picasso/picasso.conf.sample
-rw-r--r-- /usr/share/doc/picasso/policy.yaml.sample
-rwxr-xr-x /usr/bin/picasso
-rwxr-xr-x /usr/bin/picasso-allinone
-rwxr-xr-x /usr/bin/picasso-api
-rwxr-xr-x /usr/bin/picasso-engine
-rwxr-xr-x /usr/bin/picasso-manage
-rwxr-xr-x /usr/bin/picasso-trigger
`

// TestInstall installs as a package is made, has systemd's own tools judge the units and
// make the user, and starts what was installed.
func TestInstall(t *testing.T) {
	t.Parallel()
	cloudtest.Need(t, "shellcheck", "docker")
	dir := t.TempDir()
	install(t, dir)
	require.Equal(t, installed, "\n"+files(t, dir))

	writeFile(t, dir, "etc/picasso/picasso.conf", "# the operator's\n")
	install(t, dir)
	kept, err := os.ReadFile(dir + "/etc/picasso/picasso.conf")
	require.NoError(t, err)
	require.Equal(t, "# the operator's\n", string(kept))

	verifyUnits(t, dir)
	said(t, "systemd-sysusers", "--root="+dir)
	said(t, "systemd-tmpfiles", "--root="+dir, "--create")
	group, err := os.ReadFile(dir + "/etc/group")
	require.NoError(t, err)
	require.Contains(t, string(group), "picasso:x:")
	require.DirExists(t, dir+"/var/log/picasso")
	require.Contains(t, said(t, "bash", "-c", `. "$1"; complete -p picasso`, "bash", dir+"/usr/share/bash-completion/completions/picasso"), "__start_picasso")
	startInstalled(t, dir)
}

func install(t *testing.T, dir string) {
	t.Helper()
	cmd := exec.Command("make", "--no-print-directory", "-C", "../..", "install", "DESTDIR="+dir, "BIN="+binDir)
	cmd.Env = append(os.Environ(), "MAKEFLAGS=") // the tests may themselves run under make
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Empty(t, string(out))
}

// files lists what is below a folder, modes first.
func files(t *testing.T, dir string) string {
	t.Helper()
	var found []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		found = append(found, fmt.Sprintf("%s %s\n", info.Mode(), strings.TrimPrefix(path, dir)))
		return err
	}))
	slices.Sort(found)
	return strings.Join(found, "")
}

// said is what a command prints; it must not fail.
func said(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	require.NoError(t, err, "%s %v\n%s", name, args, out)
	return string(out)
}

// verifyUnits has systemd read the units, and look whether what they start is there.
func verifyUnits(t *testing.T, dir string) {
	copies := t.TempDir()
	units, err := filepath.Glob(dir + "/usr/lib/systemd/system/*.service")
	require.NoError(t, err)
	require.Len(t, units, 4)
	for i, unit := range units {
		text, err := os.ReadFile(unit)
		require.NoError(t, err)
		require.Contains(t, string(text), "ExecStart=/usr/bin/picasso-")
		units[i] = writeFile(t, copies, filepath.Base(unit), "%s", strings.ReplaceAll(string(text), "=/usr/bin/", "="+dir+"/usr/bin/"))
	}
	require.NotContains(t, said(t, "systemd-analyze", append([]string{"verify", "--man=no"}, units...)...), copies)
}

// startInstalled starts the installed server as its unit does, with the installed
// configuration, beside which the environment and a file say what every operator has to.
func startInstalled(t *testing.T, dir string) {
	port, state := cloudtest.FreePort(t), t.TempDir()
	environ := append(os.Environ(), "OS_API__METRICS_BIND_PORT=-1", "OS_DEFAULT__AUTH_STRATEGY=noauth",
		fmt.Sprintf("OS_DEFAULT__HOST=install-%d", port), "OS_DATABASE__CONNECTION=sqlite:///"+state+"/picasso.sqlite", "OS_DOCKER__RUNTIME_DIR=/run/picasso-e2e")
	conf := dir + "/etc/picasso/picasso.conf"
	require.NoError(t, os.Rename(dir+"/usr/share/doc/picasso/picasso.conf.sample", conf))
	manage := exec.Command(dir+"/usr/bin/picasso-manage", "--config-file", conf, "db", "sync")
	manage.Env = environ
	out, err := manage.CombinedOutput()
	require.NoError(t, err, "%s", out)

	writeFile(t, dir, "etc/picasso/picasso.conf.d/port.conf", "[api]\nbind_port = %d\n", port)
	unit, err := os.ReadFile(dir + "/usr/lib/systemd/system/picasso-allinone.service")
	require.NoError(t, err)
	_, line, _ := strings.Cut(string(unit), "\nExecStart=")
	line, _, _ = strings.Cut(line, "\n")
	args := strings.Fields(strings.NewReplacer("/usr/", dir+"/usr/", "/etc/", dir+"/etc/").Replace(line))
	server := exec.Command(args[0], args[1:]...)
	server.Env = environ
	startProcess(t, server)
	url := fmt.Sprintf("http://127.0.0.1:%d/healthcheck", port)
	require.Eventually(t, func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		require.NoError(t, err)
		resp, err := httpClient.Do(req)
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}, waitLong, waitStep)
}
