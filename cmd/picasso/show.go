package main

import (
	"context"
	"errors"
	"iter"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/picasso-faas/picasso/api/client"
	"github.com/picasso-faas/picasso/cmd/picasso/cliff"
)

// field is a named value of an object that is shown.
type field struct {
	name  string
	value any
}

func oneOf(fields []field) cliff.Table {
	t := cliff.Table{Rows: [][]any{nil}}
	for _, f := range fields {
		t.Columns = append(t.Columns, f.name)
		t.Rows[0] = append(t.Rows[0], f.value)
	}
	return t
}

// shower is a command that shows one object.
func (c *cli) shower(use, short string, arguments [2]int,
	get func(ctx context.Context, api *client.Client, args []string) ([]field, error),
) *cobra.Command {
	var opts *cliff.Options
	cmd := c.command(use, short, arguments, func(ctx context.Context, api *client.Client, args []string) error {
		fields, err := get(ctx, api, args)
		if err != nil {
			return err
		}
		return opts.Show(c.out, oneOf(fields))
	})
	opts = cliff.NewOptions(cmd.Flags(), false)
	return checked(cmd, opts.Check)
}

// listFlags are the flags that every list has.
type listFlags struct {
	long        bool
	limit       int
	marker      string
	sort        string
	allProjects bool
	filter      map[string]pflag.Value // by the name in the API
}

func (f *listFlags) add(flags *pflag.FlagSet, ofProjects bool) {
	flags.BoolVar(&f.long, "long", false, "show more columns")
	flags.IntVar(&f.limit, "limit", 0, "show at most so many; 0: all")
	flags.StringVar(&f.marker, "marker", "", "id of the last one that is not wanted")
	if !ofProjects {
		return
	}
	flags.StringVar(&f.sort, "sort", "", "order, as 'key:asc,key:desc' with keys of the API")
	flags.BoolVar(&f.allProjects, "all-projects", false, "those of all projects (for admins)")
}

// by adds a filter: a flag whose value is sent as the parameter of the API.
func (f *listFlags) by(flags *pflag.FlagSet, flag, parameter, help string) {
	flags.String(flag, "", help)
	f.with(parameter, flags.Lookup(flag))
}

// byTime adds a filter by a time.
func (f *listFlags) byTime(flags *pflag.FlagSet, flag string, now func() time.Time, help string) {
	flags.Var(&moment{now: now}, flag, help)
	f.with(flag, flags.Lookup(flag))
}

func (f *listFlags) with(parameter string, flag *pflag.Flag) {
	if f.filter == nil {
		f.filter = map[string]pflag.Value{}
	}
	f.filter[parameter] = flag.Value
}

// maxPageSize is the most that the API gives at once.
const maxPageSize = 1000

func (f *listFlags) options() client.ListOpts {
	opts := client.ListOpts{Sort: f.sort, Marker: f.marker, AllProjects: f.allProjects, Filter: map[string]string{}}
	if f.limit > 0 {
		opts.PageSize = min(f.limit, maxPageSize)
	}
	for parameter, value := range f.filter {
		opts.Filter[parameter] = value.String()
	}
	return opts
}

func (f *listFlags) check() error {
	if f.limit < 0 {
		return errors.New("argument --limit: must not be negative")
	}
	return nil
}

// listing is what makes up the list of one kind: its headings and values, the
// first brief of them always and the others with --long, and where it is from.
type listing[T any] struct {
	brief   int
	global  bool // they belong to no project, and the API has them in one order
	names   []string
	row     func(item *T) []any
	filters func(*listFlags, *pflag.FlagSet) // adds flags of its own
	fetch   func(*client.Client, context.Context, client.ListOpts) iter.Seq2[T, error]
}

func (l listing[T]) table(seq iter.Seq2[T, error], f *listFlags) (cliff.Table, error) {
	width := l.brief
	if f.long {
		width = len(l.names)
	}
	t := cliff.Table{Columns: l.names[:width]}
	for item, err := range seq {
		if err != nil {
			return t, err
		}
		t.Rows = append(t.Rows, l.row(&item)[:width])
		if len(t.Rows) == f.limit {
			break
		}
	}
	return t, nil
}

// lister is the command that shows a list.
func lister[T any](c *cli, short string, l listing[T]) *cobra.Command {
	var opts *cliff.Options
	f := new(listFlags)
	cmd := c.command("list", short, exactly(0), func(ctx context.Context, api *client.Client, _ []string) error {
		t, err := l.table(l.fetch(api, ctx, f.options()), f)
		if err != nil {
			return err
		}
		return opts.Show(c.out, t)
	})
	f.add(cmd.Flags(), !l.global)
	l.filters(f, cmd.Flags())
	opts = cliff.NewOptions(cmd.Flags(), true)
	return checked(cmd, func() error { return errors.Join(f.check(), opts.Check()) })
}

// timeOf shows a time as the API writes it, nil when there is none.
func timeOf(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000Z")
}

// orNone turns nil pointers into nil.
func orNone[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

// unlessZero turns the zero value into nil.
func unlessZero[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}

// listOf never is nil, so that JSON has [].
func listOf(list []string) []string { return append([]string{}, list...) }

// mapOf never is nil, so that JSON has {}.
func mapOf(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}
