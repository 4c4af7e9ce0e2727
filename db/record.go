package db

import (
	"context"
	"database/sql"
	"slices"

	"github.com/picasso-faas/picasso"
)

// The columns that a synchronous record has, in the order of appendExecution.
// The others have their defaults.
const recordFields = "id, project_id, function_id, function_name, app_name, revision, status, reason, " +
	"created_at, started_at, finished_at, wait_ms, cold_start_ms, run_ms, exit_code, http_status, " +
	"host, request_id, input_bytes, output_bytes, failed_in"

const (
	recordFieldCount = 21
	rowsPerInsert    = 100 // SQLite takes up to 32766 values in a statement
	maxReasonBytes   = 4096
	maxEventIDBytes  = 255
	maxSubjectBytes  = 1024
	maxErrorBytes    = 1024
)

// RecordExecutions implements picasso.ExecutionStore. Text that does not fit
// is cut and made valid UTF-8, so that no record is refused for what a function
// wrote. One that is refused all the same does not take the others with it: the
// error says how many there were.
func (s *Store) RecordExecutions(ctx context.Context, batch []picasso.Execution) error {
	var insert *sql.Stmt
	if len(batch) >= rowsPerInsert {
		var err error
		if insert, err = s.recordInsert(ctx); err != nil {
			return err
		}
	}
	refused, err := s.record(ctx, insert, batch)
	if err != nil && refused > 0 {
		why := picasso.AsError(err)
		return picasso.Errorf(why.Code, "%d of %d records were left out: %s", refused, len(batch), why.Detail).WithCause(err)
	}
	return err
}

// recordInsert is the statement for rowsPerInsert records. It is prepared, once
// for each connection: to parse it anew would cost MariaDB 4 to 8 µs of
// processor time for every record, of 25 to 30, and SQLite 3 of 16.
func (s *Store) recordInsert(ctx context.Context) (*sql.Stmt, error) {
	s.recordMu.Lock()
	defer s.recordMu.Unlock()
	if s.recordStmt != nil {
		return s.recordStmt, nil
	}
	err := s.try(ctx, "execution", func(ctx context.Context) (err error) {
		s.recordStmt, err = s.write.PrepareContext(ctx, s.insert("executions", recordFields, rowsPerInsert))
		return err
	})
	return s.recordStmt, err
}

// record stores the batch, or its halves when it is refused, down to a single
// record.
func (s *Store) record(ctx context.Context, insert *sql.Stmt, batch []picasso.Execution) (refused int, err error) {
	err = s.inTx(ctx, "execution", func(ctx context.Context, tx *sql.Tx) error { return s.insertRecords(ctx, tx, insert, batch) })
	switch {
	case err == nil || picasso.CodeOf(err) == picasso.CodeUnavailable:
		return 0, err
	case len(batch) <= 1:
		return len(batch), err
	}
	half := len(batch) / 2
	first, err1 := s.record(ctx, insert, batch[:half])
	if picasso.CodeOf(err1) == picasso.CodeUnavailable {
		return first, err1
	}
	second, err2 := s.record(ctx, insert, batch[half:])
	if err2 != nil {
		err1 = err2
	}
	return first + second, err1
}

func (s *Store) insertRecords(ctx context.Context, tx *sql.Tx, insert *sql.Stmt, batch []picasso.Execution) error {
	for part := range slices.Chunk(batch, rowsPerInsert) {
		if err := s.insertPart(ctx, tx, insert, part); err != nil {
			return err
		}
	}
	var logs []picasso.LogPart
	for i := range batch {
		if len(batch[i].Log) > 0 {
			logs = append(logs, picasso.LogPart{ExecutionID: batch[i].ID, Attempt: 1, Text: batch[i].Log})
		}
	}
	return s.insertLogs(ctx, tx, logs)
}

// insertPart stores up to rowsPerInsert records: with that many, by the prepared
// statement insert.
func (s *Store) insertPart(ctx context.Context, tx *sql.Tx, insert *sql.Stmt, part []picasso.Execution) error {
	args := make([]any, 0, len(part)*recordFieldCount)
	for i := range part {
		args = appendExecution(args, &part[i])
	}
	if len(part) < rowsPerInsert {
		_, err := tx.ExecContext(ctx, s.insert("executions", recordFields, len(part)), args...)
		return err
	}
	here := tx.StmtContext(ctx, insert)
	defer func() { _ = here.Close() }() // forgets that it is used here, and keeps it on the connection
	_, err := here.ExecContext(ctx, args...)
	return err
}

func appendExecution(args []any, e *picasso.Execution) []any {
	return append(args, e.ID, e.ProjectID, e.FunctionID, clip(e.Function, 255), clip(e.App, 255), e.Revision,
		string(e.Status), clip(e.Reason, maxReasonBytes),
		e.CreatedAt, optional(e.StartedAt), optional(e.FinishedAt), e.WaitMS, e.ColdStartMS, e.RunMS, e.ExitCode, e.HTTPStatus,
		clip(e.Host, 255), clip(e.RequestID, 64), e.InputBytes, e.OutputBytes,
		only(hasFailed(e.Status), e.ProjectID))
}
