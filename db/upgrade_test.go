package db

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// atVersion4 is a store as the release before events left it: a function with a
// schedule, and what they did.
func atVersion4(t *testing.T, s *Store, dialect goose.Dialect) (ids [3]string) {
	t.Helper()
	provider, err := s.place.provider(dialect, s.write)
	require.NoError(t, err)
	_, err = provider.UpTo(t.Context(), 4)
	require.NoError(t, err)
	ids = [3]string{newID(), newID(), newID()}
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	const appID = "0195c0de-0000-7000-8000-000000000001"
	for _, insert := range []struct {
		query string
		args  []any
	}{
		{"INSERT INTO apps (id, project_id, name, description, config, created_at, updated_at) VALUES (?, 'p', 'default', '', '{}', ?, ?)", []any{appID, at, at}},
		{"INSERT INTO functions (id, project_id, app_id, name, description, image, image_digest, contract, entrypoint, command, config, public, " +
			"memory_mb, cpus, tmp_mb, timeout_s, queue_timeout_s, idle_timeout_s, concurrency, min_sandboxes, max_sandboxes, network, health_path, " +
			"revision, created_at, updated_at) VALUES (?, 'p', ?, 'f', '', 'i', 'i', 'fn', '[]', '[]', '{}', FALSE, 128, 0, 64, 30, 30, 60, 1, 0, 0, 'egress', '', 1, ?, ?)",
			[]any{ids[0], appID, at, at}},
		{"INSERT INTO triggers (id, project_id, function_id, name, type, enabled, input_template, spec, next_at, runs, created_at, updated_at) " +
			`VALUES (?, 'p', ?, 't', 'schedule', TRUE, '', '{"every_s":60,"timezone":"UTC","max_runs":0,"overlap":"allow","catch_up":"last"}', ?, 7, ?, ?)`,
			[]any{ids[1], ids[0], at, at, at}},
		{"INSERT INTO executions (id, project_id, function_id, function_name, app_name, revision, status, reason, created_at, wait_ms, cold_start_ms, run_ms, " +
			"http_status, host, request_id, input_bytes, output_bytes) VALUES (?, 'p', ?, 'f', 'default', 1, 'succeeded', '', ?, 0, 0, 0, 0, '', 'r', 0, 0)",
			[]any{ids[2], ids[0], at}},
	} {
		_, err := s.write.ExecContext(t.Context(), insert.query, insert.args...)
		require.NoError(t, err)
	}
	return ids
}

// TestUpgrade: a database with data goes up and down and up, and loses nothing.
func TestUpgrade(t *testing.T) {
	tests := map[goose.Dialect]func(*testing.T) *Store{
		goose.DialectMySQL: func(t *testing.T) *Store { return scratch(t, false) },
		goose.DialectSQLite3: func(t *testing.T) *Store {
			cfg := DefaultConfig()
			cfg.Connection = "sqlite:///" + filepath.Join(t.TempDir(), "picasso.sqlite")
			s, err := Open(cfg)
			require.NoError(t, err)
			t.Cleanup(func() { _ = s.Close() })
			return s
		},
	}
	for dialect, open := range tests {
		t.Run(string(dialect), func(t *testing.T) {
			s := open(t)
			ids := atVersion4(t, s, dialect)
			for range 2 {
				require.NoError(t, s.Migrate(t.Context()))
				wantUpgraded(t, s, ids)
				provider, err := s.place.provider(dialect, s.write)
				require.NoError(t, err)
				_, err = provider.DownTo(t.Context(), 4)
				require.NoError(t, err)
			}
		})
	}
}

func wantUpgraded(t *testing.T, s *Store, ids [3]string) {
	t.Helper()
	fn, err := s.Function(t.Context(), "p", "f")
	require.NoError(t, err)
	assert.Equal(t, ids[0], fn.ID)
	assert.Empty(t, fn.DelegateRoles)
	assert.Nil(t, fn.Trust)
	trigger, err := s.Trigger(t.Context(), "p", "t")
	require.NoError(t, err)
	assert.Equal(t, ids[1], trigger.ID)
	assert.Equal(t, 60, trigger.Schedule.EveryS)
	assert.Equal(t, 7, trigger.Clock.Runs)
	assert.Empty(t, trigger.Error)
	e, err := s.Execution(t.Context(), "p", ids[2])
	require.NoError(t, err)
	assert.Empty(t, e.Subject)
	list, version, err := s.EventTriggers(t.Context(), 0)
	require.NoError(t, err)
	assert.Empty(t, list)
	assert.Positive(t, version)

	swift := &picasso.Trigger{ID: newID(), ProjectID: "p", CreatedAt: fn.CreatedAt, UpdatedAt: fn.CreatedAt, TriggerSpec: picasso.TriggerSpec{
		Name: "s", Function: "f", Type: picasso.TriggerSwift, Enabled: true, Swift: &picasso.Swift{Container: "c"},
	}}
	require.NoError(t, s.CreateTrigger(t.Context(), swift), "which the release before does not know")
}

// TestUpgradeIsInstant: what may have millions of rows is not copied. MariaDB
// gives a table that it copies another number.
func TestUpgradeIsInstant(t *testing.T) {
	s := scratch(t, false)
	atVersion4(t, s, goose.DialectMySQL)
	fillQueue(t, s, 3, 1000)
	number := func() (number int64) {
		const query = "SELECT TABLE_ID FROM information_schema.INNODB_SYS_TABLES WHERE NAME = CONCAT(DATABASE(), '/executions')"
		require.NoError(t, s.read.QueryRowContext(t.Context(), query).Scan(&number))
		return number
	}
	before := number()
	require.NoError(t, s.Migrate(t.Context()))
	assert.Equal(t, before, number())
	var rows sql.NullInt64
	require.NoError(t, s.read.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM executions WHERE subject IS NULL").Scan(&rows))
	assert.EqualValues(t, 3001, rows.Int64)
}
