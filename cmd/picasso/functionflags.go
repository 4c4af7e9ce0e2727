package main

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/client"
)

// functionFlags are what can be set of a function. The server knows ranges and
// defaults: only what the command line has is sent.
type functionFlags struct {
	flags             *pflag.FlagSet
	spec              picasso.FunctionSpec
	contract, network string
	public, enabled   choice
	entrypoint, words []string
	hostTags          []string
	config            configFlag
	roles             rolesFlag
}

func newFunctionFlags(c *cli) *functionFlags { return &functionFlags{config: configFlag{cli: c}} }

func (f *functionFlags) add(flags *pflag.FlagSet) {
	f.flags = flags
	s := &f.spec
	flags.StringVar(&s.Image, "image", "", "image it runs, as in 'docker run'")
	flags.StringVar(&s.App, "app", "", "app it belongs to")
	flags.StringVar(&s.Description, "description", "", "what it is for")
	flags.StringVar(&f.contract, "contract", "", "how it takes calls: fn, web, stdio or stdio-http")
	flags.StringArrayVar(&f.entrypoint, "entrypoint", nil, "word of the entrypoint in place of the image's; may be repeated")
	flags.StringArrayVar(&f.words, "command", nil, "word of the command in place of the image's; may be repeated")
	f.config.add(flags)
	f.public.add(flags, [2]string{"public", "everybody may call its URL, without a token"}, [2]string{"private", "its URL needs a token"})
	flags.IntVar(&s.MemoryMB, "memory", 0, "memory in MiB")
	flags.Float64Var(&s.CPUs, "cpus", 0, "processors, such as 0.5; 0: a share by memory")
	flags.IntVar(&s.TmpMB, "tmp", 0, "size of /tmp in MiB, part of the memory")
	flags.Var((*seconds)(&s.TimeoutS), "timeout", "how long a call may run")
	flags.Var((*seconds)(&s.QueueTimeoutS), "queue-timeout", "how long a call may wait for a sandbox")
	flags.Var((*seconds)(&s.IdleTimeoutS), "idle-timeout", "how long an idle sandbox is kept")
	flags.IntVar(&s.Concurrency, "concurrency", 0, "calls at once in one sandbox (contract web)")
	flags.IntVar(&s.MinSandboxes, "min-sandboxes", 0, "sandboxes kept warm")
	flags.IntVar(&s.MaxSandboxes, "max-sandboxes", 0, "most sandboxes, on all hosts; 0: as many as fit")
	flags.StringVar(&f.network, "network", "", "what it may reach: egress or none")
	flags.StringVar(&s.HealthPath, "health-path", "", "path that answers 2xx when it is ready (contract web)")
	flags.StringArrayVar(&f.hostTags, "host-tag", nil, "tag that hosts it runs on must have; may be repeated")
	f.roles.add(flags, "each call gets")
	f.addAsync(flags)
}

// addAsync adds what is about asynchronous executions.
func (f *functionFlags) addAsync(flags *pflag.FlagSet) {
	s := &f.spec
	f.enabled.add(flags, [2]string{"enable", "it runs"},
		[2]string{"disable", "it is paused: asynchronous executions wait, other calls are refused"})
	flags.IntVar(&s.Priority, "priority", 0, "0, 1 or 2: of what waits in a project the highest goes first")
	flags.IntVar(&s.Retry.MaxAttempts, "max-attempts", 0, "how often an asynchronous execution is tried")
	flags.Var((*seconds)(&s.Retry.MinDelayS), "min-delay", "pause before the second attempt; it doubles with each further one")
	flags.Var((*seconds)(&s.Retry.MaxDelayS), "max-delay", "longest pause between attempts")
	flags.Var((*seconds)(&s.Retry.MaxAgeS), "max-age", "an older asynchronous execution is not tried again")
	flags.StringVar(&s.OnSuccess, "on-success", "", "function (app:name) or https URL that is told of asynchronous successes; '' for none")
	flags.StringVar(&s.OnFailure, "on-failure", "", "function (app:name) or https URL that is told of asynchronous failures; '' for none")
}

func (f *functionFlags) check(creating bool) error {
	if creating && f.spec.Image == "" {
		return errors.New("the following arguments are required: --image")
	}
	return cmp.Or(f.public.check(), f.enabled.check(), f.config.check(), f.roles.check())
}

// showDefaults says in the help of create what the server takes for what is not given.
func showDefaults(flags *pflag.FlagSet) {
	d := picasso.DefaultFunctionSpec()
	for name, value := range map[string]any{
		"app": d.App, "contract": d.Contract, "network": d.Network, "memory": d.MemoryMB, "tmp": d.TmpMB,
		"timeout": d.TimeoutS, "queue-timeout": d.QueueTimeoutS, "idle-timeout": d.IdleTimeoutS, "concurrency": d.Concurrency,
		"max-attempts": d.Retry.MaxAttempts, "min-delay": d.Retry.MinDelayS, "max-delay": d.Retry.MaxDelayS, "max-age": d.Retry.MaxAgeS,
	} {
		flags.Lookup(name).Usage += fmt.Sprintf(" (default %v)", value)
	}
}

func (f *functionFlags) opts(name *string) client.FunctionOpts {
	s := &f.spec
	s.Contract, s.Network = picasso.Contract(f.contract), picasso.Network(f.network)
	return client.FunctionOpts{
		Name: name, App: given(f.flags, "app", &s.App),
		Description: given(f.flags, "description", &s.Description), Image: given(f.flags, "image", &s.Image),
		Contract: given(f.flags, "contract", &s.Contract), Network: given(f.flags, "network", &s.Network),
		Entrypoint: wordsOf(f.flags, "entrypoint", f.entrypoint), Command: wordsOf(f.flags, "command", f.words),
		Config: f.config.config(), Public: f.public.value(), Enabled: f.enabled.value(), DelegateRoles: f.roles.value(),
		MemoryMB: given(f.flags, "memory", &s.MemoryMB), CPUs: given(f.flags, "cpus", &s.CPUs),
		TmpMB: given(f.flags, "tmp", &s.TmpMB), TimeoutS: given(f.flags, "timeout", &s.TimeoutS),
		QueueTimeoutS: given(f.flags, "queue-timeout", &s.QueueTimeoutS),
		IdleTimeoutS:  given(f.flags, "idle-timeout", &s.IdleTimeoutS),
		Concurrency:   given(f.flags, "concurrency", &s.Concurrency),
		MinSandboxes:  given(f.flags, "min-sandboxes", &s.MinSandboxes),
		MaxSandboxes:  given(f.flags, "max-sandboxes", &s.MaxSandboxes),
		HealthPath:    given(f.flags, "health-path", &s.HealthPath),
		HostTags:      wordsOf(f.flags, "host-tag", f.hostTags),
		Priority:      given(f.flags, "priority", &s.Priority),
		Retry:         f.retry(),
		OnSuccess:     given(f.flags, "on-success", &s.OnSuccess),
		OnFailure:     given(f.flags, "on-failure", &s.OnFailure),
	}
}

// retry is nil when no flag is about it.
func (f *functionFlags) retry() *client.RetryOpts {
	r := &f.spec.Retry
	opts := client.RetryOpts{
		MaxAttempts: given(f.flags, "max-attempts", &r.MaxAttempts), MinDelayS: given(f.flags, "min-delay", &r.MinDelayS),
		MaxDelayS: given(f.flags, "max-delay", &r.MaxDelayS), MaxAgeS: given(f.flags, "max-age", &r.MaxAgeS),
	}
	if opts == (client.RetryOpts{}) {
		return nil
	}
	return &opts
}
