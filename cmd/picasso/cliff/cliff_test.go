package cliff

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sample is what testdata/generate.py has the real cliff show.
func sample() Table {
	return Table{
		Columns: []string{"ID", "Name", "Public", "Memory MB", "CPUs", "Command", "Config", "Exit Code"},
		Rows: [][]any{
			{"7b", "hello", true, 128, 0.5, []string{"a b", "it's"}, map[string]string{"A": "1", "K": "v"}, nil},
			{"11", "grüße\nzwei", false, 1024, 2.0, []string{}, map[string]string{}, 137},
		},
	}
}

// show runs one command line of flags on a table.
func show(t *testing.T, list bool, table Table, args ...string) (string, error) {
	t.Helper()
	flags := pflag.NewFlagSet("test", pflag.ContinueOnError)
	opts := NewOptions(flags, list)
	require.NoError(t, flags.Parse(args))
	if err := opts.Check(); err != nil {
		return "", err
	}
	var out bytes.Buffer
	err := opts.Show(&out, table)
	return out.String(), err
}

func TestLooksLikeTheRealCliff(t *testing.T) {
	tests := map[string]struct {
		list bool
		show Table
	}{
		"list":  {true, sample()},
		"empty": {true, Table{Columns: sample().Columns}},
		"one":   {false, One(sample().Columns, sample().Rows[0]...)},
	}
	same := map[string]func(t assert.TestingT, want, got string, _ ...any) bool{
		"table": func(t assert.TestingT, want, got string, _ ...any) bool { return assert.Equal(t, want, got) },
		"value": func(t assert.TestingT, want, got string, _ ...any) bool { return assert.Equal(t, want, got) },
		"json":  assert.JSONEq,
		"yaml":  assert.YAMLEq,
		"csv":   func(t assert.TestingT, want, got string, _ ...any) bool { return assert.Equal(t, want, got) },
	}
	for name, test := range tests {
		for _, format := range Formats(test.list) {
			equal := same[format]
			t.Run(name+"."+format, func(t *testing.T) {
				want, err := os.ReadFile(filepath.Join("testdata", name+"."+format))
				require.NoError(t, err)
				got, err := show(t, test.list, test.show, "-f", format)
				require.NoError(t, err)
				equal(t, string(want), got)
			})
		}
	}
}

func TestDocumentsKeepTheOrderOfColumns(t *testing.T) {
	table := One([]string{"z", "a"}, "<&>", []string{"x"})
	got, err := show(t, false, table, "-f", "json")
	require.NoError(t, err)
	assert.Equal(t, "{\n  \"z\": \"<&>\",\n  \"a\": [\n    \"x\"\n  ]\n}\n", got)
	got, err = show(t, false, table, "-f", "yaml")
	require.NoError(t, err)
	assert.Equal(t, "z: <&>\na:\n- x\n", got)
}

func TestColumns(t *testing.T) {
	got, err := show(t, true, sample(), "-f", "value", "-c", "Memory MB", "-c", "ID", "-c", "Nope")
	require.NoError(t, err)
	assert.Equal(t, "7b 128\n11 1024\n", got)

	_, err = show(t, true, sample(), "-c", "id", "-c", "x")
	assert.EqualError(t, err, "No recognized column names in ['id', 'x']. Recognized columns are "+
		"['ID', 'Name', 'Public', 'Memory MB', 'CPUs', 'Command', 'Config', 'Exit Code'].")
}

func TestSort(t *testing.T) {
	rows := func() Table {
		return Table{[]string{"n", "s"}, [][]any{{10, "b"}, {9, "b"}, {nil, "a"}, {2.5, "c"}, {int64(3), "a"}}}
	}
	tests := map[string]struct {
		args []string
		want string
	}{
		"numbers, missing last": {[]string{"--sort-column", "n"}, "2.5 c\n3 a\n9 b\n10 b\nNone a\n"},
		"two columns":           {[]string{"--sort-column", "s", "--sort-column", "n"}, "3 a\nNone a\n9 b\n10 b\n2.5 c\n"},
		"downwards":             {[]string{"--sort-column", "n", "--sort-descending"}, "None a\n10 b\n9 b\n3 a\n2.5 c\n"},
		"unknown column":        {[]string{"--sort-column", "q"}, "10 b\n9 b\nNone a\n2.5 c\n3 a\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := show(t, true, rows(), append(test.args, "-f", "value")...)
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
}

func TestTerminalIsSafeFromValues(t *testing.T) {
	got, err := show(t, false, One([]string{"x"}, "\x1b[2J\tevil\r\nend\x07"))
	require.NoError(t, err)
	assert.Equal(t, "+-------+-----------+\n| Field | Value     |\n+-------+-----------+\n"+
		"| x     |  [2J evil |\n|       | end       |\n+-------+-----------+\n", got)
}

// What is in quotes, as the csv module of Python has it.
func TestCSV(t *testing.T) {
	got, err := show(t, true, Table{[]string{`a "b"`, "c"}, [][]any{{`d\e, f`, nil}, {true, 1e11}}}, "-f", "csv")
	require.NoError(t, err)
	assert.Equal(t, "\"a \"\"b\"\"\",\"c\"\n\"d\\\\e, f\",\"\"\nTrue,100000000000\n", got)
}

func TestUnknownFormat(t *testing.T) {
	_, err := show(t, true, sample(), "-f", "xml")
	assert.ErrorContains(t, err, "invalid choice: 'xml' (choose from 'csv', 'json', 'table', 'value', 'yaml')")
	_, err = show(t, false, One([]string{"x"}, 1), "-f", "csv")
	assert.ErrorContains(t, err, "invalid choice: 'csv' (choose from 'json', 'table', 'value', 'yaml')")
}

func TestPythonTexts(t *testing.T) {
	tests := map[string]any{
		"None": nil, "True": true, "0.5": 0.5, "0": 0.0, "100000000000": 1e11,
		`['it\'s "x"', 'a\\b\n']`: []string{`it's "x"`, "a\\b\n"},
		`{'a': "b'c"}`:            map[string]string{"a": "b'c"},
	}
	for want, v := range tests {
		assert.Equal(t, want, python(v))
	}
}
