package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/client"
)

// swiftFlags are what can be set of a trigger on objects in Swift.
type swiftFlags struct {
	flags  *pflag.FlagSet
	spec   picasso.Swift
	verify choice
}

func (f *swiftFlags) add(flags *pflag.FlagSet) {
	f.flags = flags
	s := &f.spec
	flags.StringVar(&s.Container, "container", "", "container whose objects fire it")
	flags.StringArrayVar(&s.Events, "event", nil, strings.Join(picasso.SwiftEvents(), ", ")+"; may be repeated (default created and copied)")
	flags.StringVar(&s.Prefix, "prefix", "", "only objects whose names begin so")
	flags.StringVar(&s.Suffix, "suffix", "", "only objects whose names end so, as .jpg")
	f.verify.add(flags, [2]string{"verify", "the object is looked at before the function runs (default)"},
		[2]string{"no-verify", "Swift's notifications are believed: also those of requests that failed, or that anybody made up"})
}

func (f *swiftFlags) check(required bool) error {
	if required && f.spec.Container == "" {
		return errors.New("the following arguments are required: --container")
	}
	return f.verify.check()
}

// opts is nil when no flag is about Swift.
func (f *swiftFlags) opts() *client.SwiftOpts {
	s := &f.spec
	return blockOf(client.SwiftOpts{
		Container: given(f.flags, "container", &s.Container), Events: wordsOf(f.flags, "event", s.Events),
		Prefix: given(f.flags, "prefix", &s.Prefix), Suffix: given(f.flags, "suffix", &s.Suffix), Verify: f.verify.value(),
	})
}

// notificationFlags are what can be set of a trigger on notifications.
type notificationFlags struct {
	*cli
	flags    *pflag.FlagSet
	spec     picasso.Notification
	filters  []string
	projects choice
}

func (f *notificationFlags) add(flags *pflag.FlagSet) {
	f.flags = flags
	s := &f.spec
	flags.StringVar(&s.EventType, "event-type", "", "what happened, with * for any text, as 'compute.instance.*'")
	flags.StringVar(&s.Exchange, "exchange", "", "only what is published there, as nova; '' for any")
	flags.StringVar(&s.Topic, "topic", "", "only what is published on the topic; '' for any")
	flags.StringArrayVar(&f.filters, "filter", nil, "FIELD=VALUE that must hold, as payload.state=active; a VALUE in JSON may be a number, a list of "+
		`which one must hold, or have operators: 'payload.size={"gt":1000}'; null ends one. Also a JSON object of them, or @FILE. May be repeated`)
	f.projects.add(flags, [2]string{"all-projects", "what happens in all projects (for admins)"}, [2]string{"own-project", "what happens in its own project (default)"})
}

func (f *notificationFlags) check(required bool) error {
	if required && f.spec.EventType == "" {
		return errors.New("the following arguments are required: --event-type")
	}
	return cmp.Or(f.projects.check(), f.readFilters())
}

// readFilters makes one filter of all that were given, the last one winning.
func (f *notificationFlags) readFilters() error {
	if len(f.filters) == 0 {
		return nil
	}
	f.spec.Filter = map[string]json.RawMessage{}
	for _, filter := range f.filters {
		text, err := f.filterText(filter)
		if err != nil {
			return err
		}
		if err := addFilter(f.spec.Filter, text); err != nil {
			return fmt.Errorf("argument --filter: %w", err)
		}
	}
	return nil
}

// filterText leaves '@' in values alone: only FILE has one in front.
func (f *notificationFlags) filterText(filter string) (string, error) {
	if !strings.HasPrefix(filter, "@") {
		return filter, nil
	}
	return f.cli.text("--filter", filter)
}

// addFilter adds FIELD=VALUE, or a JSON object of them.
func addFilter(to map[string]json.RawMessage, text string) error {
	if strings.HasPrefix(strings.TrimSpace(text), "{") {
		if err := json.Unmarshal([]byte(text), &to); err != nil {
			return fmt.Errorf("is no JSON object: %w", err)
		}
		return nil
	}
	field, value, ok := strings.Cut(text, "=")
	switch {
	case !ok || field == "":
		return errors.New("must be FIELD=VALUE, a JSON object or @FILE")
	case json.Valid([]byte(value)):
		to[field] = json.RawMessage(value)
	default:
		quoted, err := json.Marshal(value)
		to[field] = quoted
		return err
	}
	return nil
}

// opts is nil when no flag is about notifications.
func (f *notificationFlags) opts() *client.NotificationOpts {
	s := &f.spec
	return blockOf(client.NotificationOpts{
		EventType: given(f.flags, "event-type", &s.EventType), Exchange: given(f.flags, "exchange", &s.Exchange),
		Topic: given(f.flags, "topic", &s.Topic), Filter: s.Filter, AllProjects: f.projects.value(),
	})
}
