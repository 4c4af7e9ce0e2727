package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/pflag"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/client"
)

// triggerFlags are what can be set of a trigger. Only what the command line
// has is sent.
type triggerFlags struct {
	*cli
	creating       bool
	flags          *pflag.FlagSet
	function, kind string
	enabled        choice
	input          string // with the text of the file, after check
	schedule       picasso.Schedule
	at, start, end moment
	overlap        string
	catchUp        string
}

func newTriggerFlags(c *cli, creating bool) *triggerFlags {
	later := moment{now: c.now, future: true}
	return &triggerFlags{cli: c, creating: creating, at: later, start: later, end: later}
}

func (f *triggerFlags) add(flags *pflag.FlagSet) {
	f.flags = flags
	if f.creating { // the type of a trigger cannot be changed
		flags.StringVar(&f.kind, "type", "", "what fires it: schedule")
	}
	flags.StringVar(&f.function, "function", "", "function it invokes")
	flags.StringVar(&f.input, "input", "", "what the function gets in place of the event; ${id}, ${time}, ${data.x} … stand for the event's; @FILE takes it from a file")
	f.enabled.add(flags, [2]string{"enable", "it fires"}, [2]string{"disable", "it is paused: what would fire it passes by"})
	s := &f.schedule
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

func (f *triggerFlags) check(creating bool) error {
	switch {
	case creating && f.kind == "":
		return errors.New("the following arguments are required: --type")
	case creating && f.function == "":
		return errors.New("the following arguments are required: --function")
	}
	scheduled := creating && f.kind == string(picasso.TriggerSchedule)
	return cmp.Or(f.enabled.check(), exclusive(f.flags, scheduled, "cron", "every", "at"), f.readInput())
}

// readInput puts the text of the file that --input may name in place of its name.
func (f *triggerFlags) readInput() error {
	if !f.flags.Changed("input") {
		return nil
	}
	from, err := f.cli.input("--input", true, f.input)
	if err != nil {
		return err
	}
	if closer, ok := from.(io.Closer); ok {
		defer closer.Close()
	}
	text, err := io.ReadAll(from)
	if err != nil {
		return fmt.Errorf("argument --input: %w", err)
	}
	f.input = string(text)
	return nil
}

func (f *triggerFlags) opts(name *string) client.TriggerOpts {
	kind := picasso.TriggerType(f.kind)
	return client.TriggerOpts{
		Name: name, Function: given(f.flags, "function", &f.function), Type: unlessEmpty(&kind),
		Enabled: f.enabled.value(), InputTemplate: given(f.flags, "input", &f.input), Schedule: f.scheduleOpts(),
	}
}

func unlessEmpty[T ~string](s *T) *T {
	if *s == "" {
		return nil
	}
	return s
}

// scheduleOpts is nil when no flag is about the schedule.
func (f *triggerFlags) scheduleOpts() *client.ScheduleOpts {
	s := &f.schedule
	s.Overlap, s.CatchUp = picasso.Overlap(f.overlap), picasso.CatchUp(f.catchUp)
	opts := client.ScheduleOpts{
		Cron: given(f.flags, "cron", &s.Cron), EveryS: given(f.flags, "every", &s.EveryS), At: given(f.flags, "at", &f.at.Time),
		Timezone: given(f.flags, "timezone", &s.Timezone), MaxRuns: given(f.flags, "max-runs", &s.MaxRuns),
		StartAt: given(f.flags, "start", &f.start.Time), EndAt: given(f.flags, "end", &f.end.Time),
		Overlap: given(f.flags, "overlap", &s.Overlap), CatchUp: given(f.flags, "catch-up", &s.CatchUp),
	}
	if opts == (client.ScheduleOpts{}) {
		return nil
	}
	if kinds := opts.Cron != nil || opts.EveryS != nil || opts.At != nil; kinds && !f.creating {
		opts.Cron, opts.EveryS, opts.At = &s.Cron, &s.EveryS, &f.at.Time // the others are empty, and so end
	}
	return &opts
}
