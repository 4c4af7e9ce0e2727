package dbtest

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"
)

// kept are databases with today's schema, for one test at a time: to migrate one
// costs more than most tests. They stay on the server for the test binaries that come after.
type kept struct {
	testing.TB
	conn *sql.Conn // whose lock says that a database is taken
	name string
}

// keep returns the connection string of an empty, migrated database that nobody
// else uses until the test has ended. It is emptied when it is taken, so that
// nothing is left of a test that was killed.
func keep(t testing.TB, dsn string) string {
	t.Helper()
	cfg, err := mysql.ParseDSN(dsn)
	require.NoError(t, err)
	pool, err := sql.Open("mysql", dsn)
	require.NoError(t, err)
	t.Cleanup(func() { _ = pool.Close() })
	k := &kept{TB: t}
	k.conn, err = pool.Conn(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { // closed it would let go a moment later
		_, _ = k.conn.ExecContext(context.Background(), "DO RELEASE_ALL_LOCKS()")
		_ = k.conn.Close()
	})
	k.take()
	connection := connectionTo(cfg, k.name)
	if k.number("SELECT COUNT(*) FROM information_schema.tables WHERE table_name = 'complete' AND table_schema = ?", k.name) == 0 {
		k.make(connection)
	} else {
		k.empty()
	}
	return connection
}

// take takes the first database that is free.
func (k *kept) take() {
	k.Helper()
	sum := schemaSum(k, "mysql")
	for i := 0; k.name == ""; i++ {
		name := fmt.Sprintf("picasso_kept_%x_%d", sum, i)
		if k.number("SELECT GET_LOCK(?, 0)", name) == 1 {
			k.name = name
		}
	}
}

// make makes it, with the mark that it is complete at the end.
func (k *kept) make(connection string) {
	k.Helper()
	k.do("DROP DATABASE IF EXISTS " + k.name)
	k.do("CREATE DATABASE " + k.name)
	require.NoError(k, Open(k, connection).Close())
	k.do("ALTER TABLE " + k.name + ".executions ADD CHECK (" + strings.Join(invariants(), "), ADD CHECK (") + ")")
	k.do("CREATE TABLE " + k.name + ".complete AS SELECT * FROM " + k.name + ".versions")
}

// empty makes it as it was after the migrations.
func (k *kept) empty() {
	k.Helper()
	rows, err := k.conn.QueryContext(k.Context(), "SELECT table_name FROM information_schema.tables WHERE table_schema = ?", k.name)
	require.NoError(k, err)
	defer rows.Close()
	var tables []string
	for rows.Next() {
		var table string
		require.NoError(k, rows.Scan(&table))
		tables = append(tables, table)
	}
	require.NoError(k, rows.Err())
	k.do("SET foreign_key_checks = 0")
	for _, table := range tables {
		if table != "goose_db_version" && table != "complete" {
			k.do("DELETE FROM " + k.name + "." + table)
		}
	}
	k.do("INSERT INTO " + k.name + ".versions SELECT * FROM " + k.name + ".complete")
}

func (k *kept) do(statement string) {
	k.Helper()
	_, err := k.conn.ExecContext(k.Context(), statement)
	require.NoError(k, err, statement)
}

func (k *kept) number(query string, args ...any) (n int) {
	k.Helper()
	require.NoError(k, k.conn.QueryRowContext(k.Context(), query, args...).Scan(&n), query)
	return n
}
