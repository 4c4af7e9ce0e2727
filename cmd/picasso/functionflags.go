package main

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/spf13/pflag"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/client"
)

// functionFlags are what can be set of a function. The server knows ranges and
// defaults: only what the command line has is sent.
type functionFlags struct {
	flags             *pflag.FlagSet
	name              string
	spec              picasso.FunctionSpec
	contract, network string
	public, notPublic bool
	entrypoint, words []string
	config            configFlag
}

func (f *functionFlags) add(flags *pflag.FlagSet) {
	f.flags = flags
	s := &f.spec
	flags.StringVar(&s.Image, "image", "", "image it runs, as in 'docker run'")
	flags.StringVar(&s.App, "app", "", "app it belongs to")
	flags.StringVar(&s.Description, "description", "", "what it is for")
	flags.StringVar(&f.contract, "contract", "", "how it takes calls: fn, web or stdio")
	flags.StringArrayVar(&f.entrypoint, "entrypoint", nil, "word of the entrypoint in place of the image's; may be repeated")
	flags.StringArrayVar(&f.words, "command", nil, "word of the command in place of the image's; may be repeated")
	f.config.add(flags)
	flags.BoolVar(&f.public, "public", false, "everybody may call its URL, without a token")
	flags.BoolVar(&f.notPublic, "private", false, "its URL needs a token")
	flags.IntVar(&s.MemoryMB, "memory", 0, "memory in MiB")
	flags.Float64Var(&s.CPUs, "cpus", 0, "processors, such as 0.5; 0: a share by memory")
	flags.IntVar(&s.TmpMB, "tmp", 0, "size of /tmp in MiB, part of the memory")
	flags.IntVar(&s.TimeoutS, "timeout", 0, "seconds a call may run")
	flags.IntVar(&s.QueueTimeoutS, "queue-timeout", 0, "seconds a call may wait for a sandbox")
	flags.IntVar(&s.IdleTimeoutS, "idle-timeout", 0, "seconds an idle sandbox is kept")
	flags.IntVar(&s.Concurrency, "concurrency", 0, "calls at once in one sandbox (contract web)")
	flags.IntVar(&s.MinSandboxes, "min-sandboxes", 0, "sandboxes kept warm")
	flags.IntVar(&s.MaxSandboxes, "max-sandboxes", 0, "most sandboxes on a host; 0: as many as fit")
	flags.StringVar(&f.network, "network", "", "what it may reach: egress or none")
	flags.StringVar(&s.HealthPath, "health-path", "", "path that answers 2xx when it is ready (contract web)")
}

func (f *functionFlags) check() error {
	if f.public && f.notPublic {
		return errors.New("argument --private: not allowed with argument --public")
	}
	return f.config.check()
}

// checkCreate also wants what create cannot do without.
func (f *functionFlags) checkCreate() error {
	if f.spec.Image == "" {
		return errors.New("the following arguments are required: --image")
	}
	return f.check()
}

// checkSet also wants something to do.
func (f *functionFlags) checkSet() error {
	if reflect.ValueOf(f.opts()).IsZero() {
		return errors.New("nothing to change: give at least one option")
	}
	return f.check()
}

// showDefaults says in the help of create what the server takes for what is not given.
func showDefaults(flags *pflag.FlagSet) {
	d := picasso.DefaultFunctionSpec()
	for name, value := range map[string]any{
		"app": d.App, "contract": d.Contract, "network": d.Network, "memory": d.MemoryMB, "tmp": d.TmpMB,
		"timeout": d.TimeoutS, "queue-timeout": d.QueueTimeoutS, "idle-timeout": d.IdleTimeoutS, "concurrency": d.Concurrency,
	} {
		flags.Lookup(name).Usage += fmt.Sprintf(" (default %v)", value)
	}
}

func (f *functionFlags) opts() client.FunctionOpts {
	s := &f.spec
	s.Contract, s.Network = picasso.Contract(f.contract), picasso.Network(f.network)
	return client.FunctionOpts{
		Name: given(f.flags, "name", &f.name), App: given(f.flags, "app", &s.App),
		Description: given(f.flags, "description", &s.Description), Image: given(f.flags, "image", &s.Image),
		Contract: given(f.flags, "contract", &s.Contract), Network: given(f.flags, "network", &s.Network),
		Entrypoint: f.wordsOf("entrypoint", f.entrypoint), Command: f.wordsOf("command", f.words),
		Config: f.config.config(), Public: f.publicity(),
		MemoryMB: given(f.flags, "memory", &s.MemoryMB), CPUs: given(f.flags, "cpus", &s.CPUs),
		TmpMB: given(f.flags, "tmp", &s.TmpMB), TimeoutS: given(f.flags, "timeout", &s.TimeoutS),
		QueueTimeoutS: given(f.flags, "queue-timeout", &s.QueueTimeoutS),
		IdleTimeoutS:  given(f.flags, "idle-timeout", &s.IdleTimeoutS),
		Concurrency:   given(f.flags, "concurrency", &s.Concurrency),
		MinSandboxes:  given(f.flags, "min-sandboxes", &s.MinSandboxes),
		MaxSandboxes:  given(f.flags, "max-sandboxes", &s.MaxSandboxes),
		HealthPath:    given(f.flags, "health-path", &s.HealthPath),
	}
}

// wordsOf takes a single empty word as none, which goes back to the image's.
func (f *functionFlags) wordsOf(flag string, words []string) *[]string {
	if len(words) == 1 && words[0] == "" {
		words = []string{}
	}
	return given(f.flags, flag, &words)
}

func (f *functionFlags) publicity() *bool {
	if !f.public && !f.notPublic {
		return nil
	}
	return &f.public
}
