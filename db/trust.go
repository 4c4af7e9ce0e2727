package db

import (
	"context"
	"database/sql"
	"fmt"
	"slices"

	"github.com/picasso-faas/picasso"
)

// trustValues are the columns trust_id and trust_user, NULL without a trust.
func trustValues(t *picasso.Trust) (id, user sql.NullString) {
	if t == nil {
		return id, user
	}
	return optionalText(t.ID), only(t.ID != "", t.UserID)
}

// trustOf reads what trustValues wrote.
func trustOf(id, user sql.NullString) *picasso.Trust {
	if !id.Valid {
		return nil
	}
	return &picasso.Trust{ID: id.String, UserID: user.String}
}

// DropTrust implements picasso.TrustStore. A trust that is in use after all
// stays: who made it may not have learnt that what uses it was stored.
func (s *Store) DropTrust(ctx context.Context, trustID string) error {
	return s.inTx(ctx, "trust", func(ctx context.Context, tx *sql.Tx) error {
		users, err := column(ctx, tx, "SELECT id FROM functions WHERE trust_id = ? UNION ALL SELECT id FROM triggers WHERE trust_id = ?", trustID, trustID)
		if err != nil || len(users) > 0 {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM dropped_trusts WHERE id = ?", trustID); err != nil {
			return err
		}
		return s.dropTrusts(ctx, tx, trustID)
	})
}

// dropTrusts leaves trusts, "" for none, to be revoked.
func (s *Store) dropTrusts(ctx context.Context, tx *sql.Tx, trustIDs ...string) error {
	now := micro(s.now())
	for part := range slices.Chunk(trustIDs, rowsPerInsert) {
		var args []any
		for _, id := range part {
			if id != "" {
				args = append(args, id, now)
			}
		}
		if len(args) == 0 {
			continue
		}
		if _, err := tx.ExecContext(ctx, s.insert("dropped_trusts", "id, dropped_at", len(args)/2), args...); err != nil {
			return err
		}
	}
	return nil
}

// DroppedTrusts implements picasso.TrustStore.
func (s *Store) DroppedTrusts(ctx context.Context, limit int) (ids []string, err error) {
	err = s.try(ctx, "trusts", func(ctx context.Context) error {
		ids = nil
		query := fmt.Sprintf("SELECT id FROM dropped_trusts ORDER BY dropped_at, id LIMIT %d", limit)
		return each(ctx, s.read, query, nil, func(row row) error {
			var id string
			err := row.Scan(&id)
			ids = append(ids, id)
			return err
		})
	})
	return ids, err
}

// ForgetTrust implements picasso.TrustStore.
func (s *Store) ForgetTrust(ctx context.Context, trustID string) error {
	return s.try(ctx, "trust", func(ctx context.Context) error {
		_, err := s.write.ExecContext(ctx, "DELETE FROM dropped_trusts WHERE id = ?", trustID)
		return err
	})
}
