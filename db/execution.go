package db

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/picasso-faas/picasso"
)

const executionFields = "id, project_id, function_id, function_name, app_name, revision, status, reason, " +
	"created_at, started_at, finished_at, wait_ms, cold_start_ms, run_ms, exit_code, http_status, " +
	"host, request_id, input_bytes, output_bytes"

const (
	executionFieldCount = 20
	rowsPerInsert       = 500     // SQLite takes up to 32766 values in a statement
	logBytesPerInsert   = 1 << 20 // and one log on top: well below a server's max_allowed_packet
	rowsPerPurge        = 500     // locked at once
	maxReasonBytes      = 4096
)

// RecordExecutions implements picasso.ExecutionStore. Text that does not fit
// is cut and made valid UTF-8, so that no record is refused for what a function wrote.
func (s *Store) RecordExecutions(ctx context.Context, batch []picasso.Execution) error {
	return s.inTx(ctx, "execution", func(ctx context.Context, tx *sql.Tx) error {
		for rest := batch; len(rest) > 0; {
			n := min(len(rest), rowsPerInsert)
			if err := s.insertExecutions(ctx, tx, rest[:n]); err != nil {
				return err
			}
			rest = rest[n:]
		}
		return s.insertLogs(ctx, tx, batch)
	})
}

func (s *Store) insertExecutions(ctx context.Context, tx *sql.Tx, batch []picasso.Execution) error {
	args := make([]any, 0, len(batch)*executionFieldCount)
	for i := range batch {
		args = appendExecution(args, &batch[i])
	}
	_, err := tx.ExecContext(ctx, s.insert("executions", executionFields, len(batch)), args...)
	return err
}

func appendExecution(args []any, e *picasso.Execution) []any {
	return append(args, e.ID, e.ProjectID, e.FunctionID, clip(e.Function, 255), clip(e.App, 255), e.Revision,
		string(e.Status), clip(e.Reason, maxReasonBytes),
		e.CreatedAt, optional(e.StartedAt), optional(e.FinishedAt), e.WaitMS, e.ColdStartMS, e.RunMS, e.ExitCode, e.HTTPStatus,
		clip(e.Host, 255), clip(e.RequestID, 64), e.InputBytes, e.OutputBytes)
}

// insertLogs stores the logs that are not empty.
func (s *Store) insertLogs(ctx context.Context, tx *sql.Tx, batch []picasso.Execution) error {
	var args []any
	size := 0
	flush := func() error {
		if len(args) == 0 {
			return nil
		}
		_, err := tx.ExecContext(ctx, s.insert("execution_logs", "execution_id, log", len(args)/2), args...)
		args, size = args[:0], 0
		return err
	}
	for i := range batch {
		if len(batch[i].Log) == 0 {
			continue
		}
		args = append(args, batch[i].ID, batch[i].Log)
		size += len(batch[i].Log)
		if size >= logBytesPerInsert || len(args) >= 2*rowsPerInsert {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// insert is the statement for a number of rows, of which those whose first
// column, the key, is there already stay as they are. (INSERT IGNORE would also ignore
// what does not fit.)
func (s *Store) insert(table, fields string, rows int) string {
	first, _, _ := strings.Cut(fields, ",")
	one := "(?" + strings.Repeat(", ?", strings.Count(fields, ",")) + ")"
	text := "INSERT INTO " + table + " (" + fields + ") VALUES " + one + strings.Repeat(", "+one, rows-1)
	if s.place.mysql != nil {
		return text + " ON DUPLICATE KEY UPDATE " + first + " = " + table + "." + first
	}
	return text + " ON CONFLICT (" + first + ") DO NOTHING"
}

// Execution implements picasso.ExecutionStore.
func (s *Store) Execution(ctx context.Context, projectID, id string) (*picasso.Execution, error) {
	var e picasso.Execution
	where, err := executionWhere(projectID, id)
	if err != nil {
		return nil, err
	}
	err = s.try(ctx, executionNamed(id), func(ctx context.Context) error {
		row := s.read.QueryRowContext(ctx, "SELECT "+executionFields+" FROM executions"+where.String(), where.args...)
		return missing(scanExecution(row, &e), executionNamed(id))
	})
	if err != nil {
		return nil, err
	}
	return &e, nil
}

func executionWhere(projectID, id string) (where conditions, err error) {
	if !picasso.IsID(id) {
		return where, notFound(executionNamed(id))
	}
	where.addID("id", id)
	where.addText("project_id", projectID)
	return where, nil
}

// Executions implements picasso.ExecutionStore. Sorts by created_at, function,
// app, status, run_ms, wait_ms, id.
func (s *Store) Executions(ctx context.Context, filter picasso.ExecutionFilter, page picasso.Page) ([]picasso.Execution, bool, error) {
	l := listing{
		noun: "executions", columns: executionFields, from: "executions", id: "id",
		sortables: []sortable{
			{"created_at", "created_at"}, {"function", "function_name"}, {"app", "app_name"},
			{"status", "status"}, {"run_ms", "run_ms"}, {"wait_ms", "wait_ms"}, {"id", "id"},
		},
		order: picasso.SortKey{Field: "created_at", Desc: true},
		where: executionFilter(filter),
	}
	return readPage(ctx, s, &l, page, scanExecution)
}

func executionFilter(filter picasso.ExecutionFilter) (where conditions) {
	where.addText("project_id", filter.ProjectID)
	where.addID("function_id", filter.FunctionID)
	where.addText("app_name", filter.App)
	where.addText("status", string(filter.Status))
	if !filter.Since.IsZero() {
		where.add("created_at >= ?", filter.Since)
	}
	if !filter.Until.IsZero() {
		where.add("created_at < ?", filter.Until)
	}
	return where
}

// PurgeExecutions implements picasso.ExecutionStore. It deletes in small
// transactions, and returns what it did also with an error.
func (s *Store) PurgeExecutions(ctx context.Context, before time.Time, limit int) (int, error) {
	done := 0
	for done < limit {
		n := 0
		err := s.inTx(ctx, "executions", func(ctx context.Context, tx *sql.Tx) (err error) {
			n, err = purge(ctx, tx, before, min(limit-done, rowsPerPurge))
			return err
		})
		if err != nil || n == 0 {
			return done, err
		}
		done += n
	}
	return done, nil
}

// purge deletes by id what it has found: a DELETE by time would lock the gap
// where new rows go, too.
func purge(ctx context.Context, tx *sql.Tx, before time.Time, limit int) (int, error) {
	rows, err := tx.QueryContext(ctx,
		fmt.Sprintf("SELECT id FROM executions WHERE created_at < ? ORDER BY created_at LIMIT %d", limit), before)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var ids []any
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return 0, err
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil || len(ids) == 0 {
		return 0, err
	}
	these := " IN (?" + strings.Repeat(", ?", len(ids)-1) + ")"
	if _, err := tx.ExecContext(ctx, "DELETE FROM execution_logs WHERE execution_id"+these, ids...); err != nil {
		return 0, err
	}
	n, err := affected(tx.ExecContext(ctx, "DELETE FROM executions WHERE id"+these, ids...))
	return int(n), err
}

func executionNamed(id string) string { return fmt.Sprintf("execution %q", id) }

func scanExecution(row row, e *picasso.Execution) error {
	var started, finished sql.NullTime
	err := row.Scan(&e.ID, &e.ProjectID, &e.FunctionID, &e.Function, &e.App, &e.Revision, &e.Status, &e.Reason,
		&e.CreatedAt, &started, &finished, &e.WaitMS, &e.ColdStartMS, &e.RunMS, &e.ExitCode, &e.HTTPStatus,
		&e.Host, &e.RequestID, &e.InputBytes, &e.OutputBytes)
	e.StartedAt, e.FinishedAt = started.Time, finished.Time
	return err
}
