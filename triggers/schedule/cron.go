package schedule

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/netresearch/go-cron"

	"github.com/picasso-faas/picasso"
)

// searchYears is how far ahead a fire is looked for: 29 February is a given
// day of the week every 28 years, and around 2100, after 40.
const searchYears = 41

// expression is a cron expression: the times of a wall clock that it matches,
// to the minute. A wall clock is written as if it showed UTC, whatever its zone.
type expression struct {
	days    []cron.Schedule // one, or two of which either may match
	anyHour bool            // the hour begins with "*"
}

// shorthand returns the five fields that stand for a name.
func shorthand(name string) (fields string, found bool) {
	switch name {
	case "@hourly":
		return "0 * * * *", true
	case "@daily":
		return "0 0 * * *", true
	case "@weekly":
		return "0 0 * * 0", true
	case "@monthly":
		return "0 0 1 * *", true
	case "@yearly":
		return "0 0 1 1 *", true
	}
	return name, false
}

var fieldShape = regexp.MustCompile(`^(\*|\w+(-\w+)?)(/\d+)?(,(\*|\w+(-\w+)?)(/\d+)?)*$`)

// parse reads five fields. Where neither day of month nor day of week begins
// with "*" a day matches by either, else by both (crontab(5)). Errors: invalid.
func parse(text string) (*expression, error) {
	full, _ := shorthand(strings.TrimSpace(text))
	fields := strings.Fields(full)
	wrong := func(s string) bool { return !fieldShape.MatchString(s) }
	if len(fields) != 5 || slices.ContainsFunc(fields, wrong) {
		return nil, invalidCron("%q is neither five fields (minute, hour, day of the month, month and weekday) nor one of "+
			"@hourly, @daily, @weekly, @monthly, @yearly", text)
	}
	e := &expression{anyHour: strings.HasPrefix(fields[1], "*")}
	variants := [][]string{fields}
	if !strings.HasPrefix(fields[2], "*") && !strings.HasPrefix(fields[4], "*") {
		byDate, byWeekday := slices.Clone(fields), slices.Clone(fields)
		byDate[4], byWeekday[2] = "*", "*"
		variants = [][]string{byDate, byWeekday}
	}
	parser, err := cron.TryNewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)
	if err != nil {
		return nil, picasso.AsError(err)
	}
	parser = parser.WithMaxSearchYears(searchYears)
	for _, fields := range variants {
		days, err := parser.Parse(strings.Join(fields, " "))
		if err != nil {
			return nil, invalidCron("%q: %w", text, err)
		}
		e.days = append(e.days, days)
	}
	if e.from(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return nil, invalidCron("%q never fires: there is no such day", text)
	}
	return e, nil
}

func invalidCron(format string, args ...any) error {
	return picasso.Errorf(picasso.CodeInvalid, "schedule.cron: "+format, args...)
}

// from returns the first time of the wall clock, at or after the given one,
// that matches; zero when there is none within searchYears.
func (e *expression) from(wall time.Time) (first time.Time) {
	for _, days := range e.days {
		at := days.Next(wall.Add(-time.Nanosecond))
		if !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}
