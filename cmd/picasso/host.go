package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/picasso-faas/picasso/api/client"
)

func (c *cli) hosts() *cobra.Command {
	r := resource[client.Host, client.HostOpts]{
		cli: c, noun: "host", fields: hostFields, get: (*client.Client).Host, remove: (*client.Client).DeleteHost,
	}
	remove := r.deletion()
	remove.Short = "Forget hosts that are down"
	return group("host", "Compute hosts, for operators", c.hostList(),
		r.view("Show a compute host, and the functions that are warm there"), c.hostSet(), remove)
}

func hostFields(_ *client.Client, h *client.Host) []field {
	return []field{
		{"id", h.ID}, {"name", h.Name}, {"state", string(h.State)}, {"disabled", h.Disabled}, {"disabled_reason", h.DisabledReason},
		{"draining", h.Draining}, {"fault", h.Fault}, {"version", h.Version}, {"cores", h.Cores},
		{"memory_mb", h.MemoryMB}, {"memory_used_mb", h.MemoryUsedMB}, {"sandboxes", h.Sandboxes}, {"sandboxes_idle", h.SandboxesIdle},
		{"calls_running", h.CallsRunning}, {"calls_waiting", h.CallsWaiting}, {"cold_starts", h.ColdStarts},
		{"tags", listOf(h.Tags)}, {"projects", listOf(h.Projects)}, {"sandbox_runtime", h.Runtime},
		{"url", h.URL}, {"min_protocol", h.MinProtocol}, {"max_protocol", h.MaxProtocol}, {"functions", listOf(h.Functions)},
		{"heartbeat_at", timeOf(h.HeartbeatAt)}, {"created_at", timeOf(h.CreatedAt)}, {"updated_at", timeOf(h.UpdatedAt)},
	}
}

func (c *cli) hostList() *cobra.Command {
	return lister(c, "List compute hosts", listing[client.Host]{
		brief: 9, global: true,
		names: []string{
			"Name", "State", "Version", "Memory MB", "Used MB", "Sandboxes", "Running", "Last Heartbeat", "Tags",
			"ID", "Cores", "Idle", "Waiting", "Cold Starts", "Projects", "Runtime", "Fault", "Disabled Reason", "URL",
		},
		row: func(h *client.Host) []any {
			return []any{
				h.Name, string(h.State), h.Version, h.MemoryMB, h.MemoryUsedMB, h.Sandboxes, h.CallsRunning, timeOf(h.HeartbeatAt), listOf(h.Tags),
				h.ID, h.Cores, h.SandboxesIdle, h.CallsWaiting, h.ColdStarts, listOf(h.Projects), h.Runtime, h.Fault, h.DisabledReason, h.URL,
			}
		},
		filters: func(f *listFlags, flags *pflag.FlagSet) {
			f.by(flags, "state", "state", "only those that are up, draining or down")
		},
		fetch: (*client.Client).Hosts,
	})
}

// hostSet is what an operator does before he works on a host, and after.
func (c *cli) hostSet() *cobra.Command {
	var enabled choice
	var reason string
	var opts client.HostOpts
	cmd := c.command("set <host> [<host> ...]", "Let compute hosts take no new calls, or take calls again", atLeast(1),
		func(ctx context.Context, api *client.Client, refs []string) error {
			return c.tryAll("set", "host", refs, func(ref string) error {
				_, err := api.UpdateHost(ctx, ref, opts)
				return err
			})
		})
	enabled.add(cmd.Flags(), [2]string{"enable", "it takes calls"},
		[2]string{"disable", "it takes no new calls; those that run there go on, and it stays so over restarts"})
	cmd.Flags().StringVar(&reason, "reason", "", "why it is disabled")
	cmd.Example = "  picasso host set compute-1 --disable --reason 'a fan is broken'\n  picasso host set compute-1 --enable"
	return checked(cmd, func() error {
		if err := enabled.check(); err != nil {
			return err
		}
		if on := enabled.value(); on != nil {
			off := !*on
			opts.Disabled = &off
		}
		opts.DisabledReason = given(cmd.Flags(), "reason", &reason)
		if opts == (client.HostOpts{}) {
			return errors.New("nothing to change: give at least one option")
		}
		return nil
	})
}
