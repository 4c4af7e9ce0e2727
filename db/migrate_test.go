package db_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/db"
	"github.com/picasso-faas/picasso/db/dbtest"
	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
)

// eachDatabase runs a test with the connection string of an empty database, and a way to
// reach it without a store.
func eachDatabase(t *testing.T, test func(t *testing.T, connection string, raw *sql.DB)) {
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "picasso.sqlite")
		test(t, "sqlite:///"+path, openRaw(t, "sqlite", path))
	})
	t.Run("mariadb", func(t *testing.T) {
		server := cloudtest.Need(t, "mariadb").DBDSN
		connection := dbtest.Database(t, server)
		cfg, err := mysql.ParseDSN(server)
		require.NoError(t, err)
		_, name, _ := strings.Cut(strings.TrimPrefix(connection, "mysql+pymysql://"), "/")
		cfg.DBName, _, _ = strings.Cut(name, "?")
		test(t, connection, openRaw(t, "mysql", cfg.FormatDSN()))
	})
}

func openRaw(t *testing.T, driver, dsn string) *sql.DB {
	t.Helper()
	raw, err := sql.Open(driver, dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = raw.Close() })
	return raw
}

func TestMigrate(t *testing.T) {
	eachDatabase(t, func(t *testing.T, connection string, _ *sql.DB) {
		s := dbtest.Unmigrated(t, connection)
		require.NoError(t, s.Ping(t.Context()))
		have, want, err := s.Version(t.Context())
		require.NoError(t, err)
		assert.Zero(t, have)
		assert.Positive(t, want)
		assert.ErrorContains(t, s.CheckVersion(t.Context()), "run 'picasso-manage db sync'")

		for range 2 {
			require.NoError(t, s.Migrate(t.Context()))
			require.NoError(t, s.CheckVersion(t.Context()))
		}
		have, _, err = s.Version(t.Context())
		require.NoError(t, err)
		assert.Equal(t, want, have)
	})
}

func TestMigrateConcurrently(t *testing.T) {
	eachDatabase(t, func(t *testing.T, connection string, raw *sql.DB) {
		var all sync.WaitGroup
		for range 6 {
			s := dbtest.Unmigrated(t, connection)
			all.Go(func() {
				assert.NoError(t, s.Migrate(t.Context()))
				assert.NoError(t, s.CheckVersion(t.Context()))
			})
		}
		all.Wait()
		var times int
		require.NoError(t, raw.QueryRow("SELECT COUNT(*) FROM goose_db_version WHERE version_id = 1").Scan(&times))
		assert.Equal(t, 1, times)
	})
}

func TestNewerSchemaIsRefused(t *testing.T) {
	eachDatabase(t, func(t *testing.T, connection string, raw *sql.DB) {
		s := dbtest.Open(t, connection)
		_, err := raw.Exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)")
		require.NoError(t, err)
		err = s.CheckVersion(t.Context())
		require.ErrorContains(t, err, "is version 999")
		require.ErrorContains(t, err, "run a newer release")
		assert.Equal(t, picasso.CodeInternal, picasso.CodeOf(err))
	})
}

// TestDatabasesAgree: both schemas have the same tables and columns.
func TestDatabasesAgree(t *testing.T) {
	columns := map[string][]string{}
	eachDatabase(t, func(t *testing.T, connection string, raw *sql.DB) {
		dbtest.Open(t, connection)
		for _, table := range []string{"apps", "functions", "executions", "execution_keys", "execution_payloads", "execution_logs", "triggers", "acted", "dropped_trusts", "versions"} {
			rows, err := raw.Query("SELECT * FROM " + table)
			require.NoError(t, err)
			names, err := rows.Columns()
			require.NoError(t, err)
			require.NoError(t, rows.Close())
			for _, name := range names {
				columns[name+" of "+table] = append(columns[name+" of "+table], t.Name())
			}
		}
	})
	for column, found := range columns {
		assert.Len(t, found, 2, column)
	}
}

func TestInMemory(t *testing.T) {
	s := dbtest.Open(t, "sqlite://")
	require.NoError(t, s.CheckVersion(t.Context()))
	fn := newFunction("f")
	require.NoError(t, s.CreateFunction(t.Context(), fn))
	got, err := s.Function(t.Context(), fn.ProjectID, "f")
	require.NoError(t, err)
	assert.Equal(t, fn.ID, got.ID)
}

func TestOpenUnusable(t *testing.T) {
	cfg := db.DefaultConfig()
	cfg.Connection = "sqlite:////nowhere/at/all/picasso.sqlite"
	s, err := db.Open(cfg)
	require.NoError(t, err, "it may come up later")
	defer s.Close()
	assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(s.Ping(t.Context())))
	assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(s.Migrate(t.Context())))
}

// TestSecretHasOneColumn: what shows a spec, such as a dump for support, shows no secret.
func TestSecretHasOneColumn(t *testing.T) {
	eachDatabase(t, func(t *testing.T, connection string, raw *sql.DB) {
		s, fn := dbtest.Open(t, connection), newFunction("f")
		require.NoError(t, s.CreateFunction(t.Context(), fn))
		trigger := &picasso.Trigger{ID: uuid.NewString(), ProjectID: "p", Secret: "hush", CreatedAt: fn.CreatedAt, UpdatedAt: fn.CreatedAt, TriggerSpec: picasso.TriggerSpec{
			Name: "t", Function: "f", Type: picasso.TriggerWebhook, Webhook: &picasso.Webhook{Auth: picasso.WebhookHMAC, Secret: "hush"},
		}}
		require.NoError(t, s.CreateTrigger(t.Context(), trigger))
		require.NoError(t, s.UpdateTrigger(t.Context(), trigger, trigger.UpdatedAt))
		var spec, secret string
		require.NoError(t, raw.QueryRow("SELECT spec, secret FROM triggers").Scan(&spec, &secret))
		assert.JSONEq(t, `{"auth": "hmac"}`, spec)
		assert.Equal(t, "hush", secret)
	})
}
