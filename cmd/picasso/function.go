package main

import (
	"context"
	"iter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/client"
)

func functionFields(fn *picasso.Function, url string) []field {
	return []field{
		{"id", fn.ID}, {"name", fn.Name}, {"app", fn.App}, {"app_id", fn.AppID}, {"project_id", fn.ProjectID},
		{"description", fn.Description}, {"image", fn.Image}, {"image_digest", fn.ImageDigest},
		{"contract", string(fn.Contract)}, {"entrypoint", listOf(fn.Entrypoint)}, {"command", listOf(fn.Command)},
		{"config", mapOf(fn.Config)}, {"public", fn.Public}, {"url", url},
		{"memory_mb", fn.MemoryMB}, {"cpus", fn.CPUs}, {"tmp_mb", fn.TmpMB},
		{"timeout_s", fn.TimeoutS}, {"queue_timeout_s", fn.QueueTimeoutS}, {"idle_timeout_s", fn.IdleTimeoutS},
		{"concurrency", fn.Concurrency}, {"min_sandboxes", fn.MinSandboxes}, {"max_sandboxes", fn.MaxSandboxes},
		{"network", string(fn.Network)}, {"health_path", fn.HealthPath},
		{"revision", fn.Revision}, {"created_at", timeOf(fn.CreatedAt)}, {"updated_at", timeOf(fn.UpdatedAt)},
	}
}

func (c *cli) functionCreate() *cobra.Command {
	f := new(functionFlags)
	cmd := c.shower("create <name>", "Create a function from an image", exactly(1),
		func(ctx context.Context, api *client.Client, args []string) ([]field, error) {
			opts := f.opts()
			opts.Name = &args[0]
			fn, err := api.CreateFunction(ctx, opts)
			if err != nil {
				return nil, err
			}
			return functionFields(fn, api.FunctionURL(fn.ID)), nil
		})
	f.add(cmd.Flags())
	showDefaults(cmd.Flags())
	cmd.Example = "  picasso function create hello --image picasso/hello\n" +
		"  picasso function create count --image debian --contract stdio --command wc --command -l"
	return checked(cmd, f.checkCreate)
}

func (c *cli) functionSet() *cobra.Command {
	f := new(functionFlags)
	cmd := c.command("set <function>", "Change a function", exactly(1),
		func(ctx context.Context, api *client.Client, args []string) error {
			_, err := api.UpdateFunction(ctx, args[0], f.opts())
			return err
		})
	f.add(cmd.Flags())
	cmd.Flags().StringVar(&f.name, "name", "", "new name")
	return checked(cmd, f.checkSet)
}

func (c *cli) functionShow() *cobra.Command {
	return c.shower("show <function>", "Show a function: its id, app:name, or the name of one in app default", exactly(1),
		func(ctx context.Context, api *client.Client, args []string) ([]field, error) {
			fn, err := api.Function(ctx, args[0])
			if err != nil {
				return nil, err
			}
			return functionFields(fn, api.FunctionURL(fn.ID)), nil
		})
}

func (c *cli) functionList() *cobra.Command {
	return lister(c, "List functions", listing[picasso.Function]{
		brief: 6,
		names: []string{
			"ID", "Name", "App", "Image", "Contract", "Public",
			"Description", "Project ID", "Memory MB", "Timeout", "Revision", "Created At", "Updated At",
		},
		row: func(fn *picasso.Function) []any {
			return []any{
				fn.ID, fn.Name, fn.App, fn.Image, string(fn.Contract), fn.Public,
				fn.Description, fn.ProjectID, fn.MemoryMB, fn.TimeoutS, fn.Revision, timeOf(fn.CreatedAt), timeOf(fn.UpdatedAt),
			}
		},
		filters: func(f *listFlags, flags *pflag.FlagSet) {
			f.by(flags, "app", "app", "only those of the app (name or id)")
			f.by(flags, "name", "name", "only those of that name")
		},
		fetch: func(ctx context.Context, api *client.Client, opts client.ListOpts) iter.Seq2[picasso.Function, error] {
			return api.Functions(ctx, opts)
		},
	})
}

func (c *cli) functionDelete() *cobra.Command {
	return c.deletion("function", func(ctx context.Context, api *client.Client, ref string) error {
		return api.DeleteFunction(ctx, ref)
	})
}
