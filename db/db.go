// Package db keeps apps, functions, triggers and executions with their inputs,
// results and logs in MySQL/MariaDB or in SQLite. [Store] implements
// picasso.AppStore, picasso.FunctionStore, picasso.TriggerStore,
// picasso.EventStore, picasso.TrustStore, picasso.ExecutionStore, picasso.Queue,
// picasso.LogStore, picasso.HostStore and picasso.UsageStore.
//
// Promises: every exported method is one transaction or one statement; a
// method never hangs, it ends as unavailable after ten seconds; deadlocks are
// retried here; every error is a *picasso.Error whose cause goes to the log.
// Times are kept and returned in UTC to the microsecond. dbtest holds the suite
// that both databases pass.
package db

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/picasso-faas/picasso"
)

// Config is section [database] of picasso.conf, with the names of oslo.db.
type Config struct {
	Connection string `ini:"connection" secret:"true" help:"Where the database is: mysql+pymysql://USER:PASSWORD@HOST:PORT/NAME (special characters of the password percent-encoded; ?ssl_ca=FILE encrypts), sqlite:////ABSOLUTE/FILE or sqlite:///RELATIVE/FILE. Required."`
	// MaxPoolSize and ConnectionRecycleTime are about MySQL; a SQLite file has one writer and a few readers.
	MaxPoolSize           int           `ini:"max_pool_size" help:"How many connections to MySQL one process opens at most, 1 to 1000."`
	ConnectionRecycleTime time.Duration `ini:"connection_recycle_time" help:"Age, in seconds, at which a connection to MySQL is replaced. Keep it below the idle timeouts of the server and of proxies before it. -1: never."`
}

// DefaultConfig returns the defaults of every option but the connection.
func DefaultConfig() Config {
	return Config{MaxPoolSize: 20, ConnectionRecycleTime: time.Hour}
}

// Validate checks the options; nothing is connected to. Errors: invalid,
// naming the option and never showing the connection, which holds a password.
func (c Config) Validate() error {
	if c.MaxPoolSize < 1 || c.MaxPoolSize > 1000 {
		return picasso.Errorf(picasso.CodeInvalid, "max_pool_size: must be from 1 to 1000")
	}
	_, err := parseConnection(c.Connection)
	return err
}

// callTimeout bounds a call with all its retries and its wait for a connection.
const callTimeout = 10 * time.Second

// Store is the stores of one database. It is safe for use by many goroutines.
type Store struct {
	place place
	// SQLite has one writer at a time: a pool of one connection queues writers
	// in order, where several would poll the lock of the file. Otherwise both
	// are the same pool.
	read, write *sql.DB

	enqueues    group[*enqueuing]
	settlements group[*picasso.Settlement]
	logs        group[[]picasso.LogPart]
	enqueued    chan struct{} // of capacity 1, see Enqueued

	maxQueued int // of a project; 0: any number
	crowdMu   sync.Mutex
	crowds    map[string]*crowd // by project, where there is a limit

	backlogMu sync.Mutex // one look at the backlog at a time
	backlogAt string     // the function behind which the next one starts

	recordMu   sync.Mutex
	recordStmt *sql.Stmt // see recordInsert; nil until first used

	newID   func() string
	now     func() time.Time
	jitter  func() float64 // 0..1
	timeout time.Duration  // callTimeout
}

var (
	_ picasso.AppStore       = (*Store)(nil)
	_ picasso.FunctionStore  = (*Store)(nil)
	_ picasso.ExecutionStore = (*Store)(nil)
	_ picasso.Queue          = (*Store)(nil)
	_ picasso.LogStore       = (*Store)(nil)
	_ picasso.TriggerStore   = (*Store)(nil)
	_ picasso.EventStore     = (*Store)(nil)
	_ picasso.TrustStore     = (*Store)(nil)
	_ picasso.HostStore      = (*Store)(nil)
	_ picasso.UsageStore     = (*Store)(nil)
)

// Open makes a store. It connects when first used, so the database may come up
// later; it does not migrate (see [Store.Migrate]). Errors: invalid.
func Open(cfg Config) (*Store, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	place, err := parseConnection(cfg.Connection)
	if err != nil {
		return nil, err
	}
	s := &Store{place: place, enqueued: make(chan struct{}, 1), newID: newID, now: time.Now, jitter: rand.Float64, timeout: callTimeout}
	s.enqueues = group[*enqueuing]{write: s.writeEnqueues, size: enqueueSize}
	s.settlements = group[*picasso.Settlement]{write: s.writeSettlements, size: settlementSize}
	s.logs = group[[]picasso.LogPart]{write: s.writeLogs, size: logSize}
	s.read, s.write, err = place.pools(cfg)
	if err != nil {
		return nil, picasso.Errorf(picasso.CodeInvalid, "connection: cannot be used").WithCause(err)
	}
	return s, nil
}

// newID is one that sorts by its time, so that new rows go side by side.
func newID() string {
	id, err := uuid.NewV7()
	if err != nil { // no randomness to be had
		return uuid.NewString()
	}
	return id.String()
}

// Close ends all connections. No call may follow.
func (s *Store) Close() error {
	err := s.write.Close()
	if s.read == s.write {
		return err
	}
	if err2 := s.read.Close(); err == nil {
		err = err2
	}
	return err
}

// Ping tells whether the database answers. Errors: unavailable.
func (s *Store) Ping(ctx context.Context) error {
	return s.try(ctx, "", func(ctx context.Context) error { return s.read.PingContext(ctx) })
}
