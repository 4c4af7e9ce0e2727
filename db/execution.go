package db

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/picasso-faas/picasso"
)

// The columns that scanExecution reads.
const executionFields = "id, project_id, function_id, function_name, app_name, revision, status, reason, " +
	"created_at, started_at, finished_at, wait_ms, cold_start_ms, run_ms, exit_code, http_status, " +
	"host, request_id, input_bytes, output_bytes, " +
	"async, trigger_id, event_id, subject, caused_by, depth, destination, redrive_of, redriven_as, attempt, max_attempts, run_at"

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
	l := listing{noun: "executions", columns: executionFields, from: "executions", id: "id", order: picasso.SortKey{Field: "created_at", Desc: true}}
	created := "created_at"
	if filter.TriggerID != "" { // a table of its own, in their order
		l.from, created = "executions JOIN execution_keys ON of_execution = id", "made_at"
		l.where.addID("by_trigger", filter.TriggerID)
	}
	l.sortables = []sortable{
		{"created_at", created}, {"function", "function_name"}, {"app", "app_name"},
		{"status", "status"}, {"run_ms", "run_ms"}, {"wait_ms", "wait_ms"}, {"id", "id"},
	}
	addFilter(&l.where, &filter, created)
	return readPage(ctx, s, &l, page, scanExecution)
}

func addFilter(where *conditions, filter *picasso.ExecutionFilter, created string) {
	where.addText("project_id", filter.ProjectID)
	where.addID("function_id", filter.FunctionID)
	where.addText("app_name", filter.App)
	where.addText("status", string(filter.Status))
	switch { // for the indexes: there may be few among millions
	case filter.Status == picasso.StatusQueued:
		where.add("open_as < 'running'")
	case filter.Status == picasso.StatusRunning:
		where.add("open_as = 'running'")
	case filter.Status != "" && hasFailed(filter.Status):
		where.addText("failed_in", filter.ProjectID)
	}
	if !filter.Since.IsZero() {
		where.add(created+" >= ?", filter.Since)
	}
	if !filter.Until.IsZero() {
		where.add(created+" < ?", filter.Until)
	}
}

func executionNamed(id string) string { return fmt.Sprintf("execution %q", id) }

func scanExecution(row row, e *picasso.Execution) error { return scanExecutionAnd(row, e) }

// scanExecutionAnd reads more columns behind executionFields.
func scanExecutionAnd(row row, e *picasso.Execution, more ...any) error {
	var started, finished, runAt sql.NullTime
	var trigger, event, subject, cause, destination, redriveOf, redrivenAs sql.NullString
	err := row.Scan(append([]any{
		&e.ID, &e.ProjectID, &e.FunctionID, &e.Function, &e.App, &e.Revision, &e.Status, &e.Reason,
		&e.CreatedAt, &started, &finished, &e.WaitMS, &e.ColdStartMS, &e.RunMS, &e.ExitCode, &e.HTTPStatus,
		&e.Host, &e.RequestID, &e.InputBytes, &e.OutputBytes,
		&e.Async, &trigger, &event, &subject, &cause, &e.Depth, &destination, &redriveOf, &redrivenAs, &e.Attempt, &e.MaxAttempts, &runAt,
	}, more...)...)
	e.StartedAt, e.FinishedAt, e.RunAt = started.Time, finished.Time, runAt.Time
	e.TriggerID, e.EventID, e.Subject = trigger.String, event.String, subject.String
	e.CausedBy, e.Destination = cause.String, destination.String
	e.RedriveOf, e.RedrivenAs = redriveOf.String, redrivenAs.String
	return err
}
