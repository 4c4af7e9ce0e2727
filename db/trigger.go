package db

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/picasso-faas/picasso"
)

// CreateTrigger implements picasso.TriggerStore.
func (s *Store) CreateTrigger(ctx context.Context, t *picasso.Trigger) error {
	text, err := textOf(t)
	if err != nil {
		return picasso.AsError(err)
	}
	const fields = "id, project_id, type, next_at, last_at, runs, created_at, " + triggerFields
	next, last, runs := clockValues(t)
	return s.inTx(ctx, triggerNamed(t.Name), func(ctx context.Context, tx *sql.Tx) error {
		if err := resolveFunction(ctx, tx, t); err != nil {
			return err
		}
		args := append([]any{t.ID, t.ProjectID, string(t.Type), next, last, runs, t.CreatedAt}, triggerValues(t, text)...)
		if _, err := tx.ExecContext(ctx, values("triggers", fields, "?", 1), args...); err != nil {
			return functionGone(err, t)
		}
		return countUp(ctx, tx)
	})
}

// resolveFunction fills in id and name of the function that t.Function refers to.
func resolveFunction(ctx context.Context, tx *sql.Tx, t *picasso.Trigger) error {
	where := functionWhere(t.ProjectID, t.Function)
	var app, name string
	err := tx.QueryRowContext(ctx, "SELECT f.id, a.name, f.name FROM "+functionsWithApps+where.String(), where.args...).
		Scan(&t.FunctionID, &app, &name)
	if err != nil {
		return missing(err, fmt.Sprintf("function %q", t.Function))
	}
	t.Function = app + ":" + name
	return nil
}

// functionGone tells a function that was deleted after resolveFunction.
func functionGone(err error, t *picasso.Trigger) error {
	if err != nil && kindOf(err) == orphan {
		return notFound(fmt.Sprintf("function %q", t.Function))
	}
	return err
}

// Trigger implements picasso.TriggerStore.
func (s *Store) Trigger(ctx context.Context, projectID, ref string) (*picasso.Trigger, error) {
	where, named := oneOf("t", projectID, ref)
	if !named {
		return nil, notFound(triggerNamed(ref))
	}
	var t picasso.Trigger
	err := s.try(ctx, triggerNamed(ref), func(ctx context.Context) error {
		row := s.read.QueryRowContext(ctx, "SELECT "+triggerColumns+" FROM "+triggersWithFunctions+where.String(), where.args...)
		return missing(scanTrigger(row, &t), triggerNamed(ref))
	})
	if err != nil {
		return nil, err
	}
	return &t, nil
}

// Triggers implements picasso.TriggerStore. Sorts by name, type, created_at,
// updated_at, id.
func (s *Store) Triggers(ctx context.Context, filter picasso.TriggerFilter, page picasso.Page) ([]picasso.Trigger, bool, error) {
	l := listing{
		noun: "triggers", columns: triggerColumns, from: triggersWithFunctions, id: "t.id",
		sortables: []sortable{
			{"created_at", "t.created_at"}, {"updated_at", "t.updated_at"}, {"name", "t.name"}, {"type", "t.type"}, {"id", "t.id"},
		},
		order: picasso.SortKey{Field: "created_at"},
	}
	l.where.addText("t.project_id", filter.ProjectID)
	l.where.addText("t.name", filter.Name)
	l.where.addID("t.function_id", filter.FunctionID)
	l.where.addText("t.type", string(filter.Type))
	return readPage(ctx, s, &l, page, scanTrigger)
}

// UpdateTrigger implements picasso.TriggerStore. Fire may move the clock at
// the same time: what only Fire changes is not written here, and next_at
// neither, unless the schedule is another one or was not due any more (compared
// first: MySQL assigns from left to right).
func (s *Store) UpdateTrigger(ctx context.Context, t *picasso.Trigger, before time.Time) error {
	t.Error = ""
	text, err := textOf(t)
	if err != nil {
		return picasso.AsError(err)
	}
	const query = "UPDATE triggers SET next_at = CASE WHEN enabled = ? AND spec = ? AND error = '' THEN next_at ELSE ? END, "
	next, _, _ := clockValues(t)
	return s.inTx(ctx, triggerNamed(t.Name), func(ctx context.Context, tx *sql.Tx) error {
		old, err := (&holder{"triggers", t.ID, t.ProjectID, triggerNamed(t.Name)}).lock(ctx, s, tx, before)
		if err != nil {
			return err
		}
		if err := resolveFunction(ctx, tx, t); err != nil {
			return err
		}
		args := append([]any{t.Enabled, text.spec, next}, triggerValues(t, text)...)
		if _, err := tx.ExecContext(ctx, query+assignments(triggerFields)+" WHERE id = ?", append(args, t.ID)...); err != nil {
			return functionGone(err, t)
		}
		if err := reloadClock(ctx, tx, t); err != nil {
			return err
		}
		if err := s.dropTrusts(ctx, tx, replaced(old, t.Trust)); err != nil {
			return err
		}
		return countUp(ctx, tx)
	})
}

// reloadClock reads what UpdateTrigger has left as it was.
func reloadClock(ctx context.Context, tx *sql.Tx, t *picasso.Trigger) error {
	if t.Clock == nil {
		return nil
	}
	var next, last sql.NullTime
	err := tx.QueryRowContext(ctx, "SELECT next_at, last_at, runs FROM triggers WHERE id = ?", t.ID).Scan(&next, &last, &t.Clock.Runs)
	t.Clock.NextAt, t.Clock.LastAt = next.Time, last.Time
	return err
}

func triggerNamed(ref string) string { return fmt.Sprintf("trigger %q", ref) }
