package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"net/url"
	"os"
	"time"

	"github.com/go-sql-driver/mysql"
	"modernc.org/sqlite"
)

// sqliteReaders is how many connections read a SQLite file; each has a page
// cache of up to 2 MB.
const sqliteReaders = 4

// setSession sets what every session must have, whatever the server's
// defaults: a value that does not fit is an error, never cut; times are UTC; a
// wait for a row ends before the call does.
func setSession(cfg *mysql.Config) {
	cfg.Loc = time.UTC
	cfg.ParseTime = true
	cfg.ClientFoundRows = true   // guarded updates count the rows found, also when nothing changes in them
	cfg.InterpolateParams = true // one round trip for a statement instead of three
	cfg.RejectReadOnly = true    // after a failover: reconnect, do not stay with the old primary
	cfg.Timeout = 5 * time.Second
	cfg.ReadTimeout = callTimeout
	cfg.WriteTimeout = callTimeout
	cfg.Logger = &mysql.NopLogger{} // its errors reach us anyway
	cfg.Params = map[string]string{
		"sql_mode":                 "'TRADITIONAL'",
		"time_zone":                "'+00:00'",
		"innodb_lock_wait_timeout": "3",
	}
}

// pools returns the pools for reading and writing.
func (p place) pools(cfg Config) (read, write *sql.DB, err error) {
	switch {
	case p.mysql != nil:
		read, err = p.open()
		if err != nil {
			return nil, nil, err
		}
		read.SetMaxOpenConns(cfg.MaxPoolSize)
		read.SetMaxIdleConns(cfg.MaxPoolSize)
		read.SetConnMaxLifetime(cfg.ConnectionRecycleTime)
		return read, read, nil
	case p.path == "":
		read, err = p.open()
		if err != nil {
			return nil, nil, err
		}
		read.SetMaxOpenConns(1) // each connection would be a database of its own
		return read, read, nil
	}
	if read, err = p.open(); err != nil {
		return nil, nil, err
	}
	if write, err = p.open(); err != nil {
		return nil, nil, err
	}
	read.SetMaxOpenConns(sqliteReaders)
	write.SetMaxOpenConns(1)
	return read, write, nil
}

func (p place) open() (*sql.DB, error) {
	if p.mysql != nil {
		connector, err := mysql.NewConnector(p.mysql)
		if err != nil {
			return nil, err
		}
		return sql.OpenDB(readCommitted{connector}), nil
	}
	if p.path != "" {
		// Made here because SQLite would let everybody read it. An error shows at first use.
		if file, err := os.OpenFile(p.path, os.O_CREATE|os.O_RDONLY, 0o600); err == nil {
			file.Close()
		}
	}
	connector, err := sqlite.NewConnector(p.sqliteDSN())
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

// sqliteDSN sets what makes SQLite behave like the other: foreign keys, times as
// microseconds (of columns declared DATETIME), no deadlock between a reader that
// becomes a writer and another writer. With WAL, synchronous NORMAL
// survives a crash of the process and never corrupts; a power cut may lose the
// last commits.
func (p place) sqliteDSN() string {
	name := "file:" + (&url.URL{Path: p.path}).EscapedPath()
	if p.path == "" {
		name = "file::memory:"
	}
	return name + "?" + url.Values{
		"_pragma": {
			"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(1)",
			"journal_size_limit(67108864)",
		},
		"_txlock":              {"immediate"},
		"_time_integer_format": {"unix_micro"},
		"_inttotime":           {"true"},
	}.Encode()
}

// readCommitted makes connections on which what a statement reads is what the one
// before it may have waited for. Asking for that with each transaction
// would be a round trip each time, and a parameter of the connection has another name in MySQL
// than in MariaDB.
type readCommitted struct{ driver.Connector }

// Connect implements driver.Connector.
func (c readCommitted) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if execer, ok := conn.(driver.ExecerContext); ok {
		_, err = execer.ExecContext(ctx, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", nil)
	}
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}
