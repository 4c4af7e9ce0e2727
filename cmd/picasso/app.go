package main

import (
	"cmp"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/client"
)

func (c *cli) apps() *cobra.Command {
	r := resource[picasso.App, client.AppOpts]{
		cli: c, noun: "app", fields: appFields, create: (*client.Client).CreateApp, get: (*client.Client).App,
		update: (*client.Client).UpdateApp, remove: (*client.Client).DeleteApp,
	}
	return group("app", "Groups of functions",
		r.creation("Create an app", newAppFlags(c)), c.appList(), r.view("Show an app"), r.change(newAppFlags(c)),
		r.unset(unsettableOfApp(), (*client.Client).ResetApp), r.deletion())
}

func appFields(_ *client.Client, a *picasso.App) []field {
	return []field{
		{"id", a.ID}, {"name", a.Name}, {"description", a.Description}, {"config", mapOf(a.Config)}, {"enabled", a.Enabled},
		{"project_id", a.ProjectID}, {"created_at", timeOf(a.CreatedAt)}, {"updated_at", timeOf(a.UpdatedAt)},
	}
}

// appFlags are what can be set of an app.
type appFlags struct {
	flags       *pflag.FlagSet
	description string
	config      configFlag
	enabled     choice
}

func newAppFlags(c *cli) *appFlags { return &appFlags{config: configFlag{cli: c}} }

func (f *appFlags) add(flags *pflag.FlagSet) {
	f.flags = flags
	flags.StringVar(&f.description, "description", "", "what it is for")
	f.config.add(flags)
	f.enabled.add(flags, [2]string{"enable", "its functions run"},
		[2]string{"disable", "its functions are paused: asynchronous executions wait, other calls are refused"})
}

func (f *appFlags) check(bool) error { return cmp.Or(f.enabled.check(), f.config.check()) }

func (f *appFlags) opts(name *string) client.AppOpts {
	return client.AppOpts{
		Name: name, Description: given(f.flags, "description", &f.description),
		Config: f.config.config(), Enabled: f.enabled.value(),
	}
}

func (c *cli) appList() *cobra.Command {
	return lister(c, "List apps", listing[picasso.App]{
		brief: 3, names: []string{"ID", "Name", "Description", "Enabled", "Project ID", "Config", "Created At", "Updated At"},
		row: func(a *picasso.App) []any {
			return []any{a.ID, a.Name, a.Description, a.Enabled, a.ProjectID, mapOf(a.Config), timeOf(a.CreatedAt), timeOf(a.UpdatedAt)}
		},
		filters: func(f *listFlags, flags *pflag.FlagSet) { f.by(flags, "name", "name", "only the one of that name") },
		fetch:   (*client.Client).Apps,
	})
}
