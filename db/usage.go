package db

import (
	"context"
	"encoding/json"
	"time"

	"github.com/picasso-faas/picasso"
)

// ShareUsage implements picasso.UsageStore. The rows of processes that are long gone go, too.
func (s *Store) ShareUsage(ctx context.Context, process string, calls map[string]int, alive time.Duration) (others map[string]int, processes int, err error) {
	text, err := json.Marshal(calls)
	if err != nil {
		return nil, 0, picasso.AsError(err)
	}
	err = s.try(ctx, "usage", func(ctx context.Context) error {
		if _, err := s.write.ExecContext(ctx, s.tellSQL(), process, string(text)); err != nil {
			return err
		}
		var dead bool
		others, processes, dead, err = s.told(ctx, process, alive)
		if err == nil && dead {
			_, err = s.write.ExecContext(ctx, "DELETE FROM usages WHERE told_at < "+s.clock(-10*alive))
		}
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	return others, processes, nil
}

func (s *Store) tellSQL() string {
	query := "INSERT INTO usages (process, calls, told_at) VALUES (?, ?, " + s.clock(0) + ")"
	if s.place.mysql != nil {
		return query + " ON DUPLICATE KEY UPDATE calls = VALUES(calls), told_at = VALUES(told_at)"
	}
	return query + " ON CONFLICT (process) DO UPDATE SET calls = excluded.calls, told_at = excluded.told_at"
}

// told sums up what the others told. dead is true when one of them does so no more.
func (s *Store) told(ctx context.Context, process string, alive time.Duration) (others map[string]int, processes int, dead bool, err error) {
	others = map[string]int{}
	query := "SELECT calls, told_at >= " + s.clock(-alive) + " FROM usages WHERE process <> ?"
	err = each(ctx, s.read, query, []any{process}, func(row row) error {
		var text string
		var lives bool
		if err := row.Scan(&text, &lives); err != nil || !lives {
			dead = dead || !lives
			return err
		}
		var calls map[string]int
		if err := json.Unmarshal([]byte(text), &calls); err != nil {
			return err
		}
		processes++
		for project, n := range calls {
			others[project] += n
		}
		return nil
	})
	return others, processes, dead, err
}
