// Package dbtest has what tests need of stores: an empty one of each kind, and
// the suite every one of them passes.
package dbtest

import (
	"crypto/rand"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"

	"github.com/picasso-faas/picasso/db"
	"github.com/picasso-faas/picasso/tools/cloud/cloudtest"
)

// SQLite returns an empty store in a file of its own, which goes with the test.
func SQLite(t testing.TB) *db.Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "picasso.sqlite")
	if err := os.WriteFile(path, template(t), 0o600); err != nil {
		t.Fatal(err)
	}
	return Unmigrated(t, "sqlite:///"+path)
}

// MariaDB returns an empty store, on the real server of tools/cloud. Its
// database is this test's alone, and stays for tests that come after: see keep.
func MariaDB(t testing.TB) *db.Store {
	t.Helper()
	return Unmigrated(t, keep(t, cloudtest.Need(t, "mariadb").DBDSN))
}

// invariants are what columns that say the same must agree in. Tests check them with
// every statement; for every record in production they would cost too much.
func invariants() []string {
	return []string{
		"COALESCE(open_as, '') = CASE status WHEN 'queued' THEN function_id WHEN 'running' THEN status ELSE '' END",
		"COALESCE(failed_in, '') = CASE WHEN status NOT IN ('queued', 'running', 'succeeded') THEN project_id ELSE '' END",
		"(run_at IS NOT NULL) = (status = 'queued')",
		"(lease_until IS NOT NULL) = (status = 'running')",
	}
}

// Open returns a migrated store, closed with the test.
func Open(t testing.TB, connection string) *db.Store {
	t.Helper()
	store := Unmigrated(t, connection)
	if err := store.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return store
}

// Unmigrated returns a store as the database is, closed with the test.
func Unmigrated(t testing.TB, connection string) *db.Store {
	t.Helper()
	cfg := db.DefaultConfig()
	cfg.Connection = connection
	store, err := db.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

// Database makes an empty database on a server, given as the MySQL driver
// writes it, and returns its connection string. It is dropped with the test.
func Database(t testing.TB, dsn string) string {
	t.Helper()
	cfg, err := mysql.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	name := "picasso_test_" + strings.ToLower(rand.Text())
	server(t, dsn, "CREATE DATABASE "+name)
	t.Cleanup(func() { server(t, dsn, "DROP DATABASE IF EXISTS "+name) })
	return connectionTo(cfg, name)
}

func connectionTo(cfg *mysql.Config, database string) string {
	return "mysql+pymysql://" + cfg.User + ":" + cfg.Passwd + "@" + cfg.Addr + "/" + database + "?charset=utf8mb4"
}

// server runs one statement outside of any store.
func server(t testing.TB, dsn, statement string) {
	t.Helper()
	pool, err := sql.Open("mysql", dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if _, err := pool.Exec(statement); err != nil {
		t.Errorf("%s: %v", statement, err)
	}
}
