// Package cliff shows objects and lists the way OpenStack's command-line
// clients do, whose framework is called cliff: as a table, JSON, YAML, CSV or bare
// values, with a choice of columns. What scripts read (JSON keys, the order of
// columns, how an empty list looks) is as cliff has it.
package cliff

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// Table is what a command shows. A value is nil, a string, bool, number,
// []string or map[string]string.
type Table struct {
	Columns []string
	Rows    [][]any
}

// One makes a table of one object.
func One(columns []string, values ...any) Table { return Table{columns, [][]any{values}} }

// Options are the flags of a command that shows something.
type Options struct {
	format  string
	columns []string
	sort    []string
	reverse bool
	list    bool
	printer printer
}

// printer writes a table in one format.
type printer interface {
	list(w io.Writer, t Table) error
	one(w io.Writer, t Table) error
}

// printers are the formats; of one object there is no CSV.
func printers(list bool) map[string]printer {
	all := map[string]printer{"table": tablePrinter{}, "json": jsonPrinter{}, "yaml": yamlPrinter{}, "value": valuePrinter{}}
	if list {
		all["csv"] = csvPrinter{}
	}
	return all
}

// Formats are the values of -f, in the order of the alphabet.
func Formats(list bool) []string { return slices.Sorted(maps.Keys(printers(list))) }

// NewOptions adds the flags to a command that shows a list, or one object.
func NewOptions(flags *pflag.FlagSet, list bool) *Options {
	o := &Options{list: list}
	flags.StringVarP(&o.format, "format", "f", "table", "the output format: "+strings.Join(Formats(list), ", "))
	flags.StringArrayVarP(&o.columns, "column", "c", nil, "a column to show; may be repeated")
	if list {
		flags.StringArrayVar(&o.sort, "sort-column", nil, "a column to sort by; may be repeated, the first counts most")
		flags.Bool("sort-ascending", true, "sort upwards")
		flags.BoolVar(&o.reverse, "sort-descending", false, "sort downwards")
	}
	return o
}

// Check looks at the flags, before any request is made.
func (o *Options) Check() error {
	var ok bool
	if o.printer, ok = printers(o.list)[o.format]; !ok {
		return fmt.Errorf("argument -f/--format: invalid choice: '%s' (choose from '%s')", o.format, strings.Join(Formats(o.list), "', '"))
	}
	return nil
}

// Show writes the table. Check comes first.
func (o *Options) Show(w io.Writer, t Table) error {
	if o.printer == nil {
		return errors.New("cliff: Check was not called")
	}
	o.sortRows(t)
	chosen, err := o.choose(t)
	if err != nil {
		return err
	}
	if o.list {
		return o.printer.list(w, chosen)
	}
	return o.printer.one(w, chosen)
}

// choose keeps the columns that were asked for, in the order of the table.
func (o *Options) choose(t Table) (Table, error) {
	if len(o.columns) == 0 {
		return t, nil
	}
	chosen := Table{Rows: make([][]any, len(t.Rows))}
	for i, column := range t.Columns {
		if !slices.Contains(o.columns, column) {
			continue
		}
		chosen.Columns = append(chosen.Columns, column)
		for j, row := range t.Rows {
			chosen.Rows[j] = append(chosen.Rows[j], row[i])
		}
	}
	if len(chosen.Columns) == 0 {
		//nolint:staticcheck // cliff's words
		//lint:ignore ST1005 cliff's words
		return t, fmt.Errorf("No recognized column names in %s. Recognized columns are %s.",
			python(o.columns), python(t.Columns))
	}
	return chosen, nil
}

// sortRows sorts by the columns asked for; unknown ones are left out, as by cliff.
func (o *Options) sortRows(t Table) {
	for _, column := range slices.Backward(o.sort) {
		at := slices.Index(t.Columns, column)
		if at < 0 {
			continue
		}
		slices.SortStableFunc(t.Rows, func(a, b []any) int {
			if o.reverse {
				a, b = b, a
			}
			return compare(a[at], b[at])
		})
	}
}

// compare orders numbers by value and everything else by its text, with what
// is missing at the end.
func compare(a, b any) int {
	if a == nil || b == nil {
		return cmp.Compare(missing(a), missing(b))
	}
	x, xIsNumber := number(a)
	y, yIsNumber := number(b)
	if xIsNumber && yIsNumber {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(human(a), human(b))
}

func missing(v any) int {
	if v == nil {
		return 1
	}
	return 0
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case float64:
		return v, true
	}
	return 0, false
}
