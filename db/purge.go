package db

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/picasso-faas/picasso"
)

const (
	rowsPerLook  = 2000 // looked at in one statement
	rowsPerPurge = 500  // locked at once
)

// purging is one kind of rows on their way out.
type purging struct {
	before time.Time
	table  string // its rows are called r
	which  conditions
	id     string // the column with the id of the execution
	status string // the expression for its status, NULL when it has no record
	goes   func(picasso.Status) bool
	remove func(ctx context.Context, tx *sql.Tx, ids []any, before time.Time) (int64, error)
}

// Purge implements picasso.ExecutionStore. It deletes in small transactions,
// and returns what it did also with an error. Rows that go with their record
// are not counted.
func (s *Store) Purge(ctx context.Context, keep picasso.Retention, limit int) (total int, err error) {
	const statusOf = "(SELECT e.status FROM executions e WHERE e.id = r.execution_id)"
	records := purging{before: keep.Ended, table: "executions", id: "r.id", status: "r.status", goes: hasFailed, remove: removeRecords}
	succeeded := records // whose index spares the others, which may be kept longer
	succeeded.before, succeeded.goes = keep.Succeeded, hasSucceeded
	succeeded.which.add("r.failed_in IS NULL")
	inputs := purging{before: keep.Payloads, table: "execution_payloads", id: "r.execution_id", status: statusOf, goes: mayGo, remove: removeOlder("execution_payloads")}
	logs := purging{before: keep.Logs, table: "execution_logs", id: "r.execution_id", status: statusOf, goes: mayGo, remove: removeOlder("execution_logs")}
	for _, p := range []purging{succeeded, records, inputs, logs} {
		if p.before.IsZero() {
			continue
		}
		n, err := s.purge(ctx, &p, limit)
		if total += n; err != nil {
			return total, err
		}
	}
	return total, s.purgeLocks(ctx)
}

func hasSucceeded(status picasso.Status) bool { return status == picasso.StatusSucceeded }
func hasFailed(status picasso.Status) bool    { return status.Ended() && !hasSucceeded(status) }

// mayGo is about what belongs to an execution. One without a record has no
// status, which counts as ended.
func mayGo(status picasso.Status) bool { return status.Ended() }

// purge walks from the oldest row to the youngest of those that may go, and
// passes over what stays: each statement is short, however much that is.
func (s *Store) purge(ctx context.Context, p *purging, limit int) (done int, err error) {
	for at := []any(nil); done < limit; {
		var ids []any
		if ids, at, err = s.oldRows(ctx, p, at); err != nil {
			return done, err
		}
		for len(ids) > 0 && done < limit {
			n := min(len(ids), rowsPerPurge, limit-done)
			removed, err := s.removeSome(ctx, p, ids[:n])
			if done += removed; err != nil {
				return done, err
			}
			ids = ids[n:]
		}
		if at == nil {
			break
		}
	}
	return done, nil
}

// oldRows looks at the rows behind a place and returns the executions of those
// that go, and the next place: nil at the end.
func (s *Store) oldRows(ctx context.Context, p *purging, at []any) (ids, next []any, err error) {
	where := conditions{parts: append([]string{"r.created_at < ?"}, p.which.parts...), args: []any{p.before}}
	order := []key{{"r.created_at", false}, {p.id, false}}
	if at != nil {
		after(&where, order, at)
	}
	query := fmt.Sprintf("SELECT %s, r.created_at, %s FROM %s r%s%s LIMIT %d", p.id, p.status, p.table, where.String(), orderBy(order), rowsPerLook)
	err = s.try(ctx, "executions", func(ctx context.Context) error {
		count, last := 0, ""
		ids, next = nil, nil
		err := each(ctx, s.read, query, where.args, func(row row) error {
			var id string
			var made time.Time
			var status sql.NullString
			err := row.Scan(&id, &made, &status)
			if id != last && p.goes(picasso.Status(status.String)) {
				ids = append(ids, id)
			}
			count, last, next = count+1, id, []any{made, id}
			return err
		})
		if count < rowsPerLook {
			next = nil
		}
		return err
	})
	return ids, next, err
}

func (s *Store) removeSome(ctx context.Context, p *purging, ids []any) (n int, err error) {
	err = s.inTx(ctx, "executions", func(ctx context.Context, tx *sql.Tx) error {
		removed, err := p.remove(ctx, tx, ids, p.before)
		n = int(removed)
		return err
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// removeRecords deletes by id what has been found: a DELETE by time would lock
// the gap where new rows go, too.
func removeRecords(ctx context.Context, tx *sql.Tx, ids []any, _ time.Time) (int64, error) {
	for _, column := range []string{"execution_logs WHERE execution_id", "execution_payloads WHERE execution_id", "execution_keys WHERE of_execution", "acted WHERE execution_id"} {
		if _, err := tx.ExecContext(ctx, "DELETE FROM "+column+in(len(ids)), ids...); err != nil {
			return 0, err
		}
	}
	return affected(tx.ExecContext(ctx, "DELETE FROM executions WHERE id"+in(len(ids)), ids...))
}

func removeOlder(table string) func(context.Context, *sql.Tx, []any, time.Time) (int64, error) {
	return func(ctx context.Context, tx *sql.Tx, ids []any, before time.Time) (int64, error) {
		return affected(tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE execution_id"+in(len(ids))+" AND created_at < ?", append(slices.Clip(ids), before)...))
	}
}

// purgeLocks deletes the locks of functions and projects that are gone.
func (s *Store) purgeLocks(ctx context.Context) error {
	if s.place.mysql == nil {
		return nil
	}
	return s.try(ctx, "queue", func(ctx context.Context) error {
		_, err := s.write.ExecContext(ctx, "DELETE FROM claim_locks WHERE id NOT IN (SELECT id FROM functions) AND id NOT IN (SELECT project_id FROM apps)")
		return err
	})
}
