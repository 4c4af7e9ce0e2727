package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/picasso-faas/picasso/api/client"
)

func (c *cli) triggers() *cobra.Command {
	r := resource[client.Trigger, client.TriggerOpts]{
		cli: c, noun: "trigger", fields: triggerFields, create: (*client.Client).CreateTrigger, get: (*client.Client).Trigger,
		update: (*client.Client).UpdateTrigger, remove: (*client.Client).DeleteTrigger, stored: c.tell,
	}
	create := r.creation("Create a trigger, which invokes a function when something happens", newTriggerFlags(c, true))
	create.Example = "  picasso trigger create thumb --type swift --container photos --event created --suffix .jpg --function thumbnail\n" +
		"  picasso trigger create nightly --type schedule --function report --cron '0 3 * * *' --timezone Europe/Berlin\n" +
		"  picasso trigger create once --function remind --at 10m --input 'Tea is ready'\n" +
		"  picasso trigger create servers --function audit --event-type 'compute.instance.*' --filter payload.state=active\n" +
		"  picasso trigger create busy --type alarm --function grow --alarm-name cpu-high\n" +
		"  picasso trigger create deploy --type webhook --function deploy --auth hmac --secret @secret.txt"
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

// tell warns of a trigger that will not fire, and gives a secret that was made just now: nobody
// can ask for it again.
func (c *cli) tell(t *client.Trigger, shown bool) {
	if t.State == "error" && t.Enabled {
		fmt.Fprintf(c.err, "Warning: trigger %s: %s\n", t.Name, t.Error)
	}
	if t.Webhook == nil || t.Webhook.Secret == "" {
		return
	}
	if !shown {
		fmt.Fprintln(c.out, t.Webhook.Secret)
	}
	fmt.Fprintln(c.err, "The secret was made for you. This is the only time it is shown.")
}

func (c *cli) triggerList() *cobra.Command {
	return lister(c, "List triggers", listing[client.Trigger]{
		brief: 8,
		names: []string{
			"ID", "Name", "Type", "Function", "Enabled", "State", "When", "Next Run At",
			"Last Run At", "Runs", "Error", "Function ID", "Project ID", "Created At", "Updated At",
		},
		row: triggerRow,
		filters: func(f *listFlags, flags *pflag.FlagSet) {
			f.by(flags, "function", "function", "only those of the function")
			f.by(flags, "name", "name", "only the one of that name")
			f.by(flags, "type", "type", "only those of the type: "+typeNames())
		},
		fetch: (*client.Client).Triggers,
	})
}
