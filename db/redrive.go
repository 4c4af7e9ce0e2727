package db

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/picasso-faas/picasso"
)

const rowsPerRedrive = 100 // in one transaction

// Redrive implements picasso.Queue. Many are redriven in small transactions:
// what was made is returned also with an error.
func (s *Store) Redrive(ctx context.Context, r picasso.Redrive) (made []picasso.Execution, more bool, err error) {
	ids := []any{r.ID}
	if r.ID == "" {
		if ids, more, err = s.redrivable(ctx, &r); err != nil {
			return nil, false, err
		}
	}
	for part := range slices.Chunk(ids, rowsPerRedrive) {
		var some []picasso.Execution
		err := s.inTx(ctx, "execution", func(ctx context.Context, tx *sql.Tx) (err error) {
			some, err = s.redrive(ctx, tx, &r, part)
			return err
		})
		if err != nil {
			return made, more, err
		}
		made = append(made, some...)
	}
	if len(made) > 0 {
		s.signal()
	}
	return made, more, nil
}

// redrivable finds what may be redriven of a function, oldest first.
func (s *Store) redrivable(ctx context.Context, r *picasso.Redrive) (ids []any, more bool, err error) {
	fn, err := s.Function(ctx, r.ProjectID, r.Function)
	if err != nil {
		return nil, false, err
	}
	var where conditions
	where.addID("function_id", fn.ID)
	where.addText("failed_in", fn.ProjectID)
	where.add("status IN ('failed', 'timed_out', 'lost') AND async AND redriven_as IS NULL")
	where.add("EXISTS (SELECT 1 FROM execution_payloads p WHERE p.execution_id = executions.id AND p.kind = 1 AND p.seq = 0)")
	if !r.Since.IsZero() {
		where.add("created_at >= ?", r.Since)
	}
	until := r.Until
	if until.IsZero() {
		until = s.now()
	}
	where.add("created_at < ?", until)
	limit := min(max(r.Limit, 1), maxLimit)
	query := "SELECT id FROM executions" + where.String() + fmt.Sprintf(" ORDER BY created_at, id LIMIT %d", limit+1)
	err = s.try(ctx, "executions", func(ctx context.Context) (err error) {
		ids, err = column(ctx, s.read, query, where.args...)
		return err
	})
	if len(ids) > limit {
		return ids[:limit], true, err
	}
	return ids, false, err
}

// redrive queues executions anew; of several, those for which that cannot be
// are passed over.
func (s *Store) redrive(ctx context.Context, tx *sql.Tx, r *picasso.Redrive, ids []any) (made []picasso.Execution, err error) {
	for _, id := range ids {
		e, err := s.redriveOne(ctx, tx, r, id.(string))
		switch {
		case err == nil:
			made = append(made, *e)
		case r.ID != "" || !refused(err):
			return nil, err
		}
	}
	return made, nil
}

// refused reports whether err says no, and not that something broke.
func refused(err error) bool {
	code := picasso.CodeOf(err)
	return code == picasso.CodeConflict || code == picasso.CodeNotFound
}

func (s *Store) redriveOne(ctx context.Context, tx *sql.Tx, r *picasso.Redrive, id string) (*picasso.Execution, error) {
	var old picasso.Execution
	if err := s.lockExecution(ctx, tx, r.ProjectID, id, &old); err != nil {
		return nil, err
	}
	if err := mayRedrive(&old); err != nil {
		return nil, err
	}
	if found, err := column(ctx, tx, "SELECT id FROM functions WHERE id = ?", old.FunctionID); err != nil || len(found) == 0 {
		return nil, cmp.Or(err, conflict(&old, "its function was deleted"))
	}
	now := micro(s.now())
	e := picasso.Execution{
		ID: s.newID(), ProjectID: old.ProjectID, FunctionID: old.FunctionID, Function: old.Function, App: old.App,
		TriggerID: old.TriggerID, EventID: old.EventID, Subject: old.Subject, CausedBy: old.CausedBy, Depth: old.Depth, Destination: old.Destination,
		RedriveOf: old.ID, MaxAttempts: old.MaxAttempts, RunAt: now, CreatedAt: now, RequestID: r.RequestID,
	}
	n, err := affected(tx.ExecContext(ctx, "INSERT INTO execution_payloads ("+payloadFields+") "+
		"SELECT ?, kind, seq, header, data, ? FROM execution_payloads WHERE execution_id = ? AND kind = ?", e.ID, now, old.ID, kindInput))
	if err == nil && n == 0 {
		err = conflict(&old, "its input was purged")
	}
	if err != nil {
		return nil, err
	}
	sub := prepare(picasso.Submission{Execution: e})
	sub.InputBytes = old.InputBytes
	if err := s.insertQueued(ctx, tx, []submitted{{Submission: &sub, key: dedupeKey(&sub)}}); err != nil {
		return nil, err
	}
	_, err = tx.ExecContext(ctx, "UPDATE executions SET redriven_as = ? WHERE id = ?", e.ID, old.ID)
	return &sub.Execution, err
}

// mayRedrive says why an execution cannot be redriven, if it cannot.
func mayRedrive(e *picasso.Execution) error {
	switch {
	case !e.Async:
		return conflict(e, "it was synchronous, its input is not kept")
	case !e.Status.Ended():
		return conflict(e, "it has not ended")
	case e.Status == picasso.StatusSucceeded:
		return conflict(e, "it has succeeded")
	case e.RedrivenAs != "":
		return conflict(e, "it was redriven already, as "+e.RedrivenAs)
	}
	return nil
}

func conflict(e *picasso.Execution, why string) error {
	return picasso.Errorf(picasso.CodeConflict, "%s cannot be redriven: %s", executionNamed(e.ID), why)
}
