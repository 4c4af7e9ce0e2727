package db

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/picasso-faas/picasso"
)

// Each has one; LEFT makes databases begin with the functions, where a page is
// a part of an index.
const functionsWithApps = "functions f LEFT JOIN apps a ON a.id = f.app_id"

// CreateFunction implements picasso.FunctionStore.
func (s *Store) CreateFunction(ctx context.Context, fn *picasso.Function) error {
	fn.Revision = 1
	values, err := functionValues(fn)
	if err != nil {
		return picasso.AsError(err)
	}
	return s.inApp(ctx, fn, func() error { return s.createFunction(ctx, fn, values) })
}

// inApp runs store, and once more with app "default" made when that is what
// was missing. The app is a transaction of its own: it may stay when the
// function fails, and of many that do this at once all but one find it there.
func (s *Store) inApp(ctx context.Context, fn *picasso.Function, store func() error) error {
	err := store()
	if fn.App != picasso.DefaultApp || picasso.CodeOf(err) != picasso.CodeNotFound {
		return err
	}
	if err := s.createDefaultApp(ctx, fn); err != nil && picasso.CodeOf(err) != picasso.CodeConflict {
		return err
	}
	return store()
}

func (s *Store) createDefaultApp(ctx context.Context, fn *picasso.Function) error {
	spec := picasso.DefaultAppSpec()
	spec.Name = picasso.DefaultApp
	return s.CreateApp(ctx, &picasso.App{
		ID: s.newID(), ProjectID: fn.ProjectID, AppSpec: spec,
		CreatedAt: fn.UpdatedAt, UpdatedAt: fn.UpdatedAt,
	})
}

// createFunction inserts first, which locks the app, and reads its config
// after: the config is then the one that revision 1 runs with.
func (s *Store) createFunction(ctx context.Context, fn *picasso.Function, values []any) error {
	args := append([]any{fn.ID, fn.CreatedAt}, values...)
	args = append(args, fn.ProjectID, fn.App)
	query := "INSERT INTO functions (id, project_id, app_id, created_at, " + functionFields + ") " +
		"SELECT ?, project_id, id, ?" + strings.Repeat(", ?", len(values)) + " FROM apps WHERE project_id = ? AND name = ?"
	return s.inTx(ctx, functionNamed(fn), func(ctx context.Context, tx *sql.Tx) error {
		n, err := affected(tx.ExecContext(ctx, query, args...))
		if err == nil && n == 0 {
			err = notFound(appNamed(fn.App))
		}
		if err != nil {
			return err
		}
		return loadApp(ctx, tx, fn)
	})
}

// loadApp fills in what fn gets from the app with the name fn.App.
func loadApp(ctx context.Context, tx *sql.Tx, fn *picasso.Function) error {
	var config string
	err := tx.QueryRowContext(ctx, "SELECT id, config, enabled FROM apps WHERE project_id = ? AND name = ?",
		fn.ProjectID, fn.App).Scan(&fn.AppID, &config, &fn.AppEnabled)
	if err == nil {
		fn.AppConfig, err = object(config)
	}
	return missing(err, appNamed(fn.App))
}

// Function implements picasso.FunctionStore.
func (s *Store) Function(ctx context.Context, projectID, ref string) (*picasso.Function, error) {
	subject := fmt.Sprintf("function %q", ref)
	if projectID == "" && !picasso.IsID(ref) { // a name says nothing without its project
		return nil, notFound(subject)
	}
	where := functionWhere(projectID, ref)
	var fn picasso.Function
	err := s.try(ctx, subject, func(ctx context.Context) error {
		row := s.read.QueryRowContext(ctx, "SELECT "+functionColumns+" FROM "+functionsWithApps+where.String(), where.args...)
		return missing(scanFunction(row, &fn), subject)
	})
	if err != nil {
		return nil, err
	}
	return &fn, nil
}

// functionWhere narrows to one function by id, or by "app:name" or "name".
func functionWhere(projectID, ref string) (where conditions) {
	where.addText("f.project_id", projectID)
	if picasso.IsID(ref) {
		where.addID("f.id", ref)
		return where
	}
	app, name, found := strings.Cut(ref, ":")
	if !found {
		app, name = picasso.DefaultApp, ref
	}
	where.addExact("f.name", name)
	addApp(&where, app)
	return where
}

// addApp narrows to an app given by id or name.
func addApp(where *conditions, ref string) {
	if picasso.IsID(ref) {
		where.addID("f.app_id", ref)
		return
	}
	where.addExact("a.name", ref)
}

// Functions implements picasso.FunctionStore. Sorts by name, app, image,
// created_at, updated_at, id.
func (s *Store) Functions(ctx context.Context, filter picasso.FunctionFilter, page picasso.Page) ([]picasso.Function, bool, error) {
	l := listing{
		noun: "functions", columns: functionColumns, from: functionsWithApps, id: "f.id",
		sortables: []sortable{
			{"created_at", "f.created_at"}, {"updated_at", "f.updated_at"},
			{"name", "f.name"}, {"app", "a.name"}, {"image", "f.image"}, {"id", "f.id"},
		},
		order: picasso.SortKey{Field: "created_at"},
	}
	l.where.addText("f.project_id", filter.ProjectID)
	l.where.addText("f.name", filter.Name)
	if filter.App != "" {
		addApp(&l.where, filter.App)
	}
	if filter.Warm {
		l.where.add("f.min_sandboxes > 0 AND f.enabled AND a.enabled")
	}
	return readPage(ctx, s, &l, page, scanFunction)
}

// UpdateFunction implements picasso.FunctionStore. fn.App may be another app of
// the project; fn.AppID, fn.AppConfig and fn.AppEnabled are filled in.
func (s *Store) UpdateFunction(ctx context.Context, fn *picasso.Function, before time.Time) error {
	values, err := functionValues(fn)
	if err != nil {
		return picasso.AsError(err)
	}
	return s.inApp(ctx, fn, func() error { return s.updateFunction(ctx, fn, values, before) })
}

func (s *Store) updateFunction(ctx context.Context, fn *picasso.Function, values []any, before time.Time) error {
	query := "UPDATE functions SET app_id = ?, " + assignments(functionFields) + " WHERE id = ? AND (app_id = ? OR revision < ?)"
	return s.inTx(ctx, functionNamed(fn), func(ctx context.Context, tx *sql.Tx) error {
		old, err := (&holder{"functions", fn.ID, fn.ProjectID, functionNamed(fn)}).lock(ctx, s, tx, before)
		if err != nil {
			return err
		}
		if err := loadApp(ctx, tx, fn); err != nil {
			return err
		}
		args := append([]any{fn.AppID}, values...)
		n, err := affected(tx.ExecContext(ctx, query, append(args, fn.ID, fn.AppID, fn.Revision)...))
		switch {
		case err != nil:
			return err
		case n == 0: // another app has the name by now
			return changed(functionNamed(fn))
		}
		return s.dropTrusts(ctx, tx, replaced(old, fn.Trust))
	})
}

func functionNamed(fn *picasso.Function) string {
	return fmt.Sprintf("function %q", fn.App+":"+fn.Name)
}
