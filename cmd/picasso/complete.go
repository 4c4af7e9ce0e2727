package main

import (
	"context"
	"fmt"
	"iter"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/client"
	"github.com/picasso-faas/picasso/cmd/picasso/cliff"
)

// Shells ask for completions while somebody waits.
const (
	completionPatience = 3 * time.Second
	maxCompletions     = 200
)

// completes teaches all commands below what their arguments and flags are completed with: names
// of what there is, by the "<noun>" in their usage, and choices.
func (c *cli) completes(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		c.completes(sub)
	}
	if cmd.HasSubCommands() {
		return
	}
	noun, several := argumentOf(cmd.Use)
	cmd.ValidArgsFunction = func(cmd *cobra.Command, given []string, word string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(given) > 0 && !several {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return c.named(noun, given)(cmd, given, word)
	}
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		var complete cobra.CompletionFunc
		switch choices := choicesOf(cmd, flag.Name); {
		case len(choices) > 0:
			complete = cobra.FixedCompletions(choices, cobra.ShellCompDirectiveNoFileComp)
		case flag.Name == "function" || flag.Name == "app" || flag.Name == "trigger":
			complete = c.named(flag.Name, nil)
		default:
			return
		}
		_ = cmd.RegisterFlagCompletionFunc(flag.Name, complete) // fails for a flag that is not there, or twice
	})
}

var argument = regexp.MustCompile(`<(\w+)>`)

// argumentOf is what a command's arguments name, and whether there may be several.
func argumentOf(use string) (noun string, several bool) {
	found := argument.FindAllStringSubmatch(use, -1)
	if len(found) == 0 {
		return "", false
	}
	return found[0][1], strings.Contains(use, "...")
}

// choicesOf are the values of a flag that has a few.
func choicesOf(cmd *cobra.Command, flag string) []string {
	switch flag {
	case "format":
		return cliff.Formats(cmd.Flags().Lookup("sort-column") != nil)
	case "type":
		return texts(picasso.TriggerTypes())
	case "contract":
		return texts([]picasso.Contract{picasso.ContractFn, picasso.ContractWeb, picasso.ContractStdio, picasso.ContractStdioHTTP})
	case "network":
		return texts([]picasso.Network{picasso.NetworkEgress, picasso.NetworkNone})
	case "status":
		return texts([]picasso.Status{
			picasso.StatusQueued, picasso.StatusRunning, picasso.StatusSucceeded, picasso.StatusFailed,
			picasso.StatusTimedOut, picasso.StatusCancelled, picasso.StatusLost,
		})
	case "event":
		return picasso.SwiftEvents()
	case "state":
		if cmd.Parent().Name() == "host" {
			return texts(picasso.HostStates())
		}
		return picasso.AlarmStates()
	case "auth":
		return texts([]picasso.WebhookAuth{picasso.WebhookKeystone, picasso.WebhookHMAC, picasso.WebhookToken})
	case "overlap":
		return texts([]picasso.Overlap{picasso.OverlapAllow, picasso.OverlapSkip})
	case "catch-up":
		return texts([]picasso.CatchUp{picasso.CatchUpNone, picasso.CatchUpLast, picasso.CatchUpAll})
	}
	return nil
}

func texts[T ~string](values []T) []string {
	list := make([]string, len(values))
	for i, v := range values {
		list[i] = string(v)
	}
	return list
}

// named completes with what the server has of a noun, but for what was given already. Who cannot be
// asked, and what has no names, is completed with nothing.
func (c *cli) named(noun string, given []string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(cmd.Context(), completionPatience)
		defer cancel()
		ask, known := naming()[noun]
		if !known {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		api, err := c.connect(ctx)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var names []cobra.Completion
		for name, about := range ask(ctx, api) {
			if !slices.Contains(given, name) {
				names = append(names, cobra.CompletionWithDesc(name, about))
			}
			if len(names) == maxCompletions {
				break
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	}
}

// naming has for each noun how its names are found, and what is said about them.
func naming() map[string]func(context.Context, *client.Client) iter.Seq2[string, string] {
	opts := client.ListOpts{PageSize: maxCompletions}
	return map[string]func(context.Context, *client.Client) iter.Seq2[string, string]{
		"app": func(ctx context.Context, api *client.Client) iter.Seq2[string, string] {
			return naming1(api.Apps(ctx, opts), func(a *picasso.App) (string, string) { return a.Name, a.Description })
		},
		"function": func(ctx context.Context, api *client.Client) iter.Seq2[string, string] {
			return naming1(api.Functions(ctx, opts), func(fn *picasso.Function) (string, string) {
				if fn.App == picasso.DefaultApp {
					return fn.Name, fn.Image
				}
				return fn.App + ":" + fn.Name, fn.Image
			})
		},
		"trigger": func(ctx context.Context, api *client.Client) iter.Seq2[string, string] {
			return naming1(api.Triggers(ctx, opts), func(t *client.Trigger) (string, string) { return t.Name, string(t.Type) })
		},
		"host": func(ctx context.Context, api *client.Client) iter.Seq2[string, string] {
			return naming1(api.Hosts(ctx, opts), func(h *client.Host) (string, string) { return h.Name, string(h.State) })
		},
		"execution": func(ctx context.Context, api *client.Client) iter.Seq2[string, string] {
			return naming1(api.Executions(ctx, opts), func(e *picasso.Execution) (string, string) {
				return e.ID, fmt.Sprintf("%s %s", e.Function, e.Status)
			})
		},
	}
}

// naming1 takes of each item its name and what is said about it, until the first error.
func naming1[T any](items iter.Seq2[T, error], of func(*T) (name, about string)) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for item, err := range items {
			if err != nil || !yield(of(&item)) {
				return
			}
		}
	}
}
