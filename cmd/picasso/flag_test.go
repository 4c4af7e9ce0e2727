package main

import (
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// noon is when the tests of flags run.
func noon() time.Time { return time.Date(2026, 1, 31, 12, 0, 0, 123456789, time.UTC) }

func TestSeconds(t *testing.T) {
	tests := map[string]struct {
		want  int
		wrong bool
	}{
		"0": {0, false}, "90": {90, false}, "-1": {-1, false}, // the server says what fits
		"90s": {90, false}, "5m": {300, false}, "1h30m": {5400, false}, "7d": {604800, false}, "1000ms": {1, false},
		"": {0, true}, "5x": {0, true}, "1.5": {0, true}, "1.5s": {0, true}, "-5m": {0, true}, "-3d": {0, true},
		"36501d": {0, true}, "9223372036854775807d": {0, true}, "d": {0, true}, "1000000h": {0, true},
	}
	for text, test := range tests {
		t.Run(text, func(t *testing.T) {
			var got seconds
			err := got.Set(text)
			assert.Equal(t, test.wrong, err != nil, "%v", err)
			assert.Equal(t, seconds(test.want), got)
		})
	}
}

func TestMoments(t *testing.T) {
	tests := map[string]struct {
		future bool
		want   string
		wrong  bool
	}{
		"2026-01-31T08:00:00Z":            {false, "2026-01-31T08:00:00Z", false},
		"2026-01-31T08:00:00.5+01:00":     {false, "2026-01-31T07:00:00.5Z", false},
		"1h":                              {false, "2026-01-31T11:00:00.123456Z", false},
		"2d":                              {false, "2026-01-29T12:00:00.123456Z", false},
		"10m":                             {true, "2026-01-31T12:10:00.123456Z", false},
		"":                                {true, "", false},
		"0":                               {true, "2026-01-31T12:00:00.123456Z", false},
		"yesterday":                       {false, "", true},
		"2026":                            {false, "", true}, // a year, or seconds
		"2026-01-31":                      {false, "", true},
		"2026-01-31 08:00:00":             {false, "", true},
		"-1h":                             {false, "", true},
		"999999999999999999999999999999h": {false, "", true},
	}
	for text, test := range tests {
		t.Run(text, func(t *testing.T) {
			got := moment{now: noon, future: test.future}
			err := got.Set(text)
			assert.Equal(t, test.wrong, err != nil, "%v", err)
			assert.Equal(t, test.want, got.String())
		})
	}
}

func TestChoices(t *testing.T) {
	yes, no := true, false
	tests := map[string]struct {
		args []string
		want *bool
		err  string
	}{
		"neither": {nil, nil, ""},
		"yes":     {[]string{"--on"}, &yes, ""},
		"no":      {[]string{"--off"}, &no, ""},
		"both":    {[]string{"--off", "--on"}, &yes, "argument --off: not allowed with argument --on"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var c choice
			flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
			c.add(flags, [2]string{"on", ""}, [2]string{"off", ""})
			require.NoError(t, flags.Parse(test.args))
			assert.Equal(t, test.want, c.value())
			if test.err != "" {
				assert.EqualError(t, c.check(), test.err)
			} else {
				assert.NoError(t, c.check())
			}
		})
	}
}

func TestExclusiveFlags(t *testing.T) {
	tests := map[string]struct {
		args     []string
		required bool
		err      string
	}{
		"none":           {nil, false, ""},
		"one":            {[]string{"--b="}, true, ""},
		"none of them":   {[]string{"--other="}, true, "one of the arguments --a --b --c is required"},
		"two":            {[]string{"--c=", "--a="}, false, "argument --c: not allowed with argument --a"},
		"three":          {[]string{"--a=", "--b=", "--c="}, true, "argument --b: not allowed with argument --a"},
		"the same twice": {[]string{"--a=", "--a="}, true, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
			for _, flag := range []string{"a", "b", "c", "other"} {
				flags.String(flag, "", "")
			}
			require.NoError(t, flags.Parse(test.args))
			err := exclusive(flags, test.required, "a", "b", "c")
			if test.err == "" {
				assert.NoError(t, err)
			} else {
				assert.EqualError(t, err, test.err)
			}
		})
	}
}
