package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/picasso-faas/picasso/api/client"
)

// unsettable is a field that goes back to its default: its flag, and its name in the API.
type unsettable struct{ flag, field string }

func unsettableOfApp() []unsettable { return []unsettable{{"description", "description"}} }

func unsettableOfFunction() []unsettable {
	return []unsettable{
		{"description", "description"}, {"contract", "contract"}, {"entrypoint", "entrypoint"}, {"command", "command"},
		{"memory", "memory_mb"}, {"cpus", "cpus"}, {"tmp", "tmp_mb"}, {"timeout", "timeout_s"}, {"queue-timeout", "queue_timeout_s"},
		{"idle-timeout", "idle_timeout_s"}, {"concurrency", "concurrency"}, {"min-sandboxes", "min_sandboxes"},
		{"max-sandboxes", "max_sandboxes"}, {"network", "network"}, {"health-path", "health_path"}, {"delegate-role", "delegate_roles"}, {"host-tag", "host_tags"},
		{"priority", "priority"}, {"max-attempts", "retry.max_attempts"}, {"min-delay", "retry.min_delay_s"},
		{"max-delay", "retry.max_delay_s"}, {"max-age", "retry.max_age_s"}, {"on-success", "on_success"}, {"on-failure", "on_failure"},
	}
}

// unset is the command that gives fields their defaults back, and takes names out of the configuration.
func (r *resource[T, O]) unset(list []unsettable, reset func(*client.Client, context.Context, string, ...string) (*T, error)) *cobra.Command {
	var names []string
	given := make([]bool, len(list))
	fields := func() (fields []string) {
		for i, each := range list {
			if given[i] {
				fields = append(fields, each.field)
			}
		}
		for _, name := range names {
			fields = append(fields, "config."+name)
		}
		return fields
	}
	cmd := r.command(fmt.Sprintf("unset <%s>", r.noun), "Give settings of "+article(r.noun)+" their defaults back", exactly(1),
		func(ctx context.Context, api *client.Client, args []string) error {
			_, err := reset(api, ctx, args[0], fields()...)
			return err
		})
	for i, each := range list {
		cmd.Flags().BoolVar(&given[i], each.flag, false, "give "+each.field+" its default back")
	}
	cmd.Flags().StringArrayVar(&names, "config", nil, "name of an environment variable to remove; may be repeated")
	cmd.Example = fmt.Sprintf("  picasso %s unset hello --config GREETING --description", r.noun)
	return checked(cmd, func() error {
		if len(fields()) == 0 {
			return errors.New("nothing to change: give at least one option")
		}
		return nil
	})
}
