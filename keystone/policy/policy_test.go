package policy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

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
			if !strings.HasPrefix(rule.Name, "functions:") || rule.Name == "functions:host:heartbeat" {
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

// TestServicesReport: who is a compute host is nobody's business but a service's.
func TestServicesReport(t *testing.T) {
	p, _ := newPolicy(t, "")
	for role, want := range map[string]bool{"service": true, "admin": false, "member": false, "reader": false} {
		err := p.Authorize("functions:host:heartbeat", &picasso.Identity{ProjectID: "p1", Roles: []string{role}}, picasso.Target{"project_id": "p1"})
		assert.Equal(t, want, err == nil, role)
	}
}

func needed(rule string) int {
	if strings.HasPrefix(rule, "functions:host:") {
		return everything
	}
	switch verb := rule[strings.LastIndex(rule, ":")+1:]; verb {
	case "all_projects":
		return everything
	case "list", "show", "log", "result":
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
