package cliff

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// human is how a table shows a value: words for lists and maps, as osc-lib
// has it, and Python's names for what has no text.
func human(v any) string {
	switch v := v.(type) {
	case []string:
		return strings.Join(v, ", ")
	case map[string]string:
		pairs := make([]string, 0, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			pairs = append(pairs, fmt.Sprintf("%s='%s'", name, v[name]))
		}
		return strings.Join(pairs, ", ")
	default:
		return python(v)
	}
}

// python is str() of a value in Python, which scripts get from -f value.
func python(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []string:
		quoted := make([]string, len(v))
		for i, s := range v {
			quoted[i] = quote(s)
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	case map[string]string:
		pairs := make([]string, 0, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			pairs = append(pairs, quote(name)+": "+quote(v[name]))
		}
		return "{" + strings.Join(pairs, ", ") + "}"
	default:
		return fmt.Sprint(v)
	}
}

// quote is repr() of a string in Python.
func quote(s string) string {
	sign := "'"
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		sign = `"`
	}
	escape := strings.NewReplacer(`\`, `\\`, sign, `\`+sign, "\n", `\n`, "\r", `\r`, "\t", `\t`)
	return sign + escape.Replace(s) + sign
}

// valuePrinter writes bare values: a line for each row, or for each value of
// one object.
type valuePrinter struct{}

func (valuePrinter) list(w io.Writer, t Table) error {
	for _, row := range t.Rows {
		if err := writeLine(w, row, " "); err != nil {
			return err
		}
	}
	return nil
}

func (valuePrinter) one(w io.Writer, t Table) error {
	return writeLine(w, t.Rows[0], "\n")
}

func writeLine(w io.Writer, values []any, between string) error {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = python(v)
	}
	_, err := fmt.Fprintln(w, strings.Join(texts, between))
	return err
}
