package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/pressly/goose/v3"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/db/migrations"
)

// Migrate brings the schema to the version of this program. Nothing happens
// when it is there already. Several processes may do it at once. It takes as long as it takes:
// only ctx bounds it. Errors: unavailable, internal.
func (s *Store) Migrate(ctx context.Context) error {
	if s.place.mysql == nil {
		return domainError(s.migrateSQLite(ctx), "schema")
	}
	return domainError(s.migrateMySQL(ctx), "schema")
}

func (s *Store) migrateSQLite(ctx context.Context) error {
	provider, err := s.place.provider(goose.DialectSQLite3, s.write)
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return s.goOn(ctx, provider, err)
}

// migrateMySQL has a pool of its own, as a migration may take longer than a
// call. The lock is ours and around everything, since goose's own is not yet
// held when it makes its table.
func (s *Store) migrateMySQL(ctx context.Context) error {
	unhurried := s.place.mysql.Clone()
	unhurried.ReadTimeout = 0
	pool, err := place{mysql: unhurried}.open()
	if err != nil {
		return err
	}
	defer pool.Close()
	unlock, err := lockMigrations(ctx, pool)
	if err != nil {
		return err
	}
	defer unlock()
	provider, err := s.place.provider(goose.DialectMySQL, pool)
	if err != nil {
		return err
	}
	_, err = provider.Up(ctx)
	return err
}

// goOn is for SQLite, which has no lock that lasts over several transactions:
// who loses a race against another process finds the tables there, and has to
// do what the winner left. A migration is one transaction, so nothing is half done
// and every pass finds less to do.
func (s *Store) goOn(ctx context.Context, provider *goose.Provider, err error) error {
	for range provider.ListSources() {
		if err == nil {
			return nil
		}
		have, want, versionErr := s.Version(ctx)
		if versionErr != nil || have == want {
			return versionErr
		}
		_, err = provider.Up(ctx)
	}
	return err
}

// Version returns the version the schema has, 0 for an empty database, and the
// one this program wants. Errors: unavailable, internal.
func (s *Store) Version(ctx context.Context) (have, want int64, err error) {
	want, err = s.place.newest()
	if err != nil {
		return 0, 0, domainError(err, "schema")
	}
	err = s.try(ctx, "schema", func(ctx context.Context) error {
		row := s.read.QueryRowContext(ctx, "SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version WHERE is_applied")
		if err := row.Scan(&have); !isNoTable(err) {
			return err
		}
		have = 0
		return nil
	})
	return have, want, err
}

// CheckVersion refuses a schema that is older or newer than this program.
// Errors: unavailable (no answer), internal (the Detail says what to do).
func (s *Store) CheckVersion(ctx context.Context) error {
	have, want, err := s.Version(ctx)
	switch {
	case err != nil:
		return err
	case have < want:
		return picasso.Errorf(picasso.CodeInternal,
			"the database schema is version %d and this program needs %d: run 'picasso-manage db sync'", have, want)
	case have > want:
		return picasso.Errorf(picasso.CodeInternal,
			"the database schema is version %d and this program only knows up to %d: run a newer release", have, want)
	}
	return nil
}

func (p place) dialect() string {
	if p.mysql != nil {
		return "mysql"
	}
	return "sqlite"
}

// newest is the highest number in the folder of migrations.
func (p place) newest() (int64, error) {
	names, err := fs.Glob(migrations.Files, p.dialect()+"/*.sql")
	if err != nil || len(names) == 0 {
		return 0, errors.Join(errors.New("no migrations"), err)
	}
	return goose.NumericComponent(names[len(names)-1]) // Glob sorts
}

func (p place) provider(dialect goose.Dialect, pool *sql.DB) (*goose.Provider, error) {
	folder, err := fs.Sub(migrations.Files, p.dialect())
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(dialect, pool, folder, goose.WithDisableGlobalRegistry(true))
}

// The server's locks are not of a database: the name has to say which.
const lockName = "CONCAT('picasso-migrate-', MD5(DATABASE()))"

// lockMigrations lets one process at a time migrate a database. The server
// lets the lock go when the connection ends.
func lockMigrations(ctx context.Context, pool *sql.DB) (unlock func(), err error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	var got sql.NullInt64
	if err := conn.QueryRowContext(ctx, "SELECT GET_LOCK("+lockName+", 600)").Scan(&got); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	if got.Int64 != 1 {
		return nil, errors.Join(errors.New("another process has been migrating the database for ten minutes"), conn.Close())
	}
	return func() {
		// Back in the pool it would keep the lock: the pool is closed next, and the connection with it.
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "DO RELEASE_LOCK("+lockName+")")
		_ = conn.Close()
	}, nil
}

func isNoTable(err error) bool {
	var my *mysql.MySQLError
	return err != nil && (errors.As(err, &my) && my.Number == 1146 || strings.Contains(fmt.Sprint(err), "no such table"))
}
