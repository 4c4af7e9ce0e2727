package schedule

import (
	"time"

	"github.com/picasso-faas/picasso"
)

const (
	// A fire that is at most so late counts as on time, as with Quartz's misfire
	// threshold: a restart of the service is nothing to catch up with.
	punctual = time.Minute
	// maxFires bounds one step of a schedule that catches up; the next one goes on.
	maxFires = 1000
)

// step returns what a schedule fires at a time, oldest first, and when it is
// due next. It fires nothing twice: all of it lies at or behind the clock's
// NextAt, and next behind all of it.
func step(s *picasso.Schedule, clock *picasso.Clock, table *timetable, now time.Time) (fires []time.Time, next time.Time) {
	most := maxFires
	if s.MaxRuns > 0 {
		most = min(most, s.MaxRuns-clock.Runs)
	}
	if most <= 0 {
		return nil, time.Time{}
	}
	next = firstToFire(s, clock.NextAt, table, now)
	for !next.IsZero() && !next.After(now) && len(fires) < most {
		fires = append(fires, next)
		next = table.next(next)
	}
	if s.Overlap == picasso.OverlapSkip && len(fires) > 1 {
		fires = fires[len(fires)-1:] // the others would overlap
	}
	return fires, next
}

// firstToFire passes by what is late and not to be caught up with.
func firstToFire(s *picasso.Schedule, due time.Time, table *timetable, now time.Time) time.Time {
	late := now.Add(-punctual)
	if !due.Before(late) || s.CatchUp == picasso.CatchUpAll && s.Overlap != picasso.OverlapSkip {
		return due
	}
	onTime := table.next(late.Add(-time.Microsecond))
	if s.CatchUp != picasso.CatchUpNone && (onTime.IsZero() || onTime.After(now)) {
		return table.last(due.Add(-time.Microsecond), late.Add(-time.Microsecond))
	}
	return onTime
}
