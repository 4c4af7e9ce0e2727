package main

import (
	"errors"
	"strings"

	"github.com/spf13/pflag"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/client"
)

// alarmFlags are what can be set of a trigger on alarms.
type alarmFlags struct {
	flags *pflag.FlagSet
	spec  picasso.Alarm
}

func (f *alarmFlags) add(flags *pflag.FlagSet) {
	f.flags = flags
	s := &f.spec
	flags.StringVar(&s.AlarmID, "alarm-id", "", "only the alarm with the id (default any of the project)")
	flags.StringVar(&s.AlarmName, "alarm-name", "", "only alarms of that name")
	flags.StringArrayVar(&s.States, "state", nil, strings.Join(picasso.AlarmStates(), ", ")+": states that fire it when they are entered; may be repeated (default alarm)")
}

func (f *alarmFlags) check() error { return exclusive(f.flags, false, "alarm-id", "alarm-name") }

// opts is nil when no flag is about alarms.
func (f *alarmFlags) opts() *client.AlarmOpts {
	s := &f.spec
	opts := client.AlarmOpts{
		AlarmID: given(f.flags, "alarm-id", &s.AlarmID), AlarmName: given(f.flags, "alarm-name", &s.AlarmName),
		States: wordsOf(f.flags, "state", s.States),
	}
	if opts.AlarmID != nil || opts.AlarmName != nil {
		opts.AlarmID, opts.AlarmName = &s.AlarmID, &s.AlarmName // the other is empty, and so ends
	}
	return blockOf(opts)
}

// webhookFlags are what can be set of a webhook.
type webhookFlags struct {
	*cli
	flags *pflag.FlagSet
	spec  picasso.Webhook
	auth  string
}

func (f *webhookFlags) add(flags *pflag.FlagSet) {
	f.flags = flags
	flags.StringVar(&f.auth, "auth", "", "who may fire it: who has a token of the project (keystone), who signs with its secret (hmac), or who knows it (token, the default)")
	flags.StringVar(&f.spec.Secret, "secret", "", "@FILE with its secret, @- for standard input; '' has a new one made, as does leaving it out of create")
}

// check reads the secret.
func (f *webhookFlags) check() error {
	secret := &f.spec.Secret
	if *secret == "" {
		return nil
	}
	if !strings.HasPrefix(*secret, "@") {
		return errors.New("argument --secret: must be @FILE, or @- for standard input: others on this host can see the command line")
	}
	text, err := f.cli.text("--secret", *secret)
	if *secret = strings.TrimRight(text, "\r\n"); err == nil && *secret == "" {
		err = errors.New("argument --secret: the file is empty")
	}
	return err
}

// opts is nil when no flag is about a webhook.
func (f *webhookFlags) opts() *client.WebhookOpts {
	f.spec.Auth = picasso.WebhookAuth(f.auth)
	return blockOf(client.WebhookOpts{
		Auth: given(f.flags, "auth", &f.spec.Auth), Secret: given(f.flags, "secret", &f.spec.Secret),
	})
}
