package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/client"
)

func (c *cli) triggers() *cobra.Command {
	r := resource[picasso.Trigger, client.TriggerOpts]{
		cli: c, noun: "trigger", fields: triggerFields, create: (*client.Client).CreateTrigger, get: (*client.Client).Trigger,
		update: (*client.Client).UpdateTrigger, remove: (*client.Client).DeleteTrigger,
	}
	create := r.creation("Create a trigger, which invokes a function when something happens", newTriggerFlags(c, true))
	create.Example = "  picasso trigger create nightly --type schedule --function report --cron '0 3 * * *' --timezone Europe/Berlin\n" +
		"  picasso trigger create poll --type schedule --function check --every 5m --overlap skip\n" +
		"  picasso trigger create once --type schedule --function remind --at 10m --input 'Tea is ready'"
	return group("trigger", "What invokes functions when something happens", create, c.triggerList(),
		r.view("Show a trigger"), r.change(newTriggerFlags(c, false)), r.deletion(),
		c.each("enable", "trigger", enabling(true)), c.each("disable", "trigger", enabling(false)))
}

func enabling(on bool) func(*client.Client, context.Context, string) error {
	return func(api *client.Client, ctx context.Context, ref string) error {
		_, err := api.UpdateTrigger(ctx, ref, client.TriggerOpts{Enabled: &on})
		return err
	}
}

func triggerFields(_ *client.Client, t *picasso.Trigger) []field {
	fields := []field{
		{"id", t.ID}, {"name", t.Name}, {"type", string(t.Type)}, {"function", t.Function}, {"function_id", t.FunctionID},
		{"enabled", t.Enabled}, {"project_id", t.ProjectID}, {"input_template", t.InputTemplate},
	}
	if s := t.Schedule; s != nil {
		fields = append(fields,
			field{"cron", unlessZero(s.Cron)}, field{"every_s", unlessZero(s.EveryS)}, field{"at", timeOf(s.At)},
			field{"timezone", s.Timezone}, field{"start_at", timeOf(s.StartAt)}, field{"end_at", timeOf(s.EndAt)},
			field{"max_runs", s.MaxRuns}, field{"overlap", string(s.Overlap)}, field{"catch_up", string(s.CatchUp)})
	}
	if k := t.Clock; k != nil {
		fields = append(fields,
			field{"next_run_at", timeOf(k.NextAt)}, field{"last_run_at", timeOf(k.LastAt)}, field{"runs", k.Runs})
	}
	return append(fields, field{"created_at", timeOf(t.CreatedAt)}, field{"updated_at", timeOf(t.UpdatedAt)})
}

// when says in a few words when a trigger fires.
func when(t *picasso.Trigger) any {
	switch s := t.Schedule; {
	case s == nil:
		return nil
	case s.Cron != "":
		return s.Cron + " " + s.Timezone
	case s.EveryS != 0:
		return fmt.Sprintf("every %d s", s.EveryS)
	default:
		return timeOf(s.At)
	}
}

func (c *cli) triggerList() *cobra.Command {
	return lister(c, "List triggers", listing[picasso.Trigger]{
		brief: 7,
		names: []string{
			"ID", "Name", "Type", "Function", "Enabled", "When", "Next Run At",
			"Last Run At", "Runs", "Function ID", "Project ID", "Created At", "Updated At",
		},
		row: func(t *picasso.Trigger) []any {
			var clock picasso.Clock
			if t.Clock != nil {
				clock = *t.Clock
			}
			return []any{
				t.ID, t.Name, string(t.Type), t.Function, t.Enabled, when(t), timeOf(clock.NextAt),
				timeOf(clock.LastAt), clock.Runs, t.FunctionID, t.ProjectID, timeOf(t.CreatedAt), timeOf(t.UpdatedAt),
			}
		},
		filters: func(f *listFlags, flags *pflag.FlagSet) {
			f.by(flags, "function", "function", "only those of the function")
			f.by(flags, "name", "name", "only the one of that name")
			f.by(flags, "type", "type", "only those of the type: schedule")
		},
		fetch: (*client.Client).Triggers,
	})
}
