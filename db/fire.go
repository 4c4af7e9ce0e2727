package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"time"

	"github.com/picasso-faas/picasso"
)

// DueSchedules implements picasso.TriggerStore. When nothing is due it reads
// the first entry of an index and nothing else.
func (s *Store) DueSchedules(ctx context.Context, now time.Time, limit int) (due []picasso.Trigger, next time.Time, err error) {
	err = s.try(ctx, "triggers", func(ctx context.Context) error {
		var ids []any
		if ids, next, err = s.dueIDs(ctx, now, limit); err != nil || len(ids) == 0 {
			return err
		}
		due = make([]picasso.Trigger, 0, len(ids))
		return each(ctx, s.read, "SELECT "+triggerColumns+" FROM "+triggersWithFunctions+" WHERE t.id"+in(len(ids)), ids, func(row row) error {
			var t picasso.Trigger
			err := scanTrigger(row, &t)
			due = append(due, t)
			return err
		})
	})
	slices.SortFunc(due, func(a, b picasso.Trigger) int { return a.Clock.NextAt.Compare(b.Clock.NextAt) })
	return due, next, err
}

// dueIDs returns what is due, and when what follows is.
func (s *Store) dueIDs(ctx context.Context, now time.Time, limit int) (ids []any, next time.Time, err error) {
	err = each(ctx, s.read, "SELECT id, next_at FROM triggers WHERE next_at IS NOT NULL ORDER BY next_at LIMIT ?", []any{limit + 1}, func(row row) error {
		var id string
		var at time.Time
		if err := row.Scan(&id, &at); err != nil {
			return err
		}
		if len(ids) < limit && !at.After(now) {
			ids = append(ids, id)
		} else if next.IsZero() {
			next = at
		}
		return nil
	})
	return ids, next, err
}

// Fire implements picasso.TriggerStore. The row of the trigger is locked from
// its guard to the commit: of those that fire it at once all but one find it moved.
func (s *Store) Fire(ctx context.Context, f *picasso.Firing) error {
	list := make([]picasso.Submission, len(f.Submissions))
	for i := range list {
		list[i] = prepare(f.Submissions[i])
	}
	var fired bool
	err := s.inTx(ctx, triggerNamed(f.TriggerID), func(ctx context.Context, tx *sql.Tx) error {
		schedule, err := s.lockDue(ctx, tx, f)
		if err != nil {
			return err
		}
		if fired, err = mayFire(ctx, tx, f, schedule); err != nil {
			return err
		}
		if !fired {
			_, err = tx.ExecContext(ctx, "UPDATE triggers SET next_at = ? WHERE id = ?", optional(f.Clock.NextAt), f.TriggerID)
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE triggers SET next_at = ?, last_at = ?, runs = ? WHERE id = ?",
			endsAt(f, schedule), optional(f.Clock.LastAt), f.Clock.Runs, f.TriggerID)
		if err != nil {
			return err
		}
		_, err = s.submit(ctx, tx, list)
		return err
	})
	if err == nil && fired {
		s.wake(list...)
	}
	return err
}

// lockDue is the guard: the trigger is enabled, and due when f says.
func (s *Store) lockDue(ctx context.Context, tx *sql.Tx, f *picasso.Firing) (*picasso.Schedule, error) {
	var spec string
	err := tx.QueryRowContext(ctx, "SELECT spec FROM triggers WHERE id = ? AND enabled AND next_at = ?"+s.forUpdate(),
		f.TriggerID, f.Due).Scan(&spec)
	if err == sql.ErrNoRows {
		return nil, changed(triggerNamed(f.TriggerID))
	}
	if err != nil {
		return nil, err
	}
	schedule := &picasso.Schedule{}
	return schedule, json.Unmarshal([]byte(spec), schedule)
}

// newestLookedAt is how many executions of a schedule are looked at for one
// that has not ended. As long as one has not, no newer one is made, but others
// may have been before the schedule got overlap skip, or by redrives.
const newestLookedAt = 20

// mayFire is false for a fire without executions and for one that overlaps.
func mayFire(ctx context.Context, tx *sql.Tx, f *picasso.Firing, schedule *picasso.Schedule) (bool, error) {
	if len(f.Submissions) == 0 || schedule.Overlap != picasso.OverlapSkip {
		return len(f.Submissions) > 0, nil
	}
	var unended int
	err := tx.QueryRowContext(ctx, "SELECT COUNT(*) FROM (SELECT of_execution FROM execution_keys WHERE by_trigger = ? "+
		"ORDER BY made_at DESC LIMIT ?) newest JOIN executions ON id = of_execution WHERE status IN (?, ?)",
		f.TriggerID, newestLookedAt, string(picasso.StatusQueued), string(picasso.StatusRunning)).Scan(&unended)
	return unended == 0, err
}

// endsAt is f's NextAt, unless the schedule has had all its runs.
func endsAt(f *picasso.Firing, schedule *picasso.Schedule) sql.NullTime {
	if schedule.MaxRuns > 0 && f.Clock.Runs >= schedule.MaxRuns {
		return sql.NullTime{}
	}
	return optional(f.Clock.NextAt)
}
