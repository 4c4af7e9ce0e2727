package config

import (
	"errors"
	"fmt"
	"strings"
)

// entry is one assignment in a file.
type entry struct {
	section, name, value string
	line                 int // of the name, from 1
}

// lineError is something wrong in a line.
type lineError struct {
	line int
	err  error
}

func (e *lineError) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.err) }

// located puts the name of the file in front of the lines of err.
func located(file string, err error) error {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, one := range joined.Unwrap() {
			all = append(all, located(file, one))
		}
		return errors.Join(all...)
	}
	return fmt.Errorf("%s: %w", file, err)
}

// parseINI reads the dialect of oslo.config: "[section]", "name = value" or
// "name: value", comments on lines of their own that start with '#' or ';',
// and values continued on indented lines. Quotes around a whole value fall
// away; everything else in it is literal, also '#', '%' and '$'. It returns
// what it understood, and an error that joins a lineError for every other line.
func parseINI(text string) ([]entry, error) {
	var p iniParser
	for i, line := range strings.Split(text, "\n") {
		p.line(i+1, strings.TrimSuffix(line, "\r"))
	}
	for i := range p.entries {
		p.entries[i].value = unquote(p.entries[i].value)
	}
	return p.entries, errors.Join(p.wrong...)
}

type iniParser struct {
	section string
	open    bool // an indented line would continue the last entry
	entries []entry
	wrong   []error
}

func (p *iniParser) line(number int, line string) {
	trimmed := strings.TrimSpace(line)
	switch {
	case trimmed == "":
		p.open = false
	case trimmed[0] == '#' || trimmed[0] == ';': // also between continuation lines
	case line[0] == ' ' || line[0] == '\t':
		p.continuation(number, trimmed)
	case trimmed[0] == '[':
		p.header(number, trimmed)
	default:
		p.assignment(number, trimmed)
	}
}

func (p *iniParser) refuse(number int, reason string) {
	p.open = false
	p.wrong = append(p.wrong, &lineError{number, errors.New(reason)})
}

func (p *iniParser) continuation(number int, text string) {
	if !p.open {
		p.refuse(number, "is indented but continues nothing")
		return
	}
	last := &p.entries[len(p.entries)-1]
	last.value = strings.TrimPrefix(last.value+"\n"+text, "\n")
}

func (p *iniParser) header(number int, text string) {
	p.open = false
	name, closed := strings.CutSuffix(text[1:], "]")
	name = strings.TrimSpace(name)
	if !closed || name == "" || strings.ContainsAny(name, "[]") {
		p.refuse(number, "must be [section]")
		return
	}
	p.section = name
}

func (p *iniParser) assignment(number int, text string) {
	at := strings.IndexAny(text, "=:")
	switch {
	case at <= 0:
		p.refuse(number, "must be 'name = value'")
	case p.section == "":
		p.refuse(number, "stands before any [section]")
	default:
		e := entry{section: p.section, name: strings.TrimSpace(text[:at]), value: strings.TrimSpace(text[at+1:]), line: number}
		p.entries = append(p.entries, e)
		p.open = true
	}
}

func unquote(value string) string {
	n := len(value)
	if n >= 2 && value[0] == value[n-1] && (value[0] == '"' || value[0] == '\'') {
		return value[1 : n-1]
	}
	return value
}
