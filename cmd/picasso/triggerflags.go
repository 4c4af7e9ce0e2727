package main

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"strings"

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
	roles          rolesFlag
	input          string // with the text of the file, after check

	schedule     scheduleFlags
	swift        swiftFlags
	notification notificationFlags
	alarm        alarmFlags
	webhook      webhookFlags
}

func newTriggerFlags(c *cli, creating bool) *triggerFlags {
	return &triggerFlags{
		cli: c, creating: creating, schedule: newScheduleFlags(c), notification: notificationFlags{cli: c}, webhook: webhookFlags{cli: c},
	}
}

func (f *triggerFlags) add(flags *pflag.FlagSet) {
	f.flags = flags
	if f.creating { // the type of a trigger cannot be changed
		flags.StringVar(&f.kind, "type", "", "what fires it: "+typeNames()+"; may be left out where other options tell")
	}
	flags.StringVar(&f.function, "function", "", "function it invokes")
	flags.StringVar(&f.input, "input", "", "what the function gets in place of the event; ${id}, ${time}, ${data.x} … stand for the event's; @FILE takes it from a file")
	f.enabled.add(flags, [2]string{"enable", "it fires"}, [2]string{"disable", "it is paused: what would fire it passes by"})
	f.roles.add(flags, "its executions get, in place of the function's own,")
	for kind, add := range map[picasso.TriggerType]func(*pflag.FlagSet){
		picasso.TriggerSchedule: f.schedule.add, picasso.TriggerSwift: f.swift.add, picasso.TriggerNotification: f.notification.add,
		picasso.TriggerAlarm: f.alarm.add, picasso.TriggerWebhook: f.webhook.add,
	} {
		addOf(flags, kind, add)
	}
}

func typeNames() string {
	var names []string
	for _, kind := range picasso.TriggerTypes() {
		names = append(names, string(kind))
	}
	return strings.Join(names, ", ")
}

// ofType annotates the flags that are for one type of trigger only.
const ofType = "type"

// addOf adds flags that are for one type, which their help tells.
func addOf(flags *pflag.FlagSet, kind picasso.TriggerType, add func(*pflag.FlagSet)) {
	own := pflag.NewFlagSet("", pflag.ContinueOnError)
	add(own)
	own.VisitAll(func(flag *pflag.Flag) {
		flag.Usage = string(kind) + ": " + flag.Usage
		flag.Annotations = map[string][]string{ofType: {string(kind)}}
	})
	flags.AddFlagSet(own)
}

func (f *triggerFlags) check(creating bool) error {
	if err := f.settleType(creating); err != nil {
		return err
	}
	if creating && f.function == "" {
		return errors.New("the following arguments are required: --function")
	}
	made := picasso.TriggerType("") // the type that needs what it needs to be made
	if creating {
		made = picasso.TriggerType(f.kind)
	}
	return cmp.Or(f.enabled.check(), f.roles.check(),
		f.schedule.check(made == picasso.TriggerSchedule), f.swift.check(made == picasso.TriggerSwift),
		f.notification.check(made == picasso.TriggerNotification), f.alarm.check(), f.webhook.check(), f.readInput())
}

// settleType lets the flags of one type stand for --type, and refuses those of another one.
func (f *triggerFlags) settleType(creating bool) (err error) {
	f.flags.Visit(func(flag *pflag.Flag) {
		kinds := flag.Annotations[ofType]
		switch {
		case len(kinds) == 0:
		case f.kind == "":
			f.kind = kinds[0]
		case f.kind != kinds[0]:
			err = cmp.Or(err, fmt.Errorf("argument --%s: is for type %s, not %s", flag.Name, kinds[0], f.kind))
		}
	})
	if creating && f.kind == "" {
		return errors.New("the following arguments are required: --type")
	}
	return err
}

// readInput puts the text of the file that --input may name in place of its name.
func (f *triggerFlags) readInput() error {
	if !f.flags.Changed("input") {
		return nil
	}
	text, err := f.cli.text("--input", f.input)
	f.input = text
	return err
}

func (f *triggerFlags) opts(name *string) client.TriggerOpts {
	opts := client.TriggerOpts{
		Name: name, Function: given(f.flags, "function", &f.function), Enabled: f.enabled.value(),
		InputTemplate: given(f.flags, "input", &f.input), DelegateRoles: f.roles.value(),
		Schedule: f.schedule.opts(), Swift: f.swift.opts(), Notification: f.notification.opts(),
		Alarm: f.alarm.opts(), Webhook: f.webhook.opts(),
	}
	if f.creating {
		kind := picasso.TriggerType(f.kind)
		opts.Type = &kind
		switch kind { // that need nothing to be told
		case picasso.TriggerAlarm:
			opts.Alarm = cmp.Or(opts.Alarm, &client.AlarmOpts{})
		case picasso.TriggerWebhook:
			opts.Webhook = cmp.Or(opts.Webhook, &client.WebhookOpts{})
		}
	}
	return opts
}

// blockOf is nil when nothing is to be set.
func blockOf[T any](opts T) *T {
	if reflect.ValueOf(opts).IsZero() {
		return nil
	}
	return &opts
}
