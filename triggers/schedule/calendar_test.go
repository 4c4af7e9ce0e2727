package schedule_test

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the rules of zones are part of what is tested

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/triggers/schedule"
)

var _ picasso.Calendar = schedule.Calendar{}

const utc = "UTC"

func at(t testing.TB, text string) time.Time {
	t.Helper()
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04", "2006-01-02 15:04:05"} {
		if got, err := time.Parse(layout, text); err == nil {
			return got
		}
	}
	require.Fail(t, "not a time", text)
	return time.Time{}
}

// fires lists the first n times after the given one.
func fires(t testing.TB, s picasso.Schedule, after string, n int) (list []string) {
	t.Helper()
	from := at(t, after)
	for range n {
		next, err := schedule.Calendar{}.Next(&s, at(t, "2026-01-01 00:00"), from)
		require.NoError(t, err)
		if next.IsZero() {
			return append(list, "never")
		}
		assert.Equal(t, time.UTC, next.Location())
		require.True(t, next.After(from), "%s is not after %s", next, from)
		list, from = append(list, next.Format("01-02 15:04")), next
	}
	return list
}

// TestDaylightSaving: times are UTC.
func TestDaylightSaving(t *testing.T) {
	tests := []struct {
		name, cron, zone, after string
		want                    []string
	}{
		// Berlin goes from 02:00 to 03:00 (01:00 UTC) on 29 March and from 03:00 to 02:00 (01:00 UTC) on 25 October 2026.
		{"skipped", "30 2 * * *", "Europe/Berlin", "2026-03-27 12:00", []string{"03-28 01:30", "03-29 01:00", "03-30 00:30"}},
		{"skipped, several", "*/20 2 * * *", "Europe/Berlin", "2026-03-29 00:00", []string{"03-29 01:00", "03-30 00:00", "03-30 00:20"}},
		{"skipped and met", "0 2,3 * * *", "Europe/Berlin", "2026-03-29 00:00", []string{"03-29 01:00", "03-30 00:00", "03-30 01:00"}},
		{"twice", "30 2 * * *", "Europe/Berlin", "2026-10-24 12:00", []string{"10-25 00:30", "10-26 01:30"}},
		{"twice, several", "*/30 2 * * *", "Europe/Berlin", "2026-10-24 12:00", []string{"10-25 00:00", "10-25 00:30", "10-26 01:00"}},
		{"between both", "30 2 * * *", "Europe/Berlin", "2026-10-25 00:45", []string{"10-26 01:30"}},
		{"the hour after", "0 3 * * *", "Europe/Berlin", "2026-10-24 12:00", []string{"10-25 02:00", "10-26 02:00"}},
		{"any hour, skipped", "30 * * * *", "Europe/Berlin", "2026-03-29 00:00", []string{"03-29 00:30", "03-29 01:30"}},
		{"any hour, twice", "30 * * * *", "Europe/Berlin", "2026-10-25 00:00", []string{"10-25 00:30", "10-25 01:30", "10-25 02:30"}},
		{"every second hour, skipped", "0 */2 * * *", "Europe/Berlin", "2026-03-28 22:30", []string{"03-28 23:00", "03-29 02:00", "03-29 04:00"}},
		{"every second hour, twice", "0 */2 * * *", "Europe/Berlin", "2026-10-24 23:00", []string{"10-25 00:00", "10-25 01:00", "10-25 03:00"}},
		{"all hours named", "0 0-23 * * *", "Europe/Berlin", "2026-10-24 23:30", []string{"10-25 00:00", "10-25 02:00"}},
		{"@hourly", "@hourly", "Europe/Berlin", "2026-10-24 23:30", []string{"10-25 00:00", "10-25 01:00", "10-25 02:00"}},
		{"@daily", "@daily", "Europe/Berlin", "2026-03-28 12:00", []string{"03-28 23:00", "03-29 22:00"}},
		// New York: 8 March and 1 November 2026, at 07:00 and 06:00 UTC.
		{"New York skipped", "15 2 * * *", "America/New_York", "2026-03-07 12:00", []string{"03-08 07:00", "03-09 06:15"}},
		{"New York twice", "15 1 * * *", "America/New_York", "2026-10-31 12:00", []string{"11-01 05:15", "11-02 06:15"}},
		// Lord Howe moves by half an hour: 02:00 to 02:30 on 4 October (15:30 UTC), back at 02:00 on 5 April 2026 (15:00 UTC).
		{"Lord Howe skipped", "10 2 * * *", "Australia/Lord_Howe", "2026-10-03 12:00", []string{"10-03 15:30", "10-04 15:10"}},
		{"Lord Howe met", "40 2 * * *", "Australia/Lord_Howe", "2026-10-03 12:00", []string{"10-03 15:40", "10-04 15:40"}},
		{"Lord Howe twice", "45 1 * * *", "Australia/Lord_Howe", "2026-04-04 12:00", []string{"04-04 14:45", "04-05 15:15"}},
		{"Lord Howe any hour", "45 * * * *", "Australia/Lord_Howe", "2026-04-04 14:00", []string{"04-04 14:45", "04-04 15:15", "04-04 16:15"}},
		// Casablanca leaves its summer time for Ramadan: 03:00 to 02:00 on 15 February (02:00 UTC), back on 22 March 2026 (02:00 UTC).
		{"Casablanca twice", "30 2 * * *", "Africa/Casablanca", "2026-02-14 12:00", []string{"02-15 01:30", "02-16 02:30"}},
		{"Casablanca skipped", "30 2 * * *", "Africa/Casablanca", "2026-03-21 12:00", []string{"03-22 02:00", "03-23 01:30"}},
		// Midnight itself is skipped in Santiago on 6 September 2026 (04:00 UTC).
		{"no midnight", "@daily", "America/Santiago", "2026-09-05 12:00", []string{"09-06 04:00", "09-07 03:00"}},
		// A whole day was skipped in Apia: 30 December 2011.
		{"no day", "0 12 30 * *", "Pacific/Apia", "2011-12-01 00:00", []string{"12-30 10:00", "01-29 22:00"}},
		{"Kolkata", "0 9 * * *", "Asia/Kolkata", "2026-03-28 12:00", []string{"03-29 03:30", "03-30 03:30"}},
		{"no daylight saving", "30 2 * * *", "Asia/Tokyo", "2026-03-28 00:00", []string{"03-28 17:30", "03-29 17:30"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.want, fires(t, picasso.Schedule{Cron: test.cron, Timezone: test.zone}, test.after, len(test.want)))
		})
	}
}

func TestCron(t *testing.T) {
	tests := []struct {
		cron, after string
		want        []string
	}{
		{"* * * * *", "2026-01-01 00:00:59", []string{"01-01 00:01", "01-01 00:02"}},
		{"  5,10-12   4/6 * * *\t", "2026-01-01 00:00", []string{"01-01 04:05", "01-01 04:10", "01-01 04:11", "01-01 04:12", "01-01 10:05"}},
		{"0 22-2 * * *", "2026-01-01 01:30", []string{"01-01 02:00", "01-01 22:00"}},
		{"0 0 * * mon-FRI", "2026-01-01 12:00", []string{"01-02 00:00", "01-05 00:00"}},
		{"0 0 * jan,Jul 7", "2026-01-25 12:00", []string{"07-05 00:00"}},
		{"0 0 13 * 5", "2026-01-08 12:00", []string{"01-09 00:00", "01-13 00:00", "01-16 00:00"}},
		{"0 0 13 * */5", "2026-01-08 12:00", []string{"02-13 00:00", "03-13 00:00", "09-13 00:00"}},
		{"0 0 */10 * 5", "2026-01-01 12:00", []string{"05-01 00:00", "07-31 00:00"}},
		{"0 0 31 * *", "2026-01-31 12:00", []string{"03-31 00:00", "05-31 00:00"}},
		{"0 0 29 2 *", "2026-01-01 00:00", []string{"02-29 00:00", "02-29 00:00"}},
		{"@weekly", "2026-01-01 00:00", []string{"01-04 00:00"}},
		{"@monthly", "2026-01-01 00:00", []string{"02-01 00:00"}},
		{"@yearly", "2026-01-01 00:00", []string{"01-01 00:00"}},
	}
	for _, test := range tests {
		t.Run(test.cron, func(t *testing.T) {
			assert.Equal(t, test.want, fires(t, picasso.Schedule{Cron: test.cron, Timezone: utc}, test.after, len(test.want)))
		})
	}
}

// TestLeapDays: the next one may be eight years away, and one on a Sunday forty.
func TestLeapDays(t *testing.T) {
	next := func(cron, after string) string {
		got, err := schedule.Calendar{}.Next(&picasso.Schedule{Cron: cron, Timezone: "Europe/Berlin"}, time.Time{}, at(t, after))
		require.NoError(t, err)
		return got.Format(time.DateOnly)
	}
	assert.Equal(t, "2104-02-29", next("0 12 29 2 *", "2096-03-01 00:00"))
	assert.Equal(t, "2104-02-28", next("0 * 29 2 *", "2096-03-01 00:00"), "midnight in Berlin")
	assert.Equal(t, "2128-02-29", next("0 12 29 2 */7", "2088-03-01 00:00"))
}

func TestBadSchedules(t *testing.T) {
	tests := []struct{ cron, zone, want string }{
		{"0 0 30 2 *", utc, "schedule.cron: "},
		{"0 0 31 2,4,6,9,11 *", utc, "never fires"},
		{"", utc, "schedule.cron: "},
		{"* * * *", utc, "neither five fields"},
		{"* * * * * *", utc, "neither five fields"},
		{"@every 1s", utc, "neither five fields"},
		{"@reboot", utc, "neither five fields"},
		{"@Daily", utc, "neither five fields"},
		{"TZ=UTC * * * * *", utc, "neither five fields"},
		{"60 * * * *", utc, "schedule.cron: "},
		{"* 24 * * *", utc, "schedule.cron: "},
		{"* * 0 * *", utc, "schedule.cron: "},
		{"* * 32 * *", utc, "schedule.cron: "},
		{"* * * 13 *", utc, "schedule.cron: "},
		{"* * * * 8", utc, "schedule.cron: "},
		{"*/0 * * * *", utc, "schedule.cron: "},
		{"1,,2 * * * *", utc, "neither five fields"},
		{"-1 * * * *", utc, "neither five fields"},
		{"? ? ? ? ?", utc, "neither five fields"},
		{"0 0 L * *", utc, "schedule.cron: "},
		{"0 0 * * 5#3", utc, "neither five fields"},
		{"H * * * *", utc, "schedule.cron: "},
		{"0 0 * foo *", utc, "schedule.cron: "},
		{"99999999999999999999 * * * *", utc, "schedule.cron: "},
		{"* * * * *", "Europe/Bärlin", `schedule.timezone: "Europe/Bärlin" is not`},
		{"* * * * *", "Local", "schedule.timezone: "},
		{"* * * * *", "../etc/passwd", "schedule.timezone: "},
		{"* * * * *", "/etc/localtime", "schedule.timezone: "},
		{"* * * * *", "CET\x00", "schedule.timezone: "},
	}
	for _, test := range tests {
		t.Run(strings.ReplaceAll(test.cron+" "+test.zone, "/", "_"), func(t *testing.T) {
			_, err := schedule.Calendar{}.Next(&picasso.Schedule{Cron: test.cron, Timezone: test.zone}, time.Time{}, time.Now())
			assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err))
			assert.Contains(t, picasso.AsError(err).Detail, test.want)
		})
	}
}

func TestEveryAndAt(t *testing.T) {
	tests := []struct {
		name     string
		schedule picasso.Schedule
		after    string
		want     []string
	}{
		{"from the creation", picasso.Schedule{EveryS: 3600}, "2026-01-01 00:00", []string{"01-01 01:00", "01-01 02:00"}},
		{"later", picasso.Schedule{EveryS: 3600}, "2026-03-29 00:59:59", []string{"03-29 01:00", "03-29 02:00"}},
		{"from a start", picasso.Schedule{EveryS: 86400, StartAt: at(t, "2026-02-01 07:30")}, "2026-01-01 00:00",
			[]string{"02-01 07:30", "02-02 07:30"}},
		{"from a start that has been", picasso.Schedule{EveryS: 86400, StartAt: at(t, "1926-02-01 07:30")}, "2026-01-01 08:00",
			[]string{"01-02 07:30", "01-03 07:30"}},
		{"until an end", picasso.Schedule{EveryS: 60, EndAt: at(t, "2026-01-01 00:03")}, "2026-01-01 00:00",
			[]string{"01-01 00:01", "01-01 00:02", "never"}},
		{"at", picasso.Schedule{At: at(t, "2026-02-01T07:30:00.123456789+01:00")}, "2026-01-01 00:00", []string{"02-01 06:30", "never"}},
		{"at, gone", picasso.Schedule{At: at(t, "2026-02-01 07:30")}, "2026-02-01 07:30", []string{"never"}},
		{"at, before the start", picasso.Schedule{At: at(t, "2026-02-01 07:30"), StartAt: at(t, "2026-02-02 00:00")}, "2026-01-01 00:00", []string{"never"}},
		{"at the start", picasso.Schedule{At: at(t, "2026-02-01 07:30"), StartAt: at(t, "2026-02-01 07:30")}, "2026-01-01 00:00", []string{"02-01 07:30", "never"}},
		{"at the end", picasso.Schedule{At: at(t, "2026-02-01 07:30"), EndAt: at(t, "2026-02-01 07:30")}, "2026-01-01 00:00", []string{"never"}},
		{"cron from a start", picasso.Schedule{Cron: "0 * * * *", StartAt: at(t, "2026-02-01 07:00"), EndAt: at(t, "2026-02-01 09:00")},
			"2026-01-01 00:00", []string{"02-01 07:00", "02-01 08:00", "never"}},
		{"the end of time", picasso.Schedule{EveryS: 31536000}, "9999-12-01 00:00", []string{"never"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.want, fires(t, test.schedule, test.after, len(test.want)))
		})
	}
}

func TestNothingFiresBeyondTheYear9999(t *testing.T) {
	s := &picasso.Schedule{Cron: "59 23 31 12 *", Timezone: "America/New_York"} // 10000 in UTC
	after := time.Date(9999, 12, 31, 22, 0, 0, 0, time.UTC)
	next, err := schedule.Calendar{}.Next(s, after, after)
	require.NoError(t, err)
	assert.Zero(t, next)
}
