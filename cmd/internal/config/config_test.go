package config

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type group struct {
	Name    string        `ini:"name" help:"A name."`
	Port    int           `ini:"port" help:"A port."`
	Bytes   int64         `ini:"bytes" help:"A size."`
	Share   float64       `ini:"share" help:"A share."`
	On      bool          `ini:"on" help:"A switch."`
	Wait    time.Duration `ini:"wait" help:"A time."`
	Hosts   []string      `ini:"hosts" help:"Some hosts, which is explained at such length that it cannot possibly fit into a single line."`
	Private string
}

type more struct {
	Extra string `ini:"extra" help:"One more."`
}

func defaults() group {
	return group{Name: "n", Port: 1, Bytes: 1 << 40, Share: 0.5, On: true, Wait: 1500 * time.Millisecond, Hosts: []string{"a", "b"}}
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestReadValues(t *testing.T) {
	tests := map[string]struct {
		text string
		want func(g *group)
	}{
		"nothing":            {"[g]\n", func(*group) {}},
		"string":             {"[g]\nname = x y\n", func(g *group) { g.Name = "x y" }},
		"literal signs":      {"[g]\nname = a#b;c%(d)s$e=f:g\\\n", func(g *group) { g.Name = `a#b;c%(d)s$e=f:g\` }},
		"quotes fall away":   {"[g]\nname = \"  x \"\n", func(g *group) { g.Name = "  x " }},
		"quote inside stays": {"[g]\nname = it's\n", func(g *group) { g.Name = "it's" }},
		"colon":              {"[g]\nname: x\n", func(g *group) { g.Name = "x" }},
		"emptied":            {"[g]\nname =\nhosts=\n", func(g *group) { g.Name, g.Hosts = "", []string{} }},
		"last wins":          {"[g]\nport=2\nport=3\n", func(g *group) { g.Port = 3 }},
		"section again":      {"[g]\nport=2\n[h]\nextra=\n[g]\nname=z\n", func(g *group) { g.Port, g.Name = 2, "z" }},
		"continuation":       {"[g]\nhosts = a,\n  b,\n # why\n\tc\n", func(g *group) { g.Hosts = []string{"a", "b", "c"} }},
		"Windows lines":      {"[g]\r\nport = 7\r\n", func(g *group) { g.Port = 7 }},
		"bool":               {"[g]\non = No\n", func(g *group) { g.On = false }},
		"seconds":            {"[g]\nwait = 0.25\n", func(g *group) { g.Wait = 250 * time.Millisecond }},
		"unit":               {"[g]\nwait = 2m\n", func(g *group) { g.Wait = 2 * time.Minute }},
		"negative":           {"[g]\nwait = -1\n", func(g *group) { g.Wait = -time.Second }},
		"float":              {"[g]\nshare = 2\n", func(g *group) { g.Share = 2 }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, want := defaults(), defaults()
			test.want(&want)
			file := write(t, t.TempDir(), "p.conf", test.text)
			require.NoError(t, Read([]Section{{"g", &got}, {"h", &more{}}}, Sources{Files: []string{file}}))
			assert.Equal(t, want, got)
		})
	}
}

func TestReadRefusesWithFileAndLine(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"unknown option":    {"[g]\n\nprt = 1\n", "line 3: [g] prt: no such option"},
		"unknown section":   {"[g]\n[gg]\nport = 1\n", "line 3: [gg]: no such section"},
		"field without tag": {"[g]\nPrivate = 1\n", "line 2: [g] Private: no such option"},
		"number":            {"[g]\nport = many\n", "line 2: [g] port: must be a whole number"},
		"overflow":          {"[g]\nport = 99999999999999999999\n", "line 2: [g] port: must be a whole number"},
		"float":             {"[g]\nshare = x\n", "line 2: [g] share: must be a number"},
		"bool":              {"[g]\non = maybe\n", "line 2: [g] on: must be true or false"},
		"duration":          {"[g]\nwait = soon\n", "line 2: [g] wait: must be a number of seconds, or one with a unit such as 500ms or 2m"},
		"huge duration":     {"[g]\nwait = 1e300\n", "line 2: [g] wait: is out of range"},
		"not a number":      {"[g]\nwait = NaN\n", "line 2: [g] wait: is out of range"},
		"no section":        {"port = 1\n", "line 1: stands before any [section]"},
		"no value":          {"[g]\nport\n", "line 2: must be 'name = value'"},
		"broken header":     {"[g\nport=1\n", "line 1: must be [section]"},
		"stray indent":      {"[g]\n  port=1\n", "line 2: is indented but continues nothing"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := defaults()
			file := write(t, t.TempDir(), "p.conf", test.text)
			err := Read([]Section{{"g", &got}}, Sources{Files: []string{file}})
			require.Error(t, err)
			assert.Contains(t, err.Error(), file+": "+test.want)
		})
	}
}

func TestReadNamesEverythingWrong(t *testing.T) {
	file := write(t, t.TempDir(), "p.conf", "[g]\nport = x\nnme = y\n[\n")
	err := Read([]Section{{"g", new(group)}}, Sources{Files: []string{file}})
	assert.EqualError(t, err, file+": line 4: must be [section]\n"+
		file+": line 2: [g] port: must be a whole number\n"+file+": line 3: [g] nme: no such option")
}

func TestReadOrder(t *testing.T) {
	dir := t.TempDir()
	first := write(t, dir, "1", "[g]\nname=first\nport=2\nbytes=3\nshare=4\n")
	second := write(t, dir, "2", "[g]\nport=20\nbytes=30\nforeign=x\nshare=40\n[nova]\nanything=goes\n")
	sub := filepath.Join(dir, "conf.d")
	require.NoError(t, os.MkdirAll(filepath.Join(sub, "x.conf"), 0o700)) // a directory is not a file
	write(t, sub, "b.conf", "[g]\nbytes=301\n")
	write(t, sub, "a.conf", "[g]\nbytes=300\nshare=400\n[h]\nextra=more\n")
	write(t, sub, "a.conf.bak", "[g]\nbytes=1\n")
	var g group
	var h more
	err := Read([]Section{{"g", &g}, {"h", &h}}, Sources{
		Files: []string{first, second}, Dirs: []string{sub}, Ignore: []string{"nova", "g/foreign"},
		Environ: []string{"OS_G__SHARE=4000", "OS_NOVA__X=1", "OS_CLOUD=alpha", "HOME=/", "OS_X"},
	})
	require.NoError(t, err)
	assert.Equal(t, group{Name: "first", Port: 20, Bytes: 301, Share: 4000}, g)
	assert.Equal(t, "more", h.Extra)
}

func TestReadMissingFiles(t *testing.T) {
	assert.ErrorContains(t, Read(nil, Sources{Files: []string{"/nowhere/p.conf"}}), "/nowhere/p.conf")
	assert.ErrorContains(t, Read(nil, Sources{Dirs: []string{"/nowhere"}}), "/nowhere")
}

func TestReadEnvironmentTypos(t *testing.T) {
	err := Read([]Section{{"DEFAULT", new(group)}}, Sources{Environ: []string{"OS_DEFAULT__PRT=1", "OS_DEFAULT__PORT=hidden-text"}})
	assert.EqualError(t, err, "environment variable OS_DEFAULT__PRT: [DEFAULT] prt: no such option\n"+
		"environment variable OS_DEFAULT__PORT: [DEFAULT] port: must be a whole number")
}

func TestSectionsOfOneNameAddUp(t *testing.T) {
	var g group
	var m more
	file := write(t, t.TempDir(), "p.conf", "[g]\nport=5\nextra=6\n")
	require.NoError(t, Read([]Section{{"g", &g}, {"g", &m}}, Sources{Files: []string{file}}))
	assert.Equal(t, 5, g.Port)
	assert.Equal(t, "6", m.Extra)
}

func TestTypesThatCannotBeConfigured(t *testing.T) {
	into := struct {
		Odd complex64 `ini:"odd"`
	}{}
	err := Read([]Section{{"g", &into}}, Sources{Environ: []string{"OS_G__ODD=1"}})
	assert.ErrorContains(t, err, "cannot be configured")
}

func TestSampleIsReadBackUnchanged(t *testing.T) {
	g := defaults()
	text := Sample([]Section{{"g", &g}, {"g", &more{}}, {"h", &more{}}})
	assert.Contains(t, string(text), "\n[g]\n\n# A name. (string value)\n#name = n\n")
	assert.Contains(t, string(text), "#hosts = a,b\n")
	assert.Contains(t, string(text), "#wait = 1.5\n")
	assert.Contains(t, string(text), "\n[h]\n\n# One more. (string value)\n#extra =\n")
	entries, err := parseINI(string(text))
	require.NoError(t, err)
	assert.Empty(t, entries)
	for _, line := range splitLines(text) {
		assert.LessOrEqual(t, len(line), 79)
	}
	var back group
	file := write(t, t.TempDir(), "p.conf", uncommented(text))
	require.NoError(t, Read([]Section{{"g", &back}, {"g", &more{}}, {"h", &more{}}}, Sources{Files: []string{file}}))
	assert.Equal(t, defaults(), back)
}
