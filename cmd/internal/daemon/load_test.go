package daemon

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/cmd/internal/launch"
)

func TestAllInOneWithoutFilesIsForDevelopment(t *testing.T) {
	cfg, err := Load(launch.RoleAllInOne, Sources{StatePath: "/tmp/state", Debug: true}, []string{"OS_API__BIND_PORT=10101"})
	require.NoError(t, err)
	assert.Equal(t, launch.AuthNone, cfg.General.AuthStrategy)
	assert.Equal(t, "sqlite:////tmp/state/picasso.sqlite", cfg.Database.Connection)
	assert.Equal(t, 10101, cfg.API.BindPort)
	assert.True(t, cfg.General.Debug)
	require.NoError(t, cfg.Validate(launch.RoleAllInOne))
}

func TestAllInOneWithAFileIsAService(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "picasso.conf")
	require.NoError(t, os.WriteFile(file, []byte("[DEFAULT]\nstate_path = /srv/picasso\n[barbican]\nlater = yes\n"), 0o600))
	cfg, err := Load(launch.RoleAllInOne, Sources{Files: []string{file}}, nil)
	require.NoError(t, err)
	assert.Equal(t, launch.AuthKeystone, cfg.General.AuthStrategy)
	assert.Equal(t, "sqlite:////srv/picasso/picasso.sqlite", cfg.Database.Connection)
	assert.Equal(t, filepath.Join(dir, "policy.yaml"), cfg.Policy.File)
	assert.ErrorContains(t, cfg.Validate(launch.RoleAllInOne), "[keystone_authtoken] auth_url")
}

func TestDirectoriesAreReadToo(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a.conf"), []byte("[rpc]\nbind_port = 7\n"), 0o600))
	cfg, err := Load(launch.RoleEngine, Sources{Dirs: []string{dir}}, nil)
	require.NoError(t, err)
	assert.Equal(t, 7, cfg.RPC.BindPort)
	assert.Equal(t, filepath.Join(dir, "policy.yaml"), cfg.Policy.File)
}

func TestLogLinesAreThoseOfOslo(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678_900_000, time.UTC)
	tests := map[string]struct {
		fields logrus.Fields
		want   string
	}{
		"plain": {nil, "2026-01-02 03:04:05.678 42 WARNING picasso [-] it happened\n"},
		"request": {
			logrus.Fields{"request_id": "req-1", "project_id": "p", "status": 503, "method": "GET"},
			"2026-01-02 03:04:05.678 42 WARNING picasso [req-1 p] it happened method=GET status=503\n",
		},
		"hostile": {
			logrus.Fields{"error": errors.New("line\n2026 fake=yes"), "empty": ""},
			"2026-01-02 03:04:05.678 42 WARNING picasso [-] it happened empty=\"\" error=\"line\\n2026 fake=yes\"\n",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			line, err := osloFormatter{pid: 42}.Format(&logrus.Entry{Time: at, Level: logrus.WarnLevel, Message: "it happened", Data: test.fields})
			require.NoError(t, err)
			assert.Equal(t, test.want, string(line))
		})
	}
}

func TestJSONLog(t *testing.T) {
	out, err := os.Create(filepath.Join(t.TempDir(), "log"))
	require.NoError(t, err)
	defer out.Close()
	newLogger(launch.General{UseJSON: true}, out).WithField("status", 200).Info("said")
	text, err := os.ReadFile(out.Name())
	require.NoError(t, err)
	assert.Regexp(t, `^\{"level":"info","msg":"said","status":200,"time":"\d{4}-.*"\}\n$`, string(text))
}
