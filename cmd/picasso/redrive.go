package main

import (
	"cmp"
	"context"
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/picasso-faas/picasso/api/client"
	"github.com/picasso-faas/picasso/cmd/picasso/cliff"
)

// executionRedrive shows the ids of the new executions.
func (c *cli) executionRedrive() *cobra.Command {
	f := &redriveFlags{since: moment{now: c.now}, until: moment{now: c.now}}
	var shown *cliff.Options
	cmd := c.command("redrive [<execution> ...]", "Run executions again that did not succeed, each as a new one", atLeast(0),
		func(ctx context.Context, api *client.Client, ids []string) error {
			redrive := c.redriveEach
			if f.function != "" {
				redrive = f.redriveAll
			}
			made, err := redrive(ctx, api, ids)
			if err != nil && len(made) == 0 {
				return err
			}
			t := cliff.Table{Columns: []string{"ID"}}
			for _, id := range made {
				t.Rows = append(t.Rows, []any{id})
			}
			return cmp.Or(shown.Show(c.out, t), err)
		})
	f.add(cmd.Flags())
	shown = cliff.NewOptions(cmd.Flags(), true)
	cmd.Example = "  picasso execution redrive 6f1c0b52-8a51-4f0e-9d3c-2b1f3f7d9a10\n" +
		"  picasso execution redrive --function thumbnail --since 1d"
	return checked(cmd, func() error { return cmp.Or(f.check(), shown.Check()) })
}

func (c *cli) redriveEach(ctx context.Context, api *client.Client, ids []string) (made []string, err error) {
	err = c.tryAll("redrive", "execution", ids, func(id string) error {
		e, err := api.RedriveExecution(ctx, id)
		if err == nil {
			made = append(made, e.ID)
		}
		return err
	})
	return made, err
}

// redriveFlags name all failed executions of a function in a range of time.
type redriveFlags struct {
	flags        *pflag.FlagSet
	function     string
	since, until moment
}

func (f *redriveFlags) add(flags *pflag.FlagSet) {
	f.flags = flags
	flags.StringVar(&f.function, "function", "", "in place of executions: all of the function that did not succeed and were not redriven yet, but for cancelled ones")
	flags.Var(&f.since, "since", "only those created at or after the time (RFC 3339, or how long ago, as 1h)")
	flags.Var(&f.until, "until", "only those created before the time (RFC 3339, or how long ago, as 1h)")
}

func (f *redriveFlags) check() error {
	switch {
	case f.function != "" && f.flags.NArg() > 0:
		return errors.New("argument --function: not allowed with argument <execution>")
	case f.function == "" && f.flags.NArg() == 0:
		return errors.New("one of the arguments <execution> --function is required")
	case f.function == "" && (f.flags.Changed("since") || f.flags.Changed("until")):
		return errors.New("arguments --since and --until: only with --function")
	}
	return nil
}

// redriveAll asks again while there are more. The end of the range is fixed
// first: what is redriven now may fail again before all is done.
func (f *redriveFlags) redriveAll(ctx context.Context, api *client.Client, _ []string) (made []string, err error) {
	until := f.until.Time
	if until.IsZero() {
		until = f.until.now()
	}
	for {
		some, err := api.RedriveExecutions(ctx, client.RedriveOpts{Function: f.function, Since: f.since.Time, Until: until, Limit: maxPageSize})
		if err != nil {
			return made, err
		}
		made = append(made, some.Executions...)
		if !some.More || len(some.Executions) == 0 {
			return made, nil
		}
	}
}
