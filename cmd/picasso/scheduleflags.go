package main

import (
	"github.com/spf13/pflag"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/client"
)

// scheduleFlags are what can be set of a schedule.
type scheduleFlags struct {
	flags          *pflag.FlagSet
	spec           picasso.Schedule
	at, start, end moment
	overlap        string
	catchUp        string
}

func newScheduleFlags(c *cli) scheduleFlags {
	later := moment{now: c.now, future: true}
	return scheduleFlags{at: later, start: later, end: later}
}

func (f *scheduleFlags) add(flags *pflag.FlagSet) {
	f.flags = flags
	s := &f.spec
	flags.StringVar(&s.Cron, "cron", "", "fires by a cron expression of five fields, or @hourly, @daily, @weekly, @monthly, @yearly")
	flags.Var((*seconds)(&s.EveryS), "every", "fires each time so much has passed, as 300 or 5m")
	flags.Var(&f.at, "at", "fires once, at a time (RFC 3339) or so long from now, as 10m")
	flags.StringVar(&s.Timezone, "timezone", "", "time zone of --cron, as Europe/Berlin (default UTC)")
	flags.Var(&f.start, "start", "fires at or after the time (RFC 3339, or from now); '' for none")
	flags.Var(&f.end, "end", "fires before the time (RFC 3339, or from now); '' for none")
	flags.IntVar(&s.MaxRuns, "max-runs", 0, "fires so often at most; 0: any number")
	flags.StringVar(&f.overlap, "overlap", "", "while its last execution goes on: allow, or skip the fire (default allow)")
	flags.StringVar(&f.catchUp, "catch-up", "", "of fires that the service was down for: none, last or all (default last)")
}

func (f *scheduleFlags) check(required bool) error {
	return exclusive(f.flags, required, "cron", "every", "at")
}

// opts is nil when no flag is about the schedule.
func (f *scheduleFlags) opts() *client.ScheduleOpts {
	s := &f.spec
	s.Overlap, s.CatchUp = picasso.Overlap(f.overlap), picasso.CatchUp(f.catchUp)
	opts := client.ScheduleOpts{
		Cron: given(f.flags, "cron", &s.Cron), EveryS: given(f.flags, "every", &s.EveryS), At: given(f.flags, "at", &f.at.Time),
		Timezone: given(f.flags, "timezone", &s.Timezone), MaxRuns: given(f.flags, "max-runs", &s.MaxRuns),
		StartAt: given(f.flags, "start", &f.start.Time), EndAt: given(f.flags, "end", &f.end.Time),
		Overlap: given(f.flags, "overlap", &s.Overlap), CatchUp: given(f.flags, "catch-up", &s.CatchUp),
	}
	if opts.Cron != nil || opts.EveryS != nil || opts.At != nil {
		opts.Cron, opts.EveryS, opts.At = &s.Cron, &s.EveryS, &f.at.Time // the others are empty, and so end
	}
	return blockOf(opts)
}
