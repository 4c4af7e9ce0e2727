package db

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/picasso-faas/picasso"
)

const (
	rowsPerRecovery = 500 // in one transaction
	// The pause after the first failure of the platform; it doubles with each further one.
	platformPause     = 200 * time.Millisecond
	longPlatformPause = 30 * time.Second
)

// Renew implements picasso.Queue.
func (s *Store) Renew(ctx context.Context, held []picasso.Lease, lease time.Duration) (lost []picasso.Lease, err error) {
	held = slices.SortedFunc(slices.Values(held), func(a, b picasso.Lease) int { return cmp.Compare(a.ExecutionID, b.ExecutionID) })
	err = s.inTx(ctx, "queue", func(ctx context.Context, tx *sql.Tx) error { // locked in one order, as Settle does
		lost = nil
		for part := range slices.Chunk(held, rowsPerInsert) {
			gone, err := s.renew(ctx, tx, part, lease)
			if err != nil {
				return err
			}
			lost = append(lost, gone...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return lost, nil
}

func (s *Store) renew(ctx context.Context, tx *sql.Tx, held []picasso.Lease, lease time.Duration) (lost []picasso.Lease, err error) {
	running, err := s.lockLeases(ctx, tx, held)
	if err != nil {
		return nil, err
	}
	var ids []any
	for _, l := range held {
		if is, found := running[l.ExecutionID]; found && is.number == l.Number {
			ids = append(ids, l.ExecutionID)
		} else {
			lost = append(lost, l)
		}
	}
	if len(ids) > 0 {
		_, err = tx.ExecContext(ctx, "UPDATE executions SET lease_until = "+s.clock(lease)+" WHERE id"+in(len(ids)), ids...)
	}
	return lost, err
}

// leased is what runs.
type leased struct {
	number int64 // of the lease
	acting bool  // it got credentials
}

// lockLeases locks the records of leases that are running and returns the
// leases they have now, which need not be those.
func (s *Store) lockLeases(ctx context.Context, tx *sql.Tx, leases []picasso.Lease) (map[string]leased, error) {
	ids := make([]any, len(leases))
	for i := range leases {
		ids[i] = leases[i].ExecutionID
	}
	running := map[string]leased{}
	query := "SELECT id, lease, acting_as IS NOT NULL FROM executions WHERE id" + in(len(ids)) + " AND status = 'running' ORDER BY id" + s.forUpdate()
	return running, each(ctx, tx, query, ids, func(row row) error {
		var id string
		var is leased
		err := row.Scan(&id, &is.number, &is.acting)
		running[id] = is
		return err
	})
}

// Recover implements picasso.Queue. It works in small transactions, and
// returns what it did also with an error.
func (s *Store) Recover(ctx context.Context) (int, error) {
	n, err := s.repeat(ctx, s.requeueLost)
	if err != nil {
		return n, err
	}
	if n > 0 {
		s.signal()
	}
	return n, s.cancelDeleted(ctx)
}

// repeat calls step in transactions of their own until it finds nothing more.
func (s *Store) repeat(ctx context.Context, step func(context.Context, *sql.Tx) (int, error)) (done int, err error) {
	for {
		n := 0
		err := s.inTx(ctx, "queue", func(ctx context.Context, tx *sql.Tx) (err error) {
			n, err = step(ctx, tx)
			return err
		})
		if err != nil || n == 0 {
			return done, err
		}
		done += n
	}
}

// expired is an execution whose lease ran out.
type expired struct {
	picasso.Lease
	attempt int
}

// requeueLost queues executions again whose lease ran out. Whether they are too
// old to be tried again is for whoever claims them to say.
func (s *Store) requeueLost(ctx context.Context, tx *sql.Tx) (int, error) {
	query := fmt.Sprintf("SELECT id, lease, attempt FROM executions%s WHERE open_as = 'running' AND lease_until < %s LIMIT %d", s.byQueue(), s.clock(0), rowsPerRecovery) + s.skipLocked()
	var list []expired
	var ids []any
	err := each(ctx, tx, query, nil, func(row row) error {
		var x expired
		err := row.Scan(&x.ExecutionID, &x.Number, &x.attempt)
		list, ids = append(list, x), append(ids, x.ExecutionID)
		return err
	})
	if err != nil {
		return 0, err
	}
	if err := s.noteActed(ctx, tx, ids); err != nil {
		return 0, err
	}
	for i := range list {
		if err := s.requeue(ctx, tx, &list[i]); err != nil {
			return 0, err
		}
	}
	return len(list), nil
}

func (s *Store) requeue(ctx context.Context, tx *sql.Tx, x *expired) error {
	const gone = "Host lost during the call: the process that had it in hand went away"
	pause := s.pauseAfter(int(x.Number) - x.attempt + 1)
	_, err := tx.ExecContext(ctx, "UPDATE executions SET status = 'queued', open_as = function_id, lease_until = NULL, "+
		"attempt = attempt - 1, run_at = "+s.clock(pause)+", reason = ? WHERE id = ?", gone, x.ExecutionID)
	return err
}

// pauseAfter is how long an execution waits after the platform has failed it so often. Half is left to chance.
func (s *Store) pauseAfter(failures int) time.Duration {
	pause := min(platformPause<<min(failures-1, 16), longPlatformPause)
	return pause/2 + time.Duration(s.jitter()*float64(pause/2))
}

// cancelDeleted ends what is queued for functions that do not exist any more.
func (s *Store) cancelDeleted(ctx context.Context) error {
	for behind, more := "", true; more; more = behind != "" {
		var found []queuedFunction
		err := s.try(ctx, "queue", func(ctx context.Context) (err error) {
			found, behind, err = s.scanQueued(ctx, behind)
			return err
		})
		if err != nil {
			return err
		}
		for i := range found {
			if found[i].exists {
				continue
			}
			if _, err := s.repeat(ctx, s.cancelOf(found[i].FunctionID)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Store) cancelOf(functionID string) func(context.Context, *sql.Tx) (int, error) {
	return func(ctx context.Context, tx *sql.Tx) (int, error) {
		ids, err := column(ctx, tx, "SELECT id FROM executions"+s.byQueue()+" WHERE open_as = ? LIMIT 500"+s.skipLocked(), functionID)
		if err != nil || len(ids) == 0 {
			return 0, err
		}
		_, err = tx.ExecContext(ctx, "UPDATE executions SET status = 'cancelled', open_as = NULL, failed_in = project_id, run_at = NULL, "+
			"reason = 'Cancelled: the function was deleted', finished_at = ? WHERE id"+in(len(ids)), append([]any{s.now()}, ids...)...)
		return len(ids), err
	}
}
