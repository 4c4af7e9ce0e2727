package main

import (
	"context"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/client"
)

func (c *cli) functions() *cobra.Command {
	r := resource[picasso.Function, client.FunctionOpts]{
		cli: c, noun: "function", fields: functionFields, create: (*client.Client).CreateFunction, get: (*client.Client).Function,
		update: (*client.Client).UpdateFunction, remove: (*client.Client).DeleteFunction,
	}
	create := r.creation("Create a function from an image", newFunctionFlags(c))
	showDefaults(create.Flags())
	create.Example = "  picasso function create hello --image picasso/hello\n" +
		"  picasso function create count --image debian --contract stdio --command wc --command -l"
	remove := r.deletion()
	remove.Short = "Delete functions with their triggers; what is queued for them is cancelled"
	return group("function", "Functions", create, c.functionList(),
		r.view("Show a function: its id, app:name, or the name of one in app default"),
		r.change(newFunctionFlags(c)), r.unset(unsettableOfFunction(), (*client.Client).ResetFunction),
		remove, c.functionInvoke(), c.functionURL())
}

// functionURL is for scripts, which hand the URL to any HTTP client.
func (c *cli) functionURL() *cobra.Command {
	return group("url", "Where functions take HTTP", c.shower("show <function>", "Show the URL of a function, for any HTTP client", exactly(1),
		func(ctx context.Context, api *client.Client, args []string) ([]field, error) {
			fn, err := api.Function(ctx, args[0])
			if err != nil {
				return nil, err
			}
			return []field{{"public", fn.Public}, {"url", api.FunctionURL(fn.ID)}}, nil
		}))
}

func functionFields(api *client.Client, fn *picasso.Function) []field {
	return []field{
		{"id", fn.ID}, {"name", fn.Name}, {"app", fn.App}, {"app_id", fn.AppID}, {"project_id", fn.ProjectID},
		{"description", fn.Description}, {"image", fn.Image}, {"image_digest", fn.ImageDigest},
		{"contract", string(fn.Contract)}, {"entrypoint", listOf(fn.Entrypoint)}, {"command", listOf(fn.Command)},
		{"config", mapOf(fn.Config)}, {"public", fn.Public}, {"url", api.FunctionURL(fn.ID)},
		{"memory_mb", fn.MemoryMB}, {"cpus", fn.CPUs}, {"tmp_mb", fn.TmpMB},
		{"timeout_s", fn.TimeoutS}, {"queue_timeout_s", fn.QueueTimeoutS}, {"idle_timeout_s", fn.IdleTimeoutS},
		{"concurrency", fn.Concurrency}, {"min_sandboxes", fn.MinSandboxes}, {"max_sandboxes", fn.MaxSandboxes},
		{"network", string(fn.Network)}, {"health_path", fn.HealthPath},
		{"delegate_roles", listOf(fn.DelegateRoles)}, {"host_tags", listOf(fn.HostTags)},
		{"enabled", fn.Enabled}, {"priority", fn.Priority}, {"max_attempts", fn.Retry.MaxAttempts},
		{"min_delay_s", fn.Retry.MinDelayS}, {"max_delay_s", fn.Retry.MaxDelayS}, {"max_age_s", fn.Retry.MaxAgeS},
		{"on_success", fn.OnSuccess}, {"on_failure", fn.OnFailure},
		{"revision", fn.Revision}, {"created_at", timeOf(fn.CreatedAt)}, {"updated_at", timeOf(fn.UpdatedAt)},
	}
}

func (c *cli) functionList() *cobra.Command {
	return lister(c, "List functions", listing[picasso.Function]{
		brief: 7,
		names: []string{
			"ID", "Name", "App", "Image", "Contract", "Public",
			"Enabled", "Description", "Project ID", "Memory MB", "Timeout", "Revision", "Created At", "Updated At",
		},
		row: func(fn *picasso.Function) []any {
			return []any{
				fn.ID, fn.Name, fn.App, fn.Image, string(fn.Contract), fn.Public,
				fn.Enabled, fn.Description, fn.ProjectID, fn.MemoryMB, fn.TimeoutS, fn.Revision, timeOf(fn.CreatedAt), timeOf(fn.UpdatedAt),
			}
		},
		filters: func(f *listFlags, flags *pflag.FlagSet) {
			f.by(flags, "app", "app", "only those of the app (name or id)")
			f.by(flags, "name", "name", "only those of that name")
		},
		fetch: (*client.Client).Functions,
	})
}
