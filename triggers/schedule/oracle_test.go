package schedule_test

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/triggers/schedule"
)

// oracle lists when an expression fires from one time until another, by
// looking at the clock on the wall in every minute between.
func oracle(t testing.TB, cron, zone string, from, until time.Time) (list []time.Time) {
	t.Helper()
	where, err := time.LoadLocation(zone)
	require.NoError(t, err)
	w := read(cron)
	anyHour := strings.Fields(cron)[1][0] == '*'
	var seen time.Time // the latest that the wall clock has shown
	for at := from.Add(-4 * time.Hour); at.Before(until); at = at.Add(time.Minute) {
		local := at.In(where)
		wall := time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), 0, 0, time.UTC)
		hit := false
		switch {
		case anyHour:
			hit = w.matches(wall)
		case seen.IsZero() || wall.After(seen):
			for skipped := wall; !hit && (seen.IsZero() && skipped.Equal(wall) || skipped.After(seen)); skipped = skipped.Add(-time.Minute) {
				hit = w.matches(skipped)
			}
		}
		if wall.After(seen) {
			seen = wall
		}
		if hit && !at.Before(from) {
			list = append(list, at)
		}
	}
	return list
}

// wanted is what the five fields of an expression say, by value.
type wanted struct {
	fields [5][60]bool
	either bool // day of month or day of week
}

func read(cron string) (w wanted) {
	fields := strings.Fields(cron)
	for i, most := range []int{59, 23, 31, 12, 6} {
		for value := range most + 1 {
			w.fields[i][value] = in(fields[i], value, most)
		}
	}
	w.either = fields[2][0] != '*' && fields[4][0] != '*'
	return w
}

func (w *wanted) matches(wall time.Time) bool {
	date, weekday := w.fields[2][wall.Day()], w.fields[4][wall.Weekday()]
	day := date && weekday || w.either && (date || weekday)
	return day && w.fields[0][wall.Minute()] && w.fields[1][wall.Hour()] && w.fields[3][wall.Month()]
}

// in knows *, */n, n, n-m and lists of these.
func in(field string, value, most int) bool {
	return slices.ContainsFunc(strings.Split(field, ","), func(item string) bool {
		span, every, stepped := strings.Cut(item, "/")
		low, high, ranged := strings.Cut(span, "-")
		first, _ := strconv.Atoi(low)
		last, _ := strconv.Atoi(high)
		step, _ := strconv.Atoi(every)
		switch {
		case low == "*" && (most == 31 || most == 12):
			first, last = 1, most
		case low == "*":
			first, last = 0, most
		case !ranged:
			last = first
		}
		return value >= first && value <= last && (!stepped || (value-first)%step == 0)
	})
}

// TestOracle compares the calendar with the oracle where clocks change, for
// expressions made at random.
func TestOracle(t *testing.T) {
	changes := map[string][]string{
		"Europe/Berlin":       {"2026-03-28 00:00", "2026-10-24 00:00"},
		"America/New_York":    {"2026-03-07 00:00", "2026-10-31 00:00"},
		"Australia/Lord_Howe": {"2026-04-03 00:00", "2026-10-02 00:00"},
		"Africa/Casablanca":   {"2026-02-14 00:00", "2026-03-21 00:00"},
		"America/Santiago":    {"2026-04-04 00:00", "2026-09-05 00:00"},
		"Africa/Cairo":        {"2026-04-23 00:00", "2026-10-29 00:00"},
		"Asia/Kolkata":        {"2026-03-28 00:00"},
		"Antarctica/Troll":    {"2026-03-28 00:00", "2026-10-24 00:00"}, // by two hours
		"Pacific/Apia":        {"2011-12-29 00:00"},                     // by a day
		"America/Caracas":     {"2007-12-08 00:00", "2016-04-30 00:00"}, // by half an hour, once
	}
	random := rand.New(rand.NewPCG(1, 2))
	for zone, times := range changes {
		for _, text := range times {
			from := at(t, text)
			until := from.Add(60 * time.Hour)
			for range 8 {
				cron := randomCron(random)
				want := oracle(t, cron, zone, from, until)
				got := between(t, cron, zone, from, until)
				if !assert.Equal(t, want, got, "%s in %s from %s", cron, zone, text) {
					return
				}
			}
		}
	}
}

func randomCron(random *rand.Rand) string {
	pick := func(items ...string) string { return items[random.IntN(len(items))] }
	return pick("0", "30", "*/20", "59", "0,29,30,31") + " " +
		pick("*", "*/2", "*/3", "0", "1", "2", "3", "0-4", "1,3", "2-3", "23") + " " +
		pick("*", "*", "*", "29", "*/2", "25-30") + " " + pick("*", "*", "3,10", "1-12") + " " +
		pick("*", "*", "*", "0", "1-5", "*/2")
}

func between(t testing.TB, cron, zone string, from, until time.Time) (list []time.Time) {
	t.Helper()
	s := picasso.Schedule{Cron: cron, Timezone: zone}
	for next := from.Add(-time.Microsecond); ; {
		var err error
		next, err = schedule.Calendar{}.Next(&s, from, next)
		require.NoError(t, err, cron)
		if next.IsZero() || !next.Before(until) {
			return list
		}
		list = append(list, next)
	}
}

// FuzzCalendar: whatever is written, it is refused with its reason, or goes
// forward and shows on the wall what it says.
func FuzzCalendar(f *testing.F) {
	f.Add("30 2 * * *", "Europe/Berlin", int64(1774746000))
	f.Add("*/7 1-3,5 29 feb-MAR 7/2", "Australia/Lord_Howe", int64(1775314800))
	f.Add("@daily", "America/Santiago", int64(1788652800))
	f.Add("0 * 29 2 */7", "Africa/Casablanca", int64(1<<33))
	f.Fuzz(func(t *testing.T, cron, zone string, after int64) {
		s := picasso.Schedule{Cron: cron, Timezone: zone}
		from := time.Unix(after%(1<<37), 0)
		for range 3 {
			next, err := schedule.Calendar{}.Next(&s, from, from)
			if err != nil {
				assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err))
				assert.Contains(t, picasso.AsError(err).Detail, "schedule.")
				return
			}
			if next.IsZero() {
				return
			}
			require.True(t, next.After(from))
			from = next
		}
	})
}
