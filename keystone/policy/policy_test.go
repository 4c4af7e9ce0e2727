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

// what somebody may do with the objects of project "p1".
const (
	nothing = iota
	look
	work
	everything
)

func TestDefaults(t *testing.T) {
	p, _ := newPolicy(t, "")
	for name, c := range map[string]struct {
		id  picasso.Identity
		may int
	}{
		"reader":                {picasso.Identity{ProjectID: "p1", Roles: []string{"reader"}}, look},
		"member":                {picasso.Identity{ProjectID: "p1", Roles: []string{"reader", "member"}}, work},
		"member, not implied":   {picasso.Identity{ProjectID: "p1", Roles: []string{"member"}}, work},
		"manager, not implied":  {picasso.Identity{ProjectID: "p1", Roles: []string{"manager"}}, work},
		"admin":                 {picasso.Identity{ProjectID: "p1", Roles: []string{"admin"}}, everything},
		"admin elsewhere":       {picasso.Identity{ProjectID: "p2", Roles: []string{"admin"}}, everything},
		"member elsewhere":      {picasso.Identity{ProjectID: "p2", Roles: []string{"reader", "member"}}, nothing},
		"service":               {picasso.Identity{ProjectID: "p1", Roles: []string{"service"}}, nothing},
		"no role":               {picasso.Identity{ProjectID: "p1"}, nothing},
		"admin of the system":   {picasso.Identity{SystemScope: true, Roles: []string{"reader", "member", "admin"}}, nothing},
		"nobody":                {picasso.Identity{}, nothing},
		"reader of no project":  {picasso.Identity{Roles: []string{"reader"}}, nothing},
		"somebody else's roles": {picasso.Identity{ProjectID: "p1", Roles: []string{"load-balancer_member"}}, nothing},
	} {
		for _, rule := range Defaults() {
			if !strings.HasPrefix(rule.Name, "functions:") {
				continue
			}
			err := p.Authorize(rule.Name, &c.id, picasso.Target{"project_id": "p1"})
			if c.may >= needed(rule.Name) {
				assert.NoError(t, err, "%s: %s", name, rule.Name)
				continue
			}
			assert.Equal(t, picasso.CodeForbidden, picasso.CodeOf(err), "%s: %s", name, rule.Name)
			assert.ErrorContains(t, err, rule.Name)
		}
	}
}

func needed(rule string) int {
	switch verb := rule[strings.LastIndex(rule, ":")+1:]; verb {
	case "all_projects":
		return everything
	case "list", "show", "log":
		return look
	}
	return work
}

func TestUnknownRuleIsInternal(t *testing.T) {
	p, _ := newPolicy(t, "")
	err := p.Authorize("functions:app:fly", &picasso.Identity{Roles: []string{"admin"}}, nil)
	assert.Equal(t, picasso.CodeInternal, picasso.CodeOf(err))
	assert.ErrorContains(t, err, "functions:app:fly")
}

func TestFileOverrides(t *testing.T) {
	p, _ := newPolicy(t, `
# invoking needs a role of its own here
"operator": "role:cloud_operator"
admin_required: rule:operator
functions:function:invoke: rule:admin_required or role:invoker and project_id:%(project_id)s
functions:app:list: "@"
functions:app:show: ""
functions:app:delete: "!"
`)
	own := picasso.Target{"project_id": "p1"}
	for rule, allowed := range map[string]map[string]bool{
		"functions:function:invoke": {"invoker": true, "member": false, "admin": false, "cloud_operator": true},
		"functions:function:create": {"invoker": false, "member": true, "cloud_operator": true},
		"functions:app:list":        {"nothing": true},
		"functions:app:show":        {"nothing": true},
		"functions:app:delete":      {"member": false, "cloud_operator": false},
	} {
		for role, want := range allowed {
			err := p.Authorize(rule, &picasso.Identity{ProjectID: "p1", Roles: []string{role}}, own)
			assert.Equal(t, want, err == nil, "%s: %s", rule, role)
		}
	}
}

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

func TestSample(t *testing.T) {
	sample := string(Sample())
	p, _ := newPolicy(t, sample)
	require.NotNil(t, p)
	for line := range strings.Lines(sample) {
		assert.True(t, line == "\n" || strings.HasPrefix(line, "#"), line)
	}
	// with its comments taken away it says just what the defaults say
	rules := strings.NewReplacer("\n#\"", "\n\"").Replace(sample)
	overrides, err := parseFile([]byte(rules))
	require.NoError(t, err)
	require.Len(t, overrides, len(Defaults()))
	for i, rule := range Defaults() {
		assert.Equal(t, rule.Name, overrides[i].name)
		assert.Equal(t, rule.Check, overrides[i].check)
		assert.NotEmpty(t, rule.Description)
		assert.Equal(t, strings.HasPrefix(rule.Name, "functions:"), len(rule.Operations) > 0, rule.Name)
	}
	newPolicy(t, rules)
}

func TestAuthorizeAllocatesNothing(t *testing.T) {
	p, _ := newPolicy(t, "")
	id, target := &picasso.Identity{ProjectID: "p1", Roles: []string{"reader", "member"}}, picasso.Target{"project_id": "p1"}
	assert.Zero(t, testing.AllocsPerRun(1000, func() {
		if p.Authorize("functions:function:invoke", id, target) != nil {
			t.Error("not allowed")
		}
	}))
}

func BenchmarkAuthorize(b *testing.B) {
	p, _ := newPolicy(b, "")
	id, target := &picasso.Identity{ProjectID: "p1", Roles: []string{"reader", "member"}}, picasso.Target{"project_id": "p1"}
	b.ReportAllocs()
	for b.Loop() {
		_ = p.Authorize("functions:function:invoke", id, target)
	}
}

func FuzzParseFile(f *testing.F) {
	f.Add(Sample())
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

func newPolicy(t testing.TB, content string) (*Policy, *logtest.Hook) {
	t.Helper()
	log, lines := logtest.NewNullLogger()
	p, err := New(write(t, content), log)
	require.NoError(t, err)
	return p, lines
}

func write(t testing.TB, content string) Source {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "policy.yaml"), []byte(content), 0o600))
	return Source{Dir: os.DirFS(dir), Name: "policy.yaml", Required: true}
}
