package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/picasso-faas/picasso/tools/bench/load"
)

// print writes the report as Markdown.
func (r *report) print(w io.Writer) {
	m := r.Machine
	fmt.Fprintf(w, "# Figures of %s\n\n%d processors, kernel %s, %s, auth %s, medians of %d rounds.\n",
		m.Date.Format("2006-01-02 15:04 UTC"), m.Processors, m.Kernel, m.Go, m.Auth, m.Rounds)
	r.printHot(w)
	r.printTimes(w)
	r.printMemory(w)
	r.printVerdicts(w)
	for _, note := range r.Notes {
		fmt.Fprintf(w, "\n%s\n", note)
	}
}

func (r *report) printHot(w io.Writer) {
	lines := [][]string{{"hot calls", "case", "subject", "req/s", "p50 ms", "p99 ms", "× bare", "CPU µs"}}
	for _, f := range r.Hot {
		pair := rounds{"bare": r.bare(f.Row, f.Case), "": f.Rounds}
		lines = append(lines, []string{
			f.Row, f.Case, f.Subject, fmt.Sprintf("%.0f", f.Median.PerSecond),
			fmt.Sprintf("%.2f", milliseconds(f.Median.P50)), fmt.Sprintf("%.2f", milliseconds(f.Median.P99)),
			fmt.Sprintf("%.2f", pair.ratio("", "bare", perSecond)), fmt.Sprint(median(f.Processor).Microseconds()),
		})
	}
	table(w, lines)
	fmt.Fprintln(w, "\n× bare is the median of the rounds' ratios. CPU is what the subject's own processes spend on a call, without the function.")
}

// bare finds the rounds of the yardstick of a row.
func (r *report) bare(row, name string) []load.Result {
	for _, f := range r.Hot {
		if f.Row == row && f.Case == name && f.Subject == "bare" {
			return f.Rounds
		}
	}
	return nil
}

func (r *report) printTimes(w io.Writer) {
	lines := [][]string{{"times", "median ms", "samples"}}
	for _, row := range rows(r.Times) {
		lines = append(lines, []string{row, fmt.Sprintf("%.2f", milliseconds(r.median(row))), fmt.Sprint(len(r.Times[row]))})
	}
	table(w, lines)
}

func (r *report) printMemory(w io.Writer) {
	lines := [][]string{{"memory (VmRSS)", "highest"}}
	for _, row := range rows(r.Memory) {
		lines = append(lines, []string{row, mib(r.Memory[row])})
	}
	table(w, lines)
}

func (r *report) printVerdicts(w io.Writer) {
	lines := [][]string{{"to reach", "measured", "target", ""}}
	for _, v := range r.Verdicts {
		met := "met"
		if !v.Met {
			met = "**missed**"
		}
		lines = append(lines, []string{v.What, v.Measured, v.Target, met})
	}
	table(w, lines)
}

// table writes a Markdown table whose columns line up; the first line is its
// head. A table without more lines is left out.
func table(w io.Writer, lines [][]string) {
	if len(lines) < 2 {
		return
	}
	widths := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	fmt.Fprintln(w)
	for n, line := range lines {
		for i, cell := range line {
			fmt.Fprintf(w, "| %s%s ", cell, strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)))
		}
		fmt.Fprintln(w, "|")
		if n == 0 {
			for _, width := range widths {
				fmt.Fprintf(w, "|%s", strings.Repeat("-", width+2))
			}
			fmt.Fprintln(w, "|")
		}
	}
}
