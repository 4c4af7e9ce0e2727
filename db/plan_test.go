package db

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
)

// scratch is an empty store in a database of its own on MariaDB.
func scratch(t testing.TB, migrated bool) *Store {
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
	if migrated {
		require.NoError(t, s.Migrate(t.Context()))
	}
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

// explain returns, for a table, the index and what MariaDB says about how it is used.
func explain(t *testing.T, s *Store, table, query string, args ...any) (key, extra string) {
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
		if cells[2].String == table {
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
	s := scratch(t, true)
	_, err := s.write.ExecContext(t.Context(), "ALTER TABLE executions STATS_AUTO_RECALC = 0")
	require.NoError(t, err)
	fillQueue(t, s, 3, 10_000)
	s.LimitQueued(100_000)
	tests := []struct {
		name, query, arg string
		extra            []string
	}{
		{"backlog", s.stepSQL(), "00000000-0000-7000-8000-000000000001", []string{"Using where; Using index"}},
		{"due", s.dueSQL(60), "00000000-0000-7000-8000-000000000001", []string{"Using index condition", "Using index condition; Using where", "Using where"}},
		{"crowd", s.queuedSQL(), "p", []string{"Using index", "Using where; Using index"}},
	}
	for _, analyzed := range []bool{false, true} {
		if analyzed {
			_, err := s.write.ExecContext(t.Context(), "ANALYZE TABLE executions")
			require.NoError(t, err)
		}
		for _, test := range tests {
			t.Run(fmt.Sprint(test.name, analyzed), func(t *testing.T) {
				key, extra := explain(t, s, "executions", test.query, test.arg)
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

// fillActed puts rows of executions that acted straight into the tables.
func fillActed(t testing.TB, s *Store, rows int) {
	t.Helper()
	for _, query := range []string{
		"INSERT INTO acted (project_id, user_id, ended_at, execution_id, started_at) " +
			"SELECT 'p', 'u', NOW(6) - INTERVAL @n := @n + 1 SECOND, id, NOW(6) - INTERVAL @n + 1 SECOND FROM executions, (SELECT @n := 0) zero LIMIT %d",
		"INSERT INTO execution_keys (dedupe_key, of_execution, by_trigger, made_at) " +
			"SELECT UNHEX(SHA2(id, 256)), id, '00000000-0000-7000-8000-00000000000a', created_at FROM executions LIMIT %d",
	} {
		_, err := s.write.ExecContext(t.Context(), fmt.Sprintf(query, rows))
		require.NoError(t, err)
	}
}

// TestPlanOfActing: who acted is found without looking at who did long ago.
func TestPlanOfActing(t *testing.T) {
	s := scratch(t, true)
	fillQueue(t, s, 3, 10_000)
	fillActed(t, s, 20_000)
	tests := []struct {
		table, key string
	}{
		{"executions", "executions_open"}, {"acted", "PRIMARY"}, {"execution_keys", "execution_keys_trigger"},
	}
	looks := s.looks(&picasso.Acting{ProjectID: "p", UserID: "u", TriggerID: "00000000-0000-7000-8000-00000000000a", At: time.Now()})
	for _, analyzed := range []bool{false, true} {
		if analyzed {
			_, err := s.write.ExecContext(t.Context(), "ANALYZE TABLE executions, acted, execution_keys")
			require.NoError(t, err)
		}
		for i, test := range tests {
			key, extra := explain(t, s, test.table, looks[i].query, looks[i].args...)
			assert.Equal(t, test.key, key, test.table)
			assert.NotContains(t, extra, "filesort", test.table)
			assert.NotContains(t, extra, "temporary", test.table)
			if test.table != "executions" {
				key, _ := explain(t, s, "executions", looks[i].query, looks[i].args...)
				assert.Equal(t, "PRIMARY", key, test.table)
			}
		}
	}
	found, err := s.Acting(t.Context(), picasso.Acting{ProjectID: "p", UserID: "u", At: time.Now().Add(-time.Hour), Within: 2 * time.Second})
	require.NoError(t, err)
	assert.InDelta(t, 5, len(found), 2, "one a second")
}
