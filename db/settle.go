package db

import (
	"context"
	"database/sql"

	"github.com/picasso-faas/picasso"
)

// Settle implements picasso.Queue. What is settled at the same time is
// committed together.
func (s *Store) Settle(ctx context.Context, settlement *picasso.Settlement) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	mine := *settlement
	if mine.Next != nil {
		next := prepare(*mine.Next)
		mine.Next = &next
	}
	if err := s.settlements.do(ctx, &mine); err != nil {
		return err
	}
	if mine.Next != nil {
		s.wake(*mine.Next)
	}
	s.wake(picasso.Submission{Execution: mine.Execution}) // it may be tried again at once
	return nil
}

func settlementSize(m *picasso.Settlement) (size int) {
	size = 1024
	if m.Result != nil {
		size += len(m.Result.Body)
	}
	if m.Next != nil {
		size += len(m.Next.Input.Body)
	}
	return size
}

func (s *Store) writeSettlements(ctx context.Context, batch []*picasso.Settlement) (errs []error, err error) {
	err = s.inTx(ctx, "execution", func(ctx context.Context, tx *sql.Tx) error {
		errs = make([]error, len(batch))
		results := s.payloadWriter(ctx, tx)
		var next []picasso.Submission
		for i, m := range batch {
			held, err := s.settle(ctx, tx, m)
			if err != nil {
				return err
			}
			if !held {
				errs[i] = notHeld(m.Lease.ExecutionID)
				continue
			}
			if m.Result != nil && m.Execution.Status.Ended() {
				results.add(m.Lease.ExecutionID, kindResult, m.Result)
			}
			if m.Next != nil {
				next = append(next, *m.Next)
			}
		}
		if err := results.flush(); err != nil || len(next) == 0 {
			return err
		}
		return s.insertSubmissions(ctx, tx, next)
	})
	return errs, err
}

func notHeld(id string) error {
	return picasso.Errorf(picasso.CodeConflict, "%s: its lease is not held any more", executionNamed(id))
}

// settle moves the record, provided the lease is held.
func (s *Store) settle(ctx context.Context, tx *sql.Tx, m *picasso.Settlement) (held bool, err error) {
	e := m.Execution
	query := "UPDATE executions SET reason = ?, revision = ?, attempt = ?, started_at = ?, " +
		"wait_ms = ?, cold_start_ms = ?, run_ms = ?, exit_code = ?, http_status = ?, host = ?, output_bytes = ?, " +
		"lease_until = NULL, status = ?, "
	args := []any{clip(e.Reason, maxReasonBytes), e.Revision, e.Attempt, optional(e.StartedAt),
		e.WaitMS, e.ColdStartMS, e.RunMS, e.ExitCode, e.HTTPStatus, clip(e.Host, 255), e.OutputBytes}
	switch {
	case !e.Status.Ended():
		query += "function_if_queued = function_id, run_at = " + s.runAtSQL()
		args = append(append(args, string(picasso.StatusQueued)), s.runAt(e.RunAt)...)
	case e.Status == picasso.StatusSucceeded:
		query += "project_unless_succeeded = NULL, finished_at = ?"
		args = append(args, string(e.Status), optional(e.FinishedAt))
	default:
		query += "finished_at = ?"
		args = append(args, string(e.Status), optional(e.FinishedAt))
	}
	args = append(args, m.Lease.ExecutionID, m.Lease.Number)
	n, err := affected(tx.ExecContext(ctx, query+" WHERE id = ? AND status = 'running' AND lease = ?", args...))
	return n > 0, err
}
