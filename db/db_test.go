package db_test

import (
	"testing"

	"github.com/picasso-faas/picasso/db/dbtest"
)

func TestSQLite(t *testing.T) {
	t.Parallel() // with the other, which mostly waits
	dbtest.Run(t, func(t *testing.T) dbtest.Stores { return dbtest.SQLite(t) })
}

func TestMariaDB(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T) dbtest.Stores { return dbtest.MariaDB(t) })
}
