package policy

import (
	"fmt"

	"github.com/picasso-faas/picasso"
)

// definition is one rule of a set.
type definition struct {
	name    string
	check   check // nil while others refer to it but nobody has defined it
	refs    []*definition
	line    int  // in policy.yaml; 0 for a default
	builtIn bool // has a default
}

// ruleSet is a set of rules that refer to one another by name, while it is
// being put together.
type ruleSet struct {
	rules map[string]*definition
	order []*definition // as they were first seen, so that errors do not depend on map order
}

func newRuleSet() *ruleSet { return &ruleSet{rules: make(map[string]*definition)} }

// named returns the rule of that name, which may get its check later.
func (s *ruleSet) named(name string) *definition {
	d := s.rules[name]
	if d == nil {
		d = &definition{name: name}
		s.rules[name] = d
		s.order = append(s.order, d)
	}
	return d
}

// add defines a rule, in the place of the default of that name.
func (s *ruleSet) add(name, text string, line int) error {
	d := s.named(name)
	var refs []*definition
	c, err := parse(text, func(ref string) check {
		target := s.named(ref)
		refs = append(refs, target)
		return func(id *picasso.Identity, t picasso.Target) bool { return target.check(id, t) }
	})
	if err != nil {
		return err
	}
	d.check, d.refs, d.line = c, refs, line
	d.builtIn = d.builtIn || line == 0
	return nil
}

// verify refuses what only the whole set shows: a reference to a rule that is
// not there, one that leads back to itself (defaults have none, so a rule of
// the file is in every circle), and a name in the file that nothing knows and
// nothing refers to, which can only be a slip of the pen. It returns the line.
func (s *ruleSet) verify() (line int, err error) {
	used := make(map[*definition]bool)
	for _, d := range s.order {
		for _, ref := range d.refs {
			used[ref] = true
			if ref.check == nil {
				return d.line, fmt.Errorf("rule %q refers to rule:%s, which is not defined", d.name, ref.name)
			}
		}
	}
	for _, d := range s.order {
		if !d.builtIn && !used[d] {
			return d.line, fmt.Errorf("rule %q does not exist, and no other rule refers to it", d.name)
		}
		if d.line > 0 && d.reaches(d, make(map[*definition]bool)) {
			return d.line, fmt.Errorf("rule %q refers to itself, directly or through others", d.name)
		}
	}
	return 0, nil
}

// reaches reports whether following the references of d leads to goal.
func (d *definition) reaches(goal *definition, seen map[*definition]bool) bool {
	for _, ref := range d.refs {
		if ref == goal {
			return true
		}
		if !seen[ref] {
			seen[ref] = true
			if ref.reaches(goal, seen) {
				return true
			}
		}
	}
	return false
}

// checks returns the finished set.
func (s *ruleSet) checks() map[string]check {
	checks := make(map[string]check, len(s.rules))
	for name, d := range s.rules {
		checks[name] = d.check
	}
	return checks
}
