package db

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
)

// onMariaDB connects to the server, in no database of ours.
func onMariaDB(t *testing.T) *Store {
	t.Helper()
	cfg := DefaultConfig()
	cfg.Connection = strings.NewReplacer("@tcp(", "@", ")/", "/mysql", "?", "?#").Replace("mysql://" + cloudtest.Need(t, "mariadb").DBDSN)
	s, err := Open(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestSession: the server's defaults, which are Debian's, do not matter.
func TestSession(t *testing.T) {
	s := onMariaDB(t)
	var mode, zone, charset string
	var wait int
	err := s.read.QueryRowContext(t.Context(),
		"SELECT @@sql_mode, @@time_zone, @@character_set_connection, @@innodb_lock_wait_timeout").Scan(&mode, &zone, &charset, &wait)
	require.NoError(t, err)
	for _, want := range []string{"STRICT_ALL_TABLES", "STRICT_TRANS_TABLES", "NO_ZERO_DATE", "ERROR_FOR_DIVISION_BY_ZERO"} {
		assert.Contains(t, mode, want)
	}
	assert.Equal(t, "+00:00", zone)
	assert.Equal(t, "utf8mb4", charset)
	assert.Less(t, time.Duration(wait)*time.Second, callTimeout)
}

// TestStrict: what does not fit is refused, not cut.
func TestStrict(t *testing.T) {
	s := onMariaDB(t)
	err := s.try(t.Context(), "row", func(ctx context.Context) error {
		conn, err := s.write.Conn(ctx)
		if err != nil {
			return err
		}
		defer conn.Close()
		if _, err = conn.ExecContext(ctx, "CREATE TEMPORARY TABLE mysql.picasso_strict (name VARCHAR(3))"); err != nil {
			return err
		}
		_, err = conn.ExecContext(ctx, "INSERT INTO mysql.picasso_strict VALUES ('four')")
		return err
	})
	assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err), "%v", err)
}

func TestSQLitePragmas(t *testing.T) {
	cfg := DefaultConfig()
	path := filepath.Join(t.TempDir(), "odd name?#%41.sqlite")
	cfg.Connection = "sqlite:///" + path
	s, err := Open(cfg)
	require.NoError(t, err)
	defer s.Close()
	require.NoError(t, s.Migrate(t.Context()))
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "1", "foreign_keys": "1", "busy_timeout": "5000"} {
		var got string
		require.NoError(t, s.write.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got))
		assert.Equal(t, want, got, pragma)
	}
	info, err := os.Stat(path)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "only its owner reads it")
	info, err = os.Stat(path + "-wal")
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}
