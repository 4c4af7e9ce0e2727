package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/db"
	"github.com/picasso-faas/picasso/db/dbtest"
	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
)

// manage runs one command line on a database.
func manage(t *testing.T, connection string, args ...string) (string, error) {
	t.Helper()
	cmd := newCommand([]string{"OS_DATABASE__CONNECTION=" + connection})
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestSamplesAreFresh(t *testing.T) {
	for file, args := range map[string][]string{
		"picasso.conf.sample": {"config", "sample"},
		"policy.yaml.sample":  {"policy", "sample"},
	} {
		want, err := manage(t, "", args...)
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join("../../etc", file))
		require.NoError(t, err)
		assert.True(t, want == string(got), "etc/%s is stale: make generate", file)
	}
}

func TestSyncAndVersion(t *testing.T) {
	connection := "sqlite:///" + filepath.Join(t.TempDir(), "p.sqlite")
	_, want, err := func() (int64, int64, error) {
		store, err := db.Open(withConnection(connection))
		require.NoError(t, err)
		defer store.Close()
		return store.Version(t.Context())
	}()
	require.NoError(t, err)
	for range 2 { // it may be repeated
		out, err := manage(t, connection, "db", "sync")
		require.NoError(t, err)
		assert.Contains(t, out, "schema ")
	}
	out, err := manage(t, connection, "db", "version")
	require.NoError(t, err)
	assert.Regexp(t, `^schema (\d+), needed (\d+)\n$`, out)
	assert.Positive(t, want)
}

func withConnection(connection string) db.Config {
	cfg := db.DefaultConfig()
	cfg.Connection = connection
	return cfg
}

func TestPurge(t *testing.T) {
	connections := map[string]string{
		"SQLite":  "sqlite:///" + filepath.Join(t.TempDir(), "p.sqlite"),
		"MariaDB": dbtest.Database(t, cloudtest.Need(t, "mariadb").DBDSN),
	}
	for name, connection := range connections {
		t.Run(name, func(t *testing.T) {
			_, err := manage(t, connection, "db", "sync")
			require.NoError(t, err)
			record(t, connection, time.Now().Add(-48*time.Hour), purgeBatch+1)
			record(t, connection, time.Now(), 2)
			out, err := manage(t, connection, "purge", "--older-than", "24h")
			require.NoError(t, err)
			assert.Equal(t, "1001 executions purged\n", out)
			out, err = manage(t, connection, "purge", "--before", "2100-01-01")
			require.NoError(t, err)
			assert.Equal(t, "2 executions purged\n", out)
		})
	}
}

// record stores n executions that were created at the time.
func record(t *testing.T, connection string, created time.Time, n int) {
	t.Helper()
	store, err := db.Open(withConnection(connection))
	require.NoError(t, err)
	defer store.Close()
	batch := make([]picasso.Execution, n)
	for i := range batch {
		batch[i] = picasso.Execution{
			ID: uuid.NewString(), ProjectID: "p", FunctionID: uuid.NewString(), Function: "f", App: "default", Revision: 1,
			Status: picasso.StatusSucceeded, CreatedAt: created, FinishedAt: created,
		}
	}
	require.NoError(t, store.RecordExecutions(t.Context(), batch))
}

func TestWhatIsRefused(t *testing.T) {
	tests := map[string]struct {
		args []string
		want string
	}{
		"no database":   {[]string{"db", "sync"}, "[database] connection: is required"},
		"purge of what": {[]string{"purge"}, "at least one of the flags"},
		"both":          {[]string{"purge", "--before", "2026-01-01", "--older-than", "1h"}, "none of the others can be"},
		"no time":       {[]string{"purge", "--before", "yesterday"}, `"yesterday" is neither RFC 3339`},
		"no age":        {[]string{"purge", "--older-than", "-1h"}, "must be more than 0"},
		"missing file":  {[]string{"--config-file", "/nowhere.conf", "db", "version"}, "/nowhere.conf"},
		"argument":      {[]string{"db", "sync", "now"}, "unknown command"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := manage(t, "", test.args...)
			assert.ErrorContains(t, err, test.want)
		})
	}
}
