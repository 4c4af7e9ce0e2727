package db

import (
	"context"
	"database/sql"
	"time"

	"github.com/picasso-faas/picasso"
)

// EventTriggers implements picasso.EventStore. Those with an Error are among
// them. The version is read first: what is committed between the two statements
// is read again next time.
func (s *Store) EventTriggers(ctx context.Context, since int64) (list []picasso.Trigger, version int64, err error) {
	err = s.try(ctx, "triggers", func(ctx context.Context) error {
		list = nil
		err := s.read.QueryRowContext(ctx, "SELECT version FROM versions WHERE name = 'triggers'").Scan(&version)
		if err != nil || version == since {
			return err
		}
		query := "SELECT " + triggerColumns + " FROM " + triggersWithFunctions +
			" WHERE t.enabled AND t.type IN ('swift', 'notification', 'alarm')"
		return each(ctx, s.read, query, nil, func(row row) error {
			var t picasso.Trigger
			err := scanTrigger(row, &t)
			list = append(list, t)
			return err
		})
	})
	if err != nil {
		return nil, since, err
	}
	return list, version, nil
}

// countUp makes EventTriggers return something new once the transaction is
// committed. It comes last: until then no other transaction gets past its own.
func countUp(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, "UPDATE versions SET version = version + 1 WHERE name = 'triggers'")
	return err
}

// FailTrigger implements picasso.EventStore. The first reason stays: each change makes
// every process read all triggers anew. A schedule is not due any more.
func (s *Store) FailTrigger(ctx context.Context, id string, updatedAt time.Time, reason string) error {
	return s.inTx(ctx, triggerNamed(id), func(ctx context.Context, tx *sql.Tx) error {
		n, err := affected(tx.ExecContext(ctx, "UPDATE triggers SET error = ?, next_at = NULL WHERE id = ? AND updated_at = ? AND error = ''",
			clip(reason, maxErrorBytes), id, updatedAt))
		if err != nil || n == 0 {
			return err
		}
		return countUp(ctx, tx)
	})
}
