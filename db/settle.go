package db

import (
	"context"
	"database/sql"
	"time"

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
	err = s.inTx(ctx, "execution", func(ctx context.Context, tx *sql.Tx) (err error) {
		var held []*picasso.Settlement
		if held, errs, err = s.leaseHolders(ctx, tx, batch); err != nil || len(held) == 0 {
			return err
		}
		if err := s.settle(ctx, tx, held); err != nil {
			return err
		}
		results := s.payloadWriter(ctx, tx)
		var next []picasso.Submission
		for _, m := range held {
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
		_, err = s.submit(ctx, tx, next)
		return err
	})
	return errs, err
}

// leaseHolders locks the records, so that a lease that is held now is held until the
// transaction ends, and tells the settlements that may be stored from the others. Those
// that ran with credentials are noted.
func (s *Store) leaseHolders(ctx context.Context, tx *sql.Tx, batch []*picasso.Settlement) (held []*picasso.Settlement, errs []error, err error) {
	leases := make([]picasso.Lease, len(batch))
	for i, m := range batch {
		leases[i] = m.Lease
	}
	running, err := s.lockLeases(ctx, tx, leases)
	if err != nil {
		return nil, nil, err
	}
	errs = make([]error, len(batch))
	var acting []any
	for i, m := range batch {
		is, found := running[m.Lease.ExecutionID]
		if !found || is.number != m.Lease.Number {
			errs[i] = notHeld(m.Lease.ExecutionID)
			continue
		}
		delete(running, m.Lease.ExecutionID) // a second settlement comes too late
		held = append(held, m)
		if is.acting {
			acting = append(acting, m.Lease.ExecutionID)
		}
	}
	return held, errs, s.noteActed(ctx, tx, acting)
}

func notHeld(id string) error {
	return picasso.Errorf(picasso.CodeConflict, "%s: its lease is not held any more", executionNamed(id))
}

// What settling changes, behind what an INSERT has to have, in the order of appendSettlement.
const (
	settledFields = "reason, revision, attempt, started_at, finished_at, wait_ms, cold_start_ms, run_ms, exit_code, http_status, " +
		"host, output_bytes, status, open_as, failed_in, lease_until, run_at"
	settlementFields = "id, project_id, function_id, function_name, app_name, created_at, request_id, input_bytes, " + settledFields
)

// settle moves the records. They are there and locked, so that this INSERT
// never inserts: it updates any number of rows in one statement.
func (s *Store) settle(ctx context.Context, tx *sql.Tx, held []*picasso.Settlement) error {
	var args []any
	for _, m := range held {
		args = s.appendSettlement(args, m)
	}
	_, err := tx.ExecContext(ctx, s.upsert("executions", settlementFields, settledFields, len(held)), args...)
	return err
}

func (s *Store) appendSettlement(args []any, m *picasso.Settlement) []any {
	e, finished := m.Execution, optional(m.Execution.FinishedAt)
	queued := !e.Status.Ended()
	if queued {
		e.Status, finished.Valid = picasso.StatusQueued, false
	} else {
		e.RunAt = time.Time{}
	}
	args = append(args, m.Lease.ExecutionID, e.ProjectID, e.FunctionID, "", "", e.CreatedAt, "", 0,
		clip(e.Reason, maxReasonBytes), e.Revision, e.Attempt, optional(e.StartedAt), finished,
		e.WaitMS, e.ColdStartMS, e.RunMS, e.ExitCode, e.HTTPStatus, clip(e.Host, 255), e.OutputBytes,
		string(e.Status), only(queued, e.FunctionID), only(hasFailed(e.Status), e.ProjectID), nil)
	return append(args, s.runAt(e.RunAt)...)
}
