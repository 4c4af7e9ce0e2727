package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// given is the value of a flag, nil when the command line does not have it.
func given[T any](flags *pflag.FlagSet, name string, value *T) *T {
	if !flags.Changed(name) {
		return nil
	}
	return value
}

// wordsOf is the value of a flag that may be repeated. A single empty word is
// none, which goes back to the default.
func wordsOf(flags *pflag.FlagSet, name string, words []string) *[]string {
	if len(words) == 1 && words[0] == "" {
		words = []string{}
	}
	return given(flags, name, &words)
}

// choice is a pair of flags that exclude each other, such as --enable and --disable.
type choice struct {
	yes, no         bool
	yesName, noName string
}

// add adds both flags. Each is a name and its help.
func (c *choice) add(flags *pflag.FlagSet, yes, no [2]string) {
	c.yesName, c.noName = yes[0], no[0]
	flags.BoolVar(&c.yes, yes[0], false, yes[1])
	flags.BoolVar(&c.no, no[0], false, no[1])
}

func (c *choice) check() error {
	if c.yes && c.no {
		return fmt.Errorf("argument --%s: not allowed with argument --%s", c.noName, c.yesName)
	}
	return nil
}

// value is nil when neither was given.
func (c *choice) value() *bool {
	if !c.yes && !c.no {
		return nil
	}
	return &c.yes
}

// rolesFlag collects --delegate-role NAME.
type rolesFlag struct {
	roles []string
	none  bool
}

// add adds the flag and its opposite. who says what gets a token.
func (f *rolesFlag) add(flags *pflag.FlagSet, who string) {
	flags.StringArrayVar(&f.roles, "delegate-role", nil, "role of yours for which "+who+" a token of the project; may be repeated")
	flags.BoolVar(&f.none, "no-delegate-roles", false, "no roles: no token")
}

func (f *rolesFlag) check() error {
	if f.none && len(f.roles) > 0 {
		return errors.New("argument --no-delegate-roles: not allowed with argument --delegate-role")
	}
	return nil
}

// value is nil when neither was given.
func (f *rolesFlag) value() *[]string {
	if !f.none && len(f.roles) == 0 {
		return nil
	}
	list := listOf(f.roles)
	return &list
}

// exclusive wants at most one of the flags, and with required exactly one.
func exclusive(flags *pflag.FlagSet, required bool, names ...string) error {
	first := ""
	for _, name := range names {
		switch {
		case !flags.Changed(name):
		case first == "":
			first = name
		default:
			return fmt.Errorf("argument --%s: not allowed with argument --%s", name, first)
		}
	}
	if first == "" && required {
		return fmt.Errorf("one of the arguments --%s is required", strings.Join(names, " --"))
	}
	return nil
}

// maxSpan keeps durations away from what time.Duration can hold.
const maxSpan = 100 * 365 * 24 * time.Hour

// span reads a duration with units, days among them: 90s, 1h30m, 7d.
func span(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n int
		n, err = strconv.Atoi(days)
		d = time.Duration(min(max(n, -1), 100*365+1)) * 24 * time.Hour
	}
	if err != nil || d < 0 || d > maxSpan {
		return 0, errors.New("is not a span of time such as 90s, 1h30m or 7d")
	}
	return d, nil
}

// seconds is a flag with a number of seconds, which may have units, too.
type seconds int

// Set implements pflag.Value.
func (s *seconds) Set(text string) error {
	if n, err := strconv.Atoi(text); err == nil {
		*s = seconds(n) // whether it fits the server knows
		return nil
	}
	d, err := span(text)
	if err != nil || d%time.Second != 0 {
		return errors.New("must be a whole number of seconds, or have units as 5m, 1h30m or 7d")
	}
	*s = seconds(d / time.Second)
	return nil
}

// String implements pflag.Value.
func (s *seconds) String() string { return strconv.Itoa(int(*s)) }

// Type implements pflag.Value.
func (s *seconds) Type() string { return "seconds" }

// moment is a flag with a time: RFC 3339, or its distance from now. Empty is
// the zero time.
type moment struct {
	time.Time
	now    func() time.Time
	future bool // a distance leads there, and not into the past
}

// Set implements pflag.Value.
func (m *moment) Set(text string) error {
	if text == "" {
		m.Time = time.Time{}
		return nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		m.Time = t.UTC()
		return nil
	}
	distance, err := span(text)
	if err != nil {
		return errors.New("must be a time such as 2026-01-31T08:00:00Z, or its distance from now such as 90s, 1h30m or 7d")
	}
	if !m.future {
		distance = -distance
	}
	m.Time = m.now().Add(distance).UTC().Truncate(time.Microsecond)
	return nil
}

// String implements pflag.Value; it is how the API reads times.
func (m *moment) String() string {
	if m.IsZero() {
		return ""
	}
	return m.Format(time.RFC3339Nano)
}

// Type implements pflag.Value.
func (m *moment) Type() string { return "time" }

// configFlag collects --config NAME=VALUE.
type configFlag struct {
	*cli
	values []string
}

func (f *configFlag) add(flags *pflag.FlagSet) {
	flags.StringArrayVar(&f.values, "config", nil, "NAME=VALUE of an environment variable; @FILE has one in each line; may be repeated")
}

// check also puts the lines of files in place of their names.
func (f *configFlag) check() error {
	var all []string
	for _, value := range f.values {
		lines, err := f.lines(value)
		if err != nil {
			return err
		}
		all = append(all, lines...)
	}
	f.values = all
	return nil
}

// lines are the pairs of a value: itself, or those in a file.
func (f *configFlag) lines(value string) (lines []string, err error) {
	if !strings.HasPrefix(value, "@") {
		if name, _, ok := strings.Cut(value, "="); !ok || name == "" {
			return nil, errors.New("argument --config: must be NAME=VALUE or @FILE")
		}
		return []string{value}, nil
	}
	text, err := f.text("--config", value)
	if err != nil {
		return nil, err
	}
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, "\r\n")
		name, _, ok := strings.Cut(line, "=")
		switch {
		case strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#"):
		case !ok || name == "": // without the line, which may be a secret
			return nil, fmt.Errorf("argument --config: line %d is not NAME=VALUE", number)
		default:
			lines = append(lines, line)
		}
	}
	return lines, nil
}

// config is nil when the flag was not given. Of several values for a name the last one counts.
func (f *configFlag) config() map[string]*string {
	if len(f.values) == 0 {
		return nil
	}
	config := map[string]*string{}
	for _, pair := range f.values {
		name, value, _ := strings.Cut(pair, "=")
		config[name] = &value
	}
	return config
}
