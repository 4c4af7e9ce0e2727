package cliff

import (
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"
)

// tablePrinter draws tables as PrettyTable does: bordered, numbers to the
// right, and an empty line for no rows.
type tablePrinter struct{}

func (tablePrinter) list(w io.Writer, t Table) error {
	rows := make([][]string, len(t.Rows))
	for i, row := range t.Rows {
		for _, v := range row {
			rows[i] = append(rows[i], printable(human(v)))
		}
	}
	right := make([]bool, len(t.Columns))
	if len(t.Rows) > 0 {
		for i, v := range t.Rows[0] {
			_, right[i] = number(v)
		}
	}
	return draw(w, t.Columns, rows, right)
}

func (tablePrinter) one(w io.Writer, t Table) error {
	rows := make([][]string, len(t.Columns))
	for i, name := range t.Columns {
		rows[i] = []string{name, printable(human(t.Rows[0][i]))}
	}
	return draw(w, []string{"Field", "Value"}, rows, []bool{false, false})
}

// printable replaces what could move the cursor: values are what users wrote.
func printable(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		if r != '\n' && !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
}

func draw(w io.Writer, columns []string, rows [][]string, right []bool) error {
	if len(rows) == 0 {
		_, err := fmt.Fprintln(w)
		return err
	}
	widths := make([]int, len(columns))
	for _, row := range append([][]string{columns}, rows...) {
		for i, cell := range row {
			for line := range strings.SplitSeq(cell, "\n") {
				widths[i] = max(widths[i], utf8.RuneCountInString(line))
			}
		}
	}
	var b strings.Builder
	var border strings.Builder
	border.WriteString("+")
	for _, width := range widths {
		border.WriteString(strings.Repeat("-", width+2) + "+")
	}
	b.WriteString(border.String() + "\n")
	drawRow(&b, columns, widths, right)
	b.WriteString(border.String() + "\n")
	for _, row := range rows {
		drawRow(&b, row, widths, right)
	}
	b.WriteString(border.String() + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// drawRow draws as many lines as the highest cell has.
func drawRow(b *strings.Builder, cells []string, widths []int, right []bool) {
	height := 1
	lines := make([][]string, len(cells))
	for i, cell := range cells {
		lines[i] = strings.Split(cell, "\n")
		height = max(height, len(lines[i]))
	}
	for y := range height {
		b.WriteByte('|')
		for i := range cells {
			text := ""
			if y < len(lines[i]) {
				text = lines[i][y]
			}
			space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text))
			if right[i] {
				text, space = space+text, ""
			}
			b.WriteString(" " + text + space + " |")
		}
		b.WriteByte('\n')
	}
}
