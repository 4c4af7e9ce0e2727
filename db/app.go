package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/picasso-faas/picasso"
)

const appColumns = "a.id, a.project_id, a.name, a.description, a.config, a.enabled, a.created_at, a.updated_at"

// CreateApp implements picasso.AppStore.
func (s *Store) CreateApp(ctx context.Context, app *picasso.App) error {
	config, err := jsonText(app.Config)
	if err != nil {
		return picasso.AsError(err)
	}
	return s.try(ctx, appNamed(app.Name), func(ctx context.Context) error {
		_, err := s.write.ExecContext(ctx,
			"INSERT INTO apps (id, project_id, name, description, config, enabled, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			app.ID, app.ProjectID, app.Name, app.Description, config, app.Enabled, app.CreatedAt, app.UpdatedAt)
		return err
	})
}

// App implements picasso.AppStore.
func (s *Store) App(ctx context.Context, projectID, ref string) (*picasso.App, error) {
	where, named := oneOf("a", projectID, ref)
	if !named {
		return nil, notFound(appNamed(ref))
	}
	var app picasso.App
	err := s.try(ctx, appNamed(ref), func(ctx context.Context) error {
		row := s.read.QueryRowContext(ctx, "SELECT "+appColumns+" FROM apps a"+where.String(), where.args...)
		return missing(scanApp(row, &app), appNamed(ref))
	})
	if err != nil {
		return nil, err
	}
	return &app, nil
}

// Apps implements picasso.AppStore. Sorts by name, created_at, updated_at, id.
func (s *Store) Apps(ctx context.Context, filter picasso.AppFilter, page picasso.Page) ([]picasso.App, bool, error) {
	l := listing{
		noun: "apps", columns: appColumns, from: "apps a", id: "a.id",
		sortables: []sortable{{"created_at", "a.created_at"}, {"updated_at", "a.updated_at"}, {"name", "a.name"}, {"id", "a.id"}},
		order:     picasso.SortKey{Field: "created_at"},
	}
	l.where.addText("a.project_id", filter.ProjectID)
	l.where.addText("a.name", filter.Name)
	return readPage(ctx, s, &l, page, scanApp)
}

// UpdateApp implements picasso.AppStore.
func (s *Store) UpdateApp(ctx context.Context, app *picasso.App, before time.Time) error {
	config, err := jsonText(app.Config)
	if err != nil {
		return picasso.AsError(err)
	}
	return s.inTx(ctx, appNamed(app.Name), func(ctx context.Context, tx *sql.Tx) error {
		old, err := oldConfig(ctx, tx, app, before)
		if err != nil {
			return err
		}
		n, err := affected(tx.ExecContext(ctx,
			"UPDATE apps SET name = ?, description = ?, config = ?, enabled = ?, updated_at = ? WHERE id = ? AND project_id = ? AND updated_at = ?",
			app.Name, app.Description, config, app.Enabled, app.UpdatedAt, app.ID, app.ProjectID, before))
		switch {
		case err != nil:
			return err
		case n == 0:
			return changed(appNamed(app.Name))
		case config == old:
			return nil
		}
		_, err = tx.ExecContext(ctx, "UPDATE functions SET revision = revision + 1, updated_at = ? WHERE app_id = ?", app.UpdatedAt, app.ID)
		return err
	})
}

// oldConfig reads the config an update is about to replace. json.Marshal sorts
// the names, so equal configs have equal texts.
func oldConfig(ctx context.Context, tx *sql.Tx, app *picasso.App, before time.Time) (config string, err error) {
	var at time.Time
	err = tx.QueryRowContext(ctx, "SELECT config, updated_at FROM apps WHERE id = ? AND project_id = ?",
		app.ID, app.ProjectID).Scan(&config, &at)
	if err == nil && !at.Equal(before.Truncate(time.Microsecond)) {
		err = changed(appNamed(app.Name))
	}
	return config, missing(err, appNamed(app.Name))
}

// row is *sql.Row or *sql.Rows.
type row interface{ Scan(targets ...any) error }

func scanApp(row row, app *picasso.App) error {
	var config string
	err := row.Scan(&app.ID, &app.ProjectID, &app.Name, &app.Description, &config, &app.Enabled, &app.CreatedAt, &app.UpdatedAt)
	if err == nil {
		app.Config, err = object(config)
	}
	return err
}

func appNamed(ref string) string { return fmt.Sprintf("app %q", ref) }

// missing turns "no rows" into not_found.
func missing(err error, subject string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return notFound(subject)
	}
	return err
}

func affected(result sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}
