// Package schedule fires triggers of type schedule when they are due.
//
// [Calendar] knows when that is: cron expressions in a time zone, every so many
// seconds, or once. [Scheduler] acts on it. Any number of processes may run
// one: the store moves the clock of a schedule and queues its executions in
// one transaction, so each fire happens once, and one that was not committed
// happens later.
package schedule

import (
	"time"

	"github.com/picasso-faas/picasso"
)

// Calendar implements picasso.Calendar.
//
// Daylight saving is as Vixie cron and Debian's have it: an expression whose
// hour is fixed (does not begin with "*") fires once for a wall clock time
// that is skipped, at the first moment after the gap, and once for one that
// comes twice, the first time; the others fire whenever the wall clock shows what they say.
type Calendar struct{}

// Next implements picasso.Calendar.
func (Calendar) Next(s *picasso.Schedule, created, after time.Time) (time.Time, error) {
	t, err := compile(s, created)
	if err != nil {
		return time.Time{}, err
	}
	return t.next(after), nil
}

// rule returns the first time after the given one at which something fires,
// zero when it never does.
type rule func(after time.Time) time.Time

// timetable is a rule between start and end.
type timetable struct {
	rule       rule
	start, end time.Time // zero: none
}

// compile reads a schedule. Errors: invalid, naming the field.
func compile(s *picasso.Schedule, created time.Time) (t timetable, err error) {
	t.start, t.end = s.StartAt, s.EndAt
	switch {
	case !s.At.IsZero():
		t.rule = once(s.At)
	case s.EveryS > 0:
		base := s.StartAt
		if base.IsZero() {
			base = created
		}
		t.rule = every(base, time.Duration(s.EveryS)*time.Second)
	default:
		t.rule, err = cronRule(s.Cron, s.Timezone)
	}
	return t, err
}

// next is in UTC to the microsecond, as stores keep it.
func (t *timetable) next(after time.Time) time.Time {
	if before := t.start.Add(-time.Microsecond); !t.start.IsZero() && after.Before(before) {
		after = before
	}
	at := t.rule(after)
	if at.IsZero() || at.UTC().Year() > 9999 || !t.end.IsZero() && !at.Before(t.end) {
		return time.Time{}
	}
	return at.UTC().Truncate(time.Microsecond)
}

// last returns the last fire up to until. There is one after the given time.
func (t *timetable) last(after, until time.Time) time.Time {
	for until.Sub(after) > time.Microsecond {
		middle := after.Add(until.Sub(after) / 2)
		if at := t.next(middle); at.IsZero() || at.After(until) {
			until = middle
		} else {
			after = middle
		}
	}
	return t.next(after)
}

func once(at time.Time) rule {
	at = at.Truncate(time.Microsecond) // or it came again after itself
	return func(after time.Time) time.Time {
		if at.After(after) {
			return at
		}
		return time.Time{}
	}
}

// every counts in microseconds since 1970: a time.Duration holds 292 years only.
func every(base time.Time, interval time.Duration) rule {
	first, step := base.UnixMicro(), interval.Microseconds()
	return func(after time.Time) time.Time {
		n := int64(0)
		if since := after.UnixMicro() - first; since >= 0 {
			n = since/step + 1
		}
		return time.UnixMicro(first + n*step)
	}
}
