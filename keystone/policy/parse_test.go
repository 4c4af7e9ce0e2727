package policy

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// evaluate compiles a rule that refers to the rules "yes" and "no" at most.
func evaluate(t *testing.T, text string, id *picasso.Identity, target picasso.Target) bool {
	t.Helper()
	c, err := parse(text, func(name string) check {
		return map[string]check{"yes": always, "no": never}[name]
	})
	require.NoError(t, err, text)
	return c(id, target)
}

func TestRuleLanguage(t *testing.T) {
	id := &picasso.Identity{
		UserID: "u1", UserDomainID: "d1", ProjectID: "p1", ProjectDomainID: "d2", Roles: []string{"member", "Reader"},
	}
	target := picasso.Target{"project_id": "p1", "user_id": "u2", "kind": "gold", "empty": ""}
	for rule, want := range map[string]bool{
		"":                                   true,
		"  ":                                 true,
		"@":                                  true,
		"!":                                  false,
		"(@)":                                true,
		"role:member":                        true,
		"role:MEMBER":                        true,
		"role:reader":                        true,
		"role:admin":                         false,
		"rule:yes":                           true,
		"rule:no":                            false,
		"not rule:no":                        true,
		"NOT rule:no AND @":                  true,
		"not not @":                          true,
		"not (@ and !)":                      true,
		"not @ or @":                         true,
		"@ or @ and !":                       true, // and binds tighter
		"(@ or @) and !":                     false,
		"! and @ or @":                       true,
		"! or (! or (@))":                    true,
		"role:admin or rule:no or role:x":    false,
		"@ and role:member and rule:yes":     true,
		"( @ ) and ( role:member )":          true,
		"project_id:%(project_id)s":          true,
		"(project_id:%(project_id)s)":        true,
		"project_id:p1":                      true,
		"project_id:p2":                      false,
		"project_id:p%(missing)s":            false,
		"project_id:%(missing)s":             false,
		"not project_id:%(missing)s":         true,
		"user_id:%(user_id)s":                false,
		"user_id:u1":                         true,
		"user_domain_id:d1":                  true,
		"project_domain_id:d2":               true,
		"system_scope:all":                   false,
		"is_admin:True":                      false,
		"is_admin:False":                     true,
		"'gold':%(kind)s":                    true,
		`"gold":%(kind)s`:                    true,
		"'silver':%(kind)s":                  false,
		"'gold-p1':%(kind)s-%(project_id)s":  true,
		"'gold-p1x':%(kind)s-%(project_id)s": false,
		"'gold-':%(kind)s-%(project_id)s":    false,
		"'100%':100%%":                       true,
		"'':%(empty)s":                       true,
		"'':%(missing)s":                     false,
		"True:True":                          true,
		"1:1":                                true,
		"-1.5:-1.5":                          true,
		"1:2":                                false,
		"None:None":                          true,
	} {
		assert.Equal(t, want, evaluate(t, rule, id, target), rule)
	}
}

// What is not there equals nothing: else a token without a project would own
// every object without one.
func TestEmptyMatchesNothing(t *testing.T) {
	nobody, nothing := &picasso.Identity{}, picasso.Target{"project_id": "", "user_id": ""}
	for _, rule := range []string{"project_id:%(project_id)s", "user_id:%(user_id)s", "system_scope:%(project_id)s"} {
		assert.False(t, evaluate(t, rule, nobody, nothing), rule)
	}
	assert.True(t, evaluate(t, "system_scope:all", &picasso.Identity{SystemScope: true}, nil))
	assert.True(t, evaluate(t, "is_admin:True", &picasso.Identity{Roles: []string{"admin"}}, nil))
}

func TestRuleMistakes(t *testing.T) {
	for rule, reason := range map[string]string{
		"role":                            `"role" is not a check`,
		"role:":                           "is not a check",
		":x":                              "is not a check",
		"and":                             `"and" is not a check`,
		"@ and":                           "ends where a check is expected",
		"not":                             "ends where a check is expected",
		"@ @":                             `unexpected "@"`,
		"@ )":                             `unexpected ")"`,
		"(@":                              "a parenthesis is not closed",
		"((@)":                            "a parenthesis is not closed",
		"()":                              `")" is not a check`,
		"http://example.com":              "not supported",
		"https:x":                         "not supported",
		"tenant_id:x":                     `"tenant_id" is not a kind of check`,
		"domain_id:x":                     "is not a kind of check",
		"not(role:x)":                     "is not a kind of check",
		"project_id:%(a)d":                "expected %(name)s",
		"project_id:%s":                   "expected %(name)s",
		"project_id:%()s":                 "expected %(name)s",
		"project_id:%a)s":                 "expected %(name)s",
		"project_id:100%":                 "expected %(name)s",
		"role:%(x)s":                      "a role must be written out",
		"'half:%(x)s":                     "is not a kind of check",
		"[]":                              "is not a check",
		strings.Repeat("(", 200):          "more than 100 levels",
		strings.Repeat("not ", 200) + "@": "more than 100 levels",
	} {
		_, err := parse(rule, func(string) check { return always })
		assert.ErrorContains(t, err, reason, rule)
	}
}

func FuzzParse(f *testing.F) {
	for _, rule := range Defaults() {
		f.Add(rule.Check)
	}
	f.Add("not (@ or !) and 'a':%(b)s")
	id := &picasso.Identity{ProjectID: "p", Roles: []string{"member"}}
	target := picasso.Target{"project_id": "p"}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parse(text, func(string) check { return never })
		if err != nil {
			return
		}
		allowed := c(id, target)
		if strings.TrimSpace(text) == "" {
			return
		}
		// what a rule means does not change when it is put in parentheses or negated twice
		again, err := parse("not (not ("+text+"))", func(string) check { return never })
		if err == nil { // may be nested too deeply now
			assert.Equal(t, allowed, again(id, target))
		}
	})
}
