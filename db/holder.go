package db

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/picasso-faas/picasso"
)

// holder is a row of functions or triggers, both of which may hold a trust. What
// takes a trust from a row locks the row first: no trust gets lost, and
// none is dropped twice or while others begin to use it.
type holder struct {
	table, id, projectID string
	subject              string // for errors
}

// lock locks the row for an update, provided it is still as it was read, and
// returns the trust it has, "" for none. Errors: not_found, conflict.
func (h *holder) lock(ctx context.Context, s *Store, tx *sql.Tx, before time.Time) (trustID string, err error) {
	const where = " WHERE id = ? AND project_id = ?"
	var trust sql.NullString
	err = tx.QueryRowContext(ctx, "SELECT trust_id FROM "+h.table+where+" AND updated_at = ?"+s.forUpdate(), h.id, h.projectID, before).Scan(&trust)
	if !errors.Is(err, sql.ErrNoRows) {
		return trust.String, err
	}
	found, err := column(ctx, tx, "SELECT id FROM "+h.table+where, h.id, h.projectID)
	switch {
	case err != nil:
		return "", err
	case len(found) == 0:
		return "", notFound(h.subject)
	}
	return "", changed(h.subject)
}

// replaced is the trust that an update takes from a row, "" for none.
func replaced(old string, now *picasso.Trust) string {
	if now != nil && now.ID == old {
		return ""
	}
	return old
}

// lockHolders locks rows of a table for good, and returns their ids and trusts.
func (s *Store) lockHolders(ctx context.Context, tx *sql.Tx, tableWhere string, args []any) (ids []any, trusts []string, err error) {
	err = each(ctx, tx, "SELECT id, trust_id FROM "+tableWhere+s.forUpdate(), args, func(row row) error {
		var id string
		var trust sql.NullString
		err := row.Scan(&id, &trust)
		ids, trusts = append(ids, id), append(trusts, trust.String)
		return err
	})
	return ids, trusts, err
}
