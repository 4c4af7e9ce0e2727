package db

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/picasso-faas/picasso"
)

// rowsPerRemoval is how many functions, with their triggers, or apps of a project
// are removed in one transaction.
const rowsPerRemoval = 100

// removal deletes the rows of its table that match, with what goes with them,
// and returns how many rows that were.
type removal func(ctx context.Context, tx *sql.Tx, where string, args []any) (int, error)

// DeleteApp implements picasso.AppStore.
func (s *Store) DeleteApp(ctx context.Context, projectID, id string) error {
	err := s.remove(ctx, &holder{"apps", id, projectID, appNamed(id)}, removeApps)
	if picasso.CodeOf(err) == picasso.CodeConflict {
		return picasso.Errorf(picasso.CodeConflict, "%s still has functions; delete them first", appNamed(id)).WithCause(err)
	}
	return err
}

// DeleteFunction implements picasso.FunctionStore.
func (s *Store) DeleteFunction(ctx context.Context, projectID, id string) error {
	return s.remove(ctx, &holder{"functions", id, projectID, fmt.Sprintf("function %q", id)}, s.removeFunctions)
}

// DeleteTrigger implements picasso.TriggerStore.
func (s *Store) DeleteTrigger(ctx context.Context, projectID, id string) error {
	return s.remove(ctx, &holder{"triggers", id, projectID, triggerNamed(id)}, s.removeTriggers)
}

func (s *Store) remove(ctx context.Context, h *holder, do removal) error {
	if !picasso.IsID(h.id) {
		return notFound(h.subject)
	}
	var where conditions
	where.addText("project_id", h.projectID)
	where.addID("id", h.id)
	return s.inTx(ctx, h.subject, func(ctx context.Context, tx *sql.Tx) error {
		n, err := do(ctx, tx, where.String(), where.args)
		if err == nil && n == 0 {
			return notFound(h.subject)
		}
		return err
	})
}

func removeApps(ctx context.Context, tx *sql.Tx, where string, args []any) (int, error) {
	ids, err := column(ctx, tx, "SELECT id FROM apps"+where, args...)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	n, err := affected(tx.ExecContext(ctx, "DELETE FROM apps WHERE id"+in(len(ids)), ids...))
	return int(n), err
}

// removeFunctions locks the functions first: then nobody makes further triggers
// of them.
func (s *Store) removeFunctions(ctx context.Context, tx *sql.Tx, where string, args []any) (int, error) {
	ids, trusts, err := s.lockHolders(ctx, tx, "functions"+where, args)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	triggers, theirs, err := s.lockHolders(ctx, tx, "triggers WHERE function_id"+in(len(ids)), ids)
	if err != nil {
		return 0, err
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM functions WHERE id"+in(len(ids)), ids...); err != nil {
		return 0, err
	}
	if err := s.dropTrusts(ctx, tx, slices.Concat(trusts, theirs)...); err != nil || len(triggers) == 0 {
		return len(ids), err
	}
	return len(ids), countUp(ctx, tx)
}

func (s *Store) removeTriggers(ctx context.Context, tx *sql.Tx, where string, args []any) (int, error) {
	ids, trusts, err := s.lockHolders(ctx, tx, "triggers"+where, args)
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM triggers WHERE id"+in(len(ids)), ids...); err != nil {
		return 0, err
	}
	if err := s.dropTrusts(ctx, tx, trusts...); err != nil {
		return 0, err
	}
	return len(ids), countUp(ctx, tx)
}

// RemoveProject implements picasso.EventStore. It works in small transactions,
// functions with their triggers first, and returns what it did also with an error:
// called again, it goes on. What was made of the project meanwhile is a conflict.
func (s *Store) RemoveProject(ctx context.Context, projectID string) (int, error) {
	var where conditions
	where.addExact("project_id", projectID)
	some := func(do removal) func(context.Context, *sql.Tx) (int, error) {
		return func(ctx context.Context, tx *sql.Tx) (int, error) {
			return do(ctx, tx, where.String()+fmt.Sprintf(" LIMIT %d", rowsPerRemoval), where.args)
		}
	}
	functions, err := s.repeat(ctx, some(s.removeFunctions))
	if err != nil {
		return functions, err
	}
	if _, err := s.repeat(ctx, some(removeApps)); err != nil {
		return functions, err
	}
	return functions, s.cancelDeleted(ctx)
}
