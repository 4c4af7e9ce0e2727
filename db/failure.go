package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"time"

	"github.com/go-sql-driver/mysql"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/picasso-faas/picasso"
)

const (
	maxAttempts = 6
	firstPause  = 4 * time.Millisecond // doubles with each attempt
	retryAfter  = 5 * time.Second      // told to the caller of the API when the database is down
)

// try runs do, again when it fell to a deadlock or a lock, and turns its error
// into a *picasso.Error about subject, such as `app "x"`.
func (s *Store) try(ctx context.Context, subject string, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	for attempt := 1; ; attempt++ {
		err := do(ctx)
		if err == nil {
			return nil
		}
		if attempt == maxAttempts || kindOf(err) != locked || !s.pause(ctx, attempt) {
			return domainError(err, subject)
		}
	}
}

// pause waits before the next attempt; false when ctx ended meanwhile.
func (s *Store) pause(ctx context.Context, attempt int) bool {
	most := firstPause << attempt
	timer := time.NewTimer(time.Duration(s.jitter() * float64(most)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// inTx is try around a transaction.
func (s *Store) inTx(ctx context.Context, subject string, do func(context.Context, *sql.Tx) error) error {
	return s.try(ctx, subject, func(ctx context.Context) error {
		tx, err := s.write.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		if err := do(ctx, tx); err != nil {
			_ = tx.Rollback() // err says why; a broken connection rolls back by itself
			return err
		}
		return tx.Commit()
	})
}

// kind is what an error of a driver means to us.
type kind int

const (
	unknown   kind = iota
	locked         // somebody else has it locked: try again
	down           // no answer, or none that a later call would also get
	duplicate      // a unique key is taken
	inUse          // another row refers to it
	orphan         // what it refers to is gone
	misfit         // a value does not fit its column
)

func kindOf(err error) kind {
	var (
		my      *mysql.MySQLError
		lite    *sqlite.Error
		network net.Error
	)
	switch {
	case errors.As(err, &my):
		return mysqlKind(my.Number)
	case errors.As(err, &lite):
		return sqliteKind(lite.Code())
	case errors.As(err, &network),
		errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled),
		errors.Is(err, driver.ErrBadConn), errors.Is(err, mysql.ErrInvalidConn),
		errors.Is(err, sql.ErrConnDone), errors.Is(err, sql.ErrTxDone),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return down
	}
	return unknown
}

// mysqlKind knows the numbers of MySQL, MariaDB and Galera.
func mysqlKind(number uint16) kind {
	switch number {
	case 1213, 1205, 1020: // deadlock (also Galera's certification), lock wait, changed since the snapshot
		return locked
	case 1062:
		return duplicate
	case 1451, 1217:
		return inUse
	case 1452, 1216:
		return orphan
	case 1264, 1265, 1366, 1406, 1292, 1153:
		return misfit
	case 1040, 1203, 1226, // too many connections
		1047,                                     // Galera: the node is not ready
		1053, 1077, 1079, 1152, 1184, 1927, 3169, // shutting down, connection killed
		1158, 1159, 1160, 1161, // the network between
		1290, 1836, // read-only
		1021, 1114, // disk or table full
		1317, 1969, 3024: // interrupted, over its time
		return down
	}
	return unknown
}

// sqliteKind looks at the extended code where the basic one, its low byte, says
// too little.
func sqliteKind(code int) kind {
	switch code {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return duplicate
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY: // writers come one by one: what a row refers to cannot go meanwhile
		return inUse
	}
	switch code & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return locked
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY,
		sqlite3.SQLITE_INTERRUPT:
		return down
	case sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH:
		return misfit
	}
	return unknown
}

// domainError is the one place where errors of drivers become ours.
func domainError(err error, subject string) error {
	if err == nil {
		return nil
	}
	if own, ok := errors.AsType[*picasso.Error](err); ok {
		return own
	}
	switch kindOf(err) {
	case locked, down:
		return picasso.Errorf(picasso.CodeUnavailable, "the database does not answer").WithRetryAfter(retryAfter).WithCause(err)
	case duplicate:
		return picasso.Errorf(picasso.CodeConflict, "%s exists already", subject).WithCause(err)
	case inUse:
		return picasso.Errorf(picasso.CodeConflict, "%s is in use", subject).WithCause(err)
	case orphan:
		return picasso.Errorf(picasso.CodeNotFound, "the app of %s not found", subject).WithCause(err)
	case misfit:
		return picasso.Errorf(picasso.CodeInvalid, "%s: a value is longer or greater than can be stored", subject).WithCause(err)
	}
	return picasso.AsError(err)
}

func notFound(subject string) error {
	return picasso.Errorf(picasso.CodeNotFound, "%s not found", subject)
}

func changed(subject string) error {
	return picasso.Errorf(picasso.CodeConflict, "%s was changed meanwhile; read it again", subject)
}
