package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/picasso-faas/picasso"
)

const (
	// Each has one of both; LEFT makes databases begin with the triggers, where
	// a page is a part of an index.
	triggersWithFunctions = "triggers t LEFT JOIN functions f ON f.id = t.function_id LEFT JOIN apps a ON a.id = f.app_id"

	triggerColumns = "t.id, t.project_id, t.function_id, a.name, f.name, t.name, t.type, t.enabled, t.input_template, t.spec, " +
		"t.next_at, t.last_at, t.runs, t.created_at, t.updated_at"
)

// CreateTrigger implements picasso.TriggerStore.
func (s *Store) CreateTrigger(ctx context.Context, t *picasso.Trigger) error {
	spec, err := triggerSpec(t)
	if err != nil {
		return picasso.AsError(err)
	}
	return s.inTx(ctx, triggerNamed(t.Name), func(ctx context.Context, tx *sql.Tx) error {
		if err := resolveFunction(ctx, tx, t); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO triggers (id, project_id, function_id, name, type, enabled, input_template, spec, "+
			"next_at, last_at, runs, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			t.ID, t.ProjectID, t.FunctionID, t.Name, string(t.Type), t.Enabled, t.InputTemplate, spec,
			nextAt(t), optional(t.Clock.LastAt), t.Clock.Runs, t.CreatedAt, t.UpdatedAt)
		return functionGone(err, t)
	})
}

// triggerSpec is the block of the trigger's type. Equal blocks are equal texts:
// their times are in UTC, and json.Marshal keeps the order. A clock is there,
// if only to be filled in.
func triggerSpec(t *picasso.Trigger) (string, error) {
	if t.Clock == nil {
		t.Clock = &picasso.Clock{}
	}
	var schedule picasso.Schedule
	if t.Schedule != nil {
		schedule = *t.Schedule
	}
	schedule.At, schedule.StartAt, schedule.EndAt = micro(schedule.At), micro(schedule.StartAt), micro(schedule.EndAt)
	t.Schedule = &schedule
	text, err := json.Marshal(t.Schedule)
	return string(text), err
}

// nextAt is NULL also for a trigger that is paused.
func nextAt(t *picasso.Trigger) sql.NullTime {
	if !t.Enabled {
		return sql.NullTime{}
	}
	return optional(t.Clock.NextAt)
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
	var where conditions
	where.addText("t.project_id", projectID)
	switch {
	case picasso.IsID(ref):
		where.addID("t.id", ref)
	case projectID == "": // a name says nothing without its project
		return nil, notFound(triggerNamed(ref))
	default:
		where.addExact("t.name", ref)
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
// neither, unless the schedule is another one (compared first: MySQL assigns
// from left to right).
func (s *Store) UpdateTrigger(ctx context.Context, t *picasso.Trigger, before time.Time) error {
	spec, err := triggerSpec(t)
	if err != nil {
		return picasso.AsError(err)
	}
	return s.inTx(ctx, triggerNamed(t.Name), func(ctx context.Context, tx *sql.Tx) error {
		if err := resolveFunction(ctx, tx, t); err != nil {
			return err
		}
		n, err := affected(tx.ExecContext(ctx, "UPDATE triggers SET next_at = CASE WHEN enabled = ? AND spec = ? THEN next_at ELSE ? END, "+
			"function_id = ?, name = ?, enabled = ?, input_template = ?, spec = ?, updated_at = ? "+
			"WHERE id = ? AND project_id = ? AND updated_at = ?",
			t.Enabled, spec, nextAt(t),
			t.FunctionID, t.Name, t.Enabled, t.InputTemplate, spec, t.UpdatedAt, t.ID, t.ProjectID, before))
		if err != nil {
			return functionGone(err, t)
		}
		return reloadClock(ctx, tx, t, n > 0)
	})
}

// reloadClock reads what UpdateTrigger has left as it was. If nothing was
// updated, it tells a trigger that is gone from one that was changed.
func reloadClock(ctx context.Context, tx *sql.Tx, t *picasso.Trigger, updated bool) error {
	var next, last sql.NullTime
	err := tx.QueryRowContext(ctx, "SELECT next_at, last_at, runs FROM triggers WHERE id = ? AND project_id = ?", t.ID, t.ProjectID).
		Scan(&next, &last, &t.Clock.Runs)
	if err != nil {
		return missing(err, triggerNamed(t.Name))
	}
	if !updated {
		return changed(triggerNamed(t.Name))
	}
	t.Clock.NextAt, t.Clock.LastAt = next.Time, last.Time
	return nil
}

// DeleteTrigger implements picasso.TriggerStore.
func (s *Store) DeleteTrigger(ctx context.Context, projectID, id string) error {
	return s.remove(ctx, "triggers", projectID, id)
}

func scanTrigger(row row, t *picasso.Trigger) error {
	var app, function, spec string
	var next, last sql.NullTime
	t.Clock = &picasso.Clock{}
	err := row.Scan(&t.ID, &t.ProjectID, &t.FunctionID, &app, &function, &t.Name, &t.Type, &t.Enabled, &t.InputTemplate, &spec,
		&next, &last, &t.Clock.Runs, &t.CreatedAt, &t.UpdatedAt)
	if err != nil {
		return err
	}
	t.Function, t.Clock.NextAt, t.Clock.LastAt = app+":"+function, next.Time, last.Time
	return json.Unmarshal([]byte(spec), &t.Schedule)
}

func triggerNamed(ref string) string { return fmt.Sprintf("trigger %q", ref) }
