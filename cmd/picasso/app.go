package main

import (
	"context"
	"iter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/client"
)

func appFields(a *picasso.App) []field {
	return []field{
		{"id", a.ID}, {"name", a.Name}, {"description", a.Description}, {"config", mapOf(a.Config)},
		{"project_id", a.ProjectID}, {"created_at", timeOf(a.CreatedAt)}, {"updated_at", timeOf(a.UpdatedAt)},
	}
}

// appFlags are what can be set of an app.
type appFlags struct {
	flags             *pflag.FlagSet
	name, description string
	config            configFlag
}

func (f *appFlags) add(flags *pflag.FlagSet) {
	f.flags = flags
	flags.StringVar(&f.description, "description", "", "what it is for")
	f.config.add(flags)
}

func (f *appFlags) opts() client.AppOpts {
	return client.AppOpts{
		Name: given(f.flags, "name", &f.name), Description: given(f.flags, "description", &f.description),
		Config: f.config.config(),
	}
}

// given is the value of a flag, nil when the command line does not have it.
func given[T any](flags *pflag.FlagSet, name string, value *T) *T {
	if !flags.Changed(name) {
		return nil
	}
	return value
}

func (c *cli) appCreate() *cobra.Command {
	f := new(appFlags)
	cmd := c.shower("create <name>", "Create an app", exactly(1), func(ctx context.Context, api *client.Client, args []string) ([]field, error) {
		opts := f.opts()
		opts.Name = &args[0]
		app, err := api.CreateApp(ctx, opts)
		if err != nil {
			return nil, err
		}
		return appFields(app), nil
	})
	f.add(cmd.Flags())
	return checked(cmd, f.config.check)
}

func (c *cli) appSet() *cobra.Command {
	f := new(appFlags)
	cmd := c.command("set <app>", "Change an app", exactly(1), func(ctx context.Context, api *client.Client, args []string) error {
		_, err := api.UpdateApp(ctx, args[0], f.opts())
		return err
	})
	f.add(cmd.Flags())
	cmd.Flags().StringVar(&f.name, "name", "", "new name")
	return checked(cmd, f.config.check)
}

func (c *cli) appShow() *cobra.Command {
	return c.shower("show <app>", "Show an app", exactly(1), func(ctx context.Context, api *client.Client, args []string) ([]field, error) {
		app, err := api.App(ctx, args[0])
		if err != nil {
			return nil, err
		}
		return appFields(app), nil
	})
}

func (c *cli) appList() *cobra.Command {
	return lister(c, "List apps", listing[picasso.App]{
		brief: 3, names: []string{"ID", "Name", "Description", "Project ID", "Config", "Created At", "Updated At"},
		row: func(a *picasso.App) []any {
			return []any{a.ID, a.Name, a.Description, a.ProjectID, mapOf(a.Config), timeOf(a.CreatedAt), timeOf(a.UpdatedAt)}
		},
		filters: func(f *listFlags, flags *pflag.FlagSet) { f.by(flags, "name", "name", "only the one of that name") },
		fetch: func(ctx context.Context, api *client.Client, opts client.ListOpts) iter.Seq2[picasso.App, error] {
			return api.Apps(ctx, opts)
		},
	})
}

func (c *cli) appDelete() *cobra.Command {
	return c.deletion("app", func(ctx context.Context, api *client.Client, ref string) error { return api.DeleteApp(ctx, ref) })
}
