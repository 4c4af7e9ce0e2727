package main

import (
	"context"
	"io"
	"iter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/client"
)

func executionFields(e *picasso.Execution) []field {
	return []field{
		{"id", e.ID}, {"function", e.Function}, {"function_id", e.FunctionID}, {"app", e.App}, {"revision", e.Revision},
		{"project_id", e.ProjectID}, {"status", string(e.Status)}, {"reason", e.Reason},
		{"created_at", timeOf(e.CreatedAt)}, {"started_at", timeOf(e.StartedAt)}, {"finished_at", timeOf(e.FinishedAt)},
		{"wait_ms", e.WaitMS}, {"cold_start_ms", e.ColdStartMS}, {"run_ms", e.RunMS},
		{"exit_code", orNone(e.ExitCode)}, {"http_status", httpStatus(e)}, {"host", e.Host}, {"request_id", e.RequestID},
		{"input_bytes", e.InputBytes}, {"output_bytes", e.OutputBytes},
	}
}

func httpStatus(e *picasso.Execution) any {
	if e.HTTPStatus == 0 {
		return nil
	}
	return e.HTTPStatus
}

func (c *cli) executionList() *cobra.Command {
	return lister(c, "List executions, newest first", listing[picasso.Execution]{
		brief: 6,
		names: []string{
			"ID", "Function", "App", "Status", "Created At", "Run ms",
			"Reason", "Function ID", "Project ID", "Revision", "Wait ms", "Cold Start ms", "Host",
		},
		row: func(e *picasso.Execution) []any {
			return []any{
				e.ID, e.Function, e.App, string(e.Status), timeOf(e.CreatedAt), e.RunMS,
				e.Reason, e.FunctionID, e.ProjectID, e.Revision, e.WaitMS, e.ColdStartMS, e.Host,
			}
		},
		filters: func(f *listFlags, flags *pflag.FlagSet) {
			f.by(flags, "function", "function", "only those of the function")
			f.by(flags, "app", "app", "only those of the app (name)")
			f.by(flags, "status", "status", "only succeeded, failed or timed_out ones")
			f.by(flags, "since", "since", "only those created at or after the time (RFC 3339)")
			f.by(flags, "until", "until", "only those created before the time (RFC 3339)")
		},
		fetch: func(ctx context.Context, api *client.Client, opts client.ListOpts) iter.Seq2[picasso.Execution, error] {
			return api.Executions(ctx, opts)
		},
	})
}

func (c *cli) executionShow() *cobra.Command {
	return c.shower("show <execution>", "Show an execution", exactly(1),
		func(ctx context.Context, api *client.Client, args []string) ([]field, error) {
			e, err := api.Execution(ctx, args[0])
			if err != nil {
				return nil, err
			}
			return executionFields(e), nil
		})
}

func (c *cli) executionLogShow() *cobra.Command {
	return c.command("show <execution>", "Show what the function wrote during an execution", exactly(1),
		func(ctx context.Context, api *client.Client, args []string) error {
			log, err := api.ExecutionLog(ctx, args[0])
			if err != nil {
				return err
			}
			defer log.Close()
			_, err = io.Copy(c.out, log)
			return err
		})
}
