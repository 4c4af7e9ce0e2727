package policy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

func TestMistakesInFile(t *testing.T) {
	for name, c := range map[string]struct{ content, want string }{
		"not YAML":            {"a: [", "policy.yaml: yaml: line 1"},
		"a list":              {"- a\n- b", "policy.yaml:1: expected a mapping"},
		"a text":              {"just text", "policy.yaml:1: expected a mapping"},
		"legacy list":         {"\nfunctions:app:list: [[role:admin]]", `policy.yaml:2: rule "functions:app:list": expected a text`},
		"null":                {"functions:app:list:", "policy.yaml:1: rule \"functions:app:list\": expected a text"},
		"a number":            {"functions:app:list: 5", "policy.yaml:1: rule \"functions:app:list\": expected a text"},
		"an alias":            {"functions:app:list: &a \"@\"\nfunctions:app:show: *a", "policy.yaml:2: rule \"functions:app:show\": expected a text"},
		"twice":               {"functions:app:list: \"@\"\n\nfunctions:app:list: \"!\"", "policy.yaml:3: rule \"functions:app:list\" is already on line 1"},
		"does not parse":      {"\n\nfunctions:app:list: role:a or", "policy.yaml:3: rule \"functions:app:list\": ends where a check is expected"},
		"unknown rule":        {"functions:app:lst: \"@\"", "policy.yaml:1: rule \"functions:app:lst\" does not exist"},
		"undefined":           {"functions:app:list: rule:friends", "policy.yaml:1: rule \"functions:app:list\" refers to rule:friends, which is not defined"},
		"refers to itself":    {"\nfunctions:app:list: rule:functions:app:list", "policy.yaml:2: rule \"functions:app:list\" refers to itself"},
		"in a circle":         {"a: rule:b\nb: rule:a\nfunctions:app:list: rule:a", "policy.yaml:1: rule \"a\" refers to itself"},
		"circle of a default": {"project_reader: rule:functions:app:list", "policy.yaml:1: rule \"project_reader\" refers to itself"},
		"remote":              {"functions:app:list: http://example.com/check", "policy.yaml:1: rule \"functions:app:list\": http: checks"},
	} {
		t.Run(name, func(t *testing.T) {
			source := write(t, c.content)
			_, err := New(source, logrus.New())
			assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err))
			assert.ErrorContains(t, err, c.want)
		})
	}
}

func TestMissingFile(t *testing.T) {
	source := Source{Dir: os.DirFS(t.TempDir()), Name: "policy.yaml"}
	_, err := New(source, logrus.New())
	assert.NoError(t, err)
	source.Required = true
	_, err = New(source, logrus.New())
	assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err))
	assert.ErrorContains(t, err, "policy.yaml")

	big := write(t, strings.Repeat("#", maxFileBytes+1))
	_, err = New(big, logrus.New())
	assert.ErrorContains(t, err, "larger than")

	_, err = New(Source{}, logrus.New())
	assert.NoError(t, err)
}

func TestReload(t *testing.T) {
	dir := t.TempDir()
	log, lines := logtest.NewNullLogger()
	p, err := New(Source{Dir: os.DirFS(dir), Name: "policy.yaml"}, log)
	require.NoError(t, err)
	now := time.Now()
	p.file.now = func() time.Time { return now }
	member := &picasso.Identity{ProjectID: "p1", Roles: []string{"member"}}
	allowed := func() bool {
		return p.Authorize("functions:app:list", member, picasso.Target{"project_id": "p1"}) == nil
	}
	put := func(content string) {
		file := filepath.Join(dir, "policy.yaml")
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
		now = now.Add(2 * pollEvery)
		require.NoError(t, os.Chtimes(file, now, now)) // two writes may fall into one tick of the file system
	}
	require.True(t, allowed())

	put(`functions:app:list: "!"`)
	assert.False(t, allowed(), "a file that appears is taken over")
	put(`functions:app:list: "@"`)
	assert.True(t, allowed(), "a file that changes is taken over")
	assert.Len(t, lines.AllEntries(), 2)

	put(`functions:app:list: rule:nobody`)
	assert.True(t, allowed(), "a bad file changes nothing")
	now = now.Add(2 * pollEvery)
	assert.True(t, allowed())
	require.Len(t, lines.AllEntries(), 3, "and is complained about once")
	assert.Equal(t, logrus.ErrorLevel, lines.LastEntry().Level)

	put(`functions:app:list: "!"`)
	assert.False(t, allowed(), "a mended file is taken over")
	require.NoError(t, os.Remove(filepath.Join(dir, "policy.yaml")))
	now = now.Add(2 * pollEvery)
	assert.False(t, allowed(), "a file that goes away changes nothing")
	now = now.Add(2 * pollEvery)
	assert.False(t, allowed())
	assert.Len(t, lines.AllEntries(), 5)
}

func FuzzParseFile(f *testing.F) {
	f.Add([]byte("# a comment\n\n\"functions:app:list\": \"role:x\" # why\n"))
	f.Add([]byte("a: rule:b\nb: '@'\nfunctions:app:list: rule:a"))
	f.Add([]byte("{\"functions:app:list\": \"!\"}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		rules, err := compile("policy.yaml", data)
		if err != nil {
			assert.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err))
			return
		}
		for _, allows := range rules {
			allows(&picasso.Identity{ProjectID: "p"}, picasso.Target{"project_id": "p"})
		}
	})
}
