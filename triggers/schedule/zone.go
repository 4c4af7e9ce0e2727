package schedule

import (
	"time"

	"github.com/picasso-faas/picasso"
)

// cronRule is a cron expression for the wall clock of a time zone. Errors: invalid.
func cronRule(text, zone string) (rule, error) {
	where, err := time.LoadLocation(zone)
	if err != nil || zone == "Local" { // that of this host
		return nil, picasso.Errorf(picasso.CodeInvalid, "schedule.timezone: %q is not the name of a time zone, such as Europe/Berlin", zone)
	}
	e, err := parse(text)
	if err != nil {
		return nil, err
	}
	if e.anyHour {
		return func(after time.Time) time.Time { return nextShown(e, after.In(where)) }, nil
	}
	return func(after time.Time) time.Time { return nextOnce(e, after.In(where)) }, nil
}

// nextShown returns the first moment after the given one whose wall clock
// matches. Between two changes of the zone's offset wall clocks run as time
// does; so it looks at one such period after the other.
func nextShown(e *expression, after time.Time) time.Time {
	for from := after.Add(time.Nanosecond); ; {
		shown := wallClock(from)
		match := e.from(shown)
		if match.IsZero() {
			return match
		}
		at := from.Add(match.Sub(shown))
		change := nextChange(from)
		if change.IsZero() || at.Before(change) {
			return at
		}
		from = change
	}
}

// nextChange returns an end of the period in which the offset is that of t; zero:
// it has none. Of the last day of a leap year Go 1.26 says that the period
// ended the day before, if the rules of the zone are the POSIX TZ of its file.
func nextChange(t time.Time) time.Time {
	_, change := t.ZoneBounds()
	if !change.IsZero() && !change.After(t) {
		return t.Add(time.Hour)
	}
	return change
}

// nextOnce returns the first moment after the given one at which a matching
// wall clock time comes for the first time.
func nextOnce(e *expression, after time.Time) time.Time {
	for shown := wallClock(after); ; {
		match := e.from(shown.Add(time.Nanosecond))
		if match.IsZero() {
			return match
		}
		if at := firstShown(match, after.Location()); at.After(after) {
			return at
		}
		shown = match // came before the clock was turned back
	}
}

// firstShown returns the first moment at which the wall clock of a zone shows
// the time, or the first one behind the gap in which it would have.
func firstShown(wall time.Time, where *time.Location) time.Time {
	year, month, day := wall.Date()
	at := time.Date(year, month, day, wall.Hour(), wall.Minute(), wall.Second(), wall.Nanosecond(), where)
	from, to := at.ZoneBounds()
	switch shown := wallClock(at); { // time.Date chooses a side of the gap, and does not say which
	case shown.After(wall):
		return from
	case shown.Before(wall):
		return to
	case from.IsZero():
		return at
	}
	// Shown twice? Then it was shown before the last change, with the offset of then.
	_, offset := at.Zone()
	_, before := from.Add(-time.Nanosecond).Zone()
	if earlier := at.Add(time.Duration(offset-before) * time.Second); earlier.Before(from) {
		return earlier
	}
	return at
}

// wallClock is what the clock on the wall shows, written as UTC.
func wallClock(t time.Time) time.Time {
	_, offset := t.Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}
