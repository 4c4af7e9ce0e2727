package db

import (
	"context"
	"database/sql"

	"github.com/picasso-faas/picasso"
)

// CancelExecution implements picasso.ExecutionStore.
func (s *Store) CancelExecution(ctx context.Context, projectID, id, reason string) (*picasso.Execution, error) {
	var before picasso.Execution
	err := s.inTx(ctx, executionNamed(id), func(ctx context.Context, tx *sql.Tx) error {
		err := s.lockExecution(ctx, tx, projectID, id, &before)
		if err != nil {
			return err
		}
		if before.Status.Ended() {
			return picasso.Errorf(picasso.CodeConflict, "%s has ended: it is %s", executionNamed(id), before.Status)
		}
		if before.Status == picasso.StatusRunning {
			if err := s.noteActed(ctx, tx, []any{id}); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, "UPDATE executions SET status = 'cancelled', reason = ?, finished_at = ?, "+
			"open_as = NULL, failed_in = project_id, run_at = NULL, lease_until = NULL WHERE id = ?", clip(reason, maxReasonBytes), s.now(), id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &before, nil
}

// lockExecution reads a record that nobody else may change until the transaction ends.
func (s *Store) lockExecution(ctx context.Context, tx *sql.Tx, projectID, id string, e *picasso.Execution) error {
	where, err := executionWhere(projectID, id)
	if err != nil {
		return err
	}
	row := tx.QueryRowContext(ctx, "SELECT "+executionFields+" FROM executions"+where.String()+s.forUpdate(), where.args...)
	return missing(scanExecution(row, e), executionNamed(id))
}
