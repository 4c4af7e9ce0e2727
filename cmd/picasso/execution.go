package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/client"
)

func (c *cli) executions() *cobra.Command {
	return group("execution", "What became of calls", c.executionList(), c.executionShow(),
		c.each("cancel", "execution", (*client.Client).CancelExecution), c.executionRedrive(),
		group("log", "What functions wrote", c.executionLogShow()),
		group("result", "What functions answered", c.executionResultShow()))
}

func executionFields(e *picasso.Execution) []field {
	return []field{
		{"id", e.ID}, {"function", e.Function}, {"function_id", e.FunctionID}, {"app", e.App}, {"revision", e.Revision},
		{"project_id", e.ProjectID}, {"status", string(e.Status)}, {"reason", e.Reason}, {"async", e.Async},
		{"attempt", e.Attempt}, {"max_attempts", e.MaxAttempts}, {"run_at", timeOf(e.RunAt)},
		{"created_at", timeOf(e.CreatedAt)}, {"started_at", timeOf(e.StartedAt)}, {"finished_at", timeOf(e.FinishedAt)},
		{"wait_ms", e.WaitMS}, {"cold_start_ms", e.ColdStartMS}, {"run_ms", e.RunMS},
		{"exit_code", orNone(e.ExitCode)}, {"http_status", unlessZero(e.HTTPStatus)}, {"host", e.Host},
		{"request_id", e.RequestID}, {"input_bytes", e.InputBytes}, {"output_bytes", e.OutputBytes},
		{"trigger_id", unlessZero(e.TriggerID)}, {"event_id", unlessZero(e.EventID)},
		{"subject", unlessZero(e.Subject)},
		{"caused_by", unlessZero(e.CausedBy)}, {"depth", e.Depth}, {"destination", unlessZero(e.Destination)},
		{"redrive_of", unlessZero(e.RedriveOf)}, {"redriven_as", unlessZero(e.RedrivenAs)},
	}
}

func (c *cli) executionList() *cobra.Command {
	return lister(c, "List executions, newest first", listing[picasso.Execution]{
		brief: 7,
		names: []string{
			"ID", "Function", "App", "Status", "Created At", "Run ms", "Subject",
			"Reason", "Attempt", "Run At", "Function ID", "Trigger ID", "Project ID", "Revision", "Wait ms", "Cold Start ms", "Host",
		},
		row: func(e *picasso.Execution) []any {
			return []any{
				e.ID, e.Function, e.App, string(e.Status), timeOf(e.CreatedAt), e.RunMS, e.Subject,
				e.Reason, e.Attempt, timeOf(e.RunAt), e.FunctionID, unlessZero(e.TriggerID), e.ProjectID, e.Revision,
				e.WaitMS, e.ColdStartMS, e.Host,
			}
		},
		filters: func(f *listFlags, flags *pflag.FlagSet) {
			f.by(flags, "function", "function", "only those of the function")
			f.by(flags, "app", "app", "only those of the app (name or id)")
			f.by(flags, "trigger", "trigger", "only those of the trigger")
			f.by(flags, "status", "status", "only queued, running, succeeded, failed, timed_out, cancelled or lost ones")
			f.byTime(flags, "since", c.now, "only those created at or after the time (RFC 3339, or how long ago, as 1h)")
			f.byTime(flags, "until", c.now, "only those created before the time (RFC 3339, or how long ago, as 1h)")
		},
		fetch: (*client.Client).Executions,
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
	var follow bool
	cmd := c.command("show <execution>", "Show what the function wrote during an execution", exactly(1),
		func(ctx context.Context, api *client.Client, args []string) error {
			if follow {
				return c.follow(ctx, api, args[0])
			}
			log, err := api.ExecutionLog(ctx, args[0])
			if err != nil {
				return err
			}
			return c.copy(log)
		})
	cmd.Flags().BoolVar(&follow, "follow", false, "go on until the execution has ended")
	return cmd
}

// follow tells when the log ended before the execution: a server that stops
// ends it, too.
func (c *cli) follow(ctx context.Context, api *client.Client, id string) error {
	log, err := api.FollowExecutionLog(ctx, id)
	if err != nil {
		return err
	}
	if err := c.copy(log); err != nil {
		return err
	}
	e, err := api.Execution(ctx, id)
	if err == nil && !e.Status.Ended() {
		err = fmt.Errorf("the server stopped sending the log, but the execution is still %s: ask again", e.Status)
	}
	return err
}

func (c *cli) copy(from io.ReadCloser) error {
	defer from.Close()
	_, err := io.Copy(c.out, from)
	return err
}

func (c *cli) executionResultShow() *cobra.Command {
	return c.command("show <execution>", "Write what the function answered in an asynchronous execution", exactly(1),
		func(ctx context.Context, api *client.Client, args []string) error {
			result, err := api.ExecutionResult(ctx, args[0])
			if err != nil {
				return err
			}
			return c.copy(result.Body)
		})
}
