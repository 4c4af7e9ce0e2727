package cliff

import (
	"io"
	"strings"
)

// csvPrinter writes lists as comma-separated values, with quotes around all but numbers.
type csvPrinter struct{}

func (csvPrinter) list(w io.Writer, t Table) error {
	var b strings.Builder
	headings := make([]any, len(t.Columns))
	for i, name := range t.Columns {
		headings[i] = name
	}
	for _, row := range append([][]any{headings}, t.Rows...) {
		for i, v := range row {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(csvValue(v))
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (p csvPrinter) one(w io.Writer, t Table) error { return p.list(w, t) }

// csvValue is a value as Python's csv.writer has it, to whom truth is a number.
func csvValue(v any) string {
	if _, ok := number(v); ok {
		return python(v)
	}
	switch v := v.(type) {
	case nil:
		return `""`
	case bool:
		return python(v)
	default:
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `""`).Replace(python(v)) + `"`
	}
}
