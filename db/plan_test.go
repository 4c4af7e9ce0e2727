package db

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
)

// scratch is an empty store in a database of its own on MariaDB.
func scratch(t testing.TB) *Store {
	t.Helper()
	dsn, err := mysql.ParseDSN(cloudtest.Need(t, "mariadb").DBDSN)
	require.NoError(t, err)
	server, err := sql.Open("mysql", dsn.FormatDSN())
	require.NoError(t, err)
	name := "picasso_plan_" + strings.ReplaceAll(newID(), "-", "")
	_, err = server.Exec("CREATE DATABASE " + name)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := server.Exec("DROP DATABASE " + name)
		assert.NoError(t, err)
		assert.NoError(t, server.Close())
	})
	cfg := DefaultConfig()
	cfg.Connection = "mysql://" + dsn.User + ":" + dsn.Passwd + "@" + dsn.Addr + "/" + name
	s, err := Open(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	require.NoError(t, s.Migrate(t.Context()))
	return s
}

// fillQueue puts rows straight into the table: queued ones of so many functions, and as
// many that succeeded and failed.
func fillQueue(t testing.TB, s *Store, functions, rows int) {
	t.Helper()
	for _, status := range []string{"queued", "succeeded", "failed"} {
		open, failed := "NULL, NULL", "NULL"
		if status == "queued" {
			open = "function_id, UTC_TIMESTAMP(6) - INTERVAL seq SECOND"
		}
		if status == "failed" {
			failed = "'p'"
		}
		for from := 0; from < rows; from += 10_000 { // within the timeout of a call
			_, err := s.write.ExecContext(t.Context(), fmt.Sprintf("INSERT INTO executions (id, project_id, function_id, function_name, app_name, revision, status, reason, "+
				"created_at, wait_ms, cold_start_ms, run_ms, http_status, host, request_id, input_bytes, output_bytes, async, attempt, max_attempts, "+
				"open_as, run_at, failed_in) "+
				"SELECT UUID(), 'p', function_id, 'f', 'a', 1, '%s', '', UTC_TIMESTAMP(6), 0, 0, 0, 0, '', 'r', 2, 2, TRUE, 0, 3, %s, %s "+
				"FROM (SELECT seq, CONCAT('00000000-0000-7000-8000-', LPAD(seq %% %d, 12, '0')) AS function_id FROM seq_%d_to_%d) numbers",
				status, open, failed, functions, from, min(from+10_000, rows)-1))
			require.NoError(t, err)
		}
	}
}

// explain returns, for the table of executions, the index and what MariaDB says about
// how it is used.
func explain(t *testing.T, s *Store, query string, args ...any) (key, extra string) {
	t.Helper()
	rows, err := s.read.QueryContext(t.Context(), "EXPLAIN "+query, args...)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var cells [10]sql.NullString
		targets := make([]any, len(cells))
		for i := range cells {
			targets[i] = &cells[i]
		}
		require.NoError(t, rows.Scan(targets...))
		if cells[2].String == "executions" {
			key, extra = cells[5].String, cells[9].String
		}
	}
	require.NoError(t, rows.Err())
	return key, extra
}

// TestPlans: the statements of the queue read the index where they have to and nothing
// else of it, however long the queue is, whether or not MariaDB has looked at
// the table since it was empty.
func TestPlans(t *testing.T) {
	s := scratch(t)
	_, err := s.write.ExecContext(t.Context(), "ALTER TABLE executions STATS_AUTO_RECALC = 0")
	require.NoError(t, err)
	fillQueue(t, s, 3, 10_000)
	tests := []struct {
		name, query, arg string
		extra            []string
	}{
		{"backlog", s.stepSQL(), "00000000-0000-7000-8000-000000000001", []string{"Using where; Using index"}},
		{"due", s.dueSQL(60), "00000000-0000-7000-8000-000000000001", []string{"Using index condition", "Using index condition; Using where", "Using where"}},
	}
	for _, analyzed := range []bool{false, true} {
		if analyzed {
			_, err := s.write.ExecContext(t.Context(), "ANALYZE TABLE executions")
			require.NoError(t, err)
		}
		for _, test := range tests {
			t.Run(fmt.Sprint(test.name, analyzed), func(t *testing.T) {
				key, extra := explain(t, s, test.query, test.arg)
				assert.Equal(t, "executions_open", key)
				assert.Contains(t, test.extra, extra, "no filesort, no temporary table")
			})
		}
	}
	found, next, err := s.scanQueued(t.Context(), "")
	require.NoError(t, err)
	assert.Len(t, found, 3)
	assert.Empty(t, next)
}
