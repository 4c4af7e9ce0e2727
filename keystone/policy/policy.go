// Package policy decides who may do what, in the language of oslo.policy:
// defaults in code (Defaults), overridden rule by rule by the operator's
// policy.yaml, which is read again when it changes.
//
// It promises that no mistake in policy.yaml opens or closes a door silently:
// a file with one is refused whole, with line and reason, at start; later the
// mistake is logged and the rules in force stay. Deciding allocates nothing.
package policy

import (
	"errors"
	"fmt"
	"io/fs"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/picasso-faas/picasso"
)

// Policy implements picasso.Authorizer. It is safe for concurrent use.
type Policy struct {
	rules atomic.Pointer[map[string]check]
	file  watcher
	log   logrus.FieldLogger
}

// Source is where policy.yaml is. The zero Source has none.
type Source struct {
	Dir      fs.FS  // usually os.DirFS of the folder of the file
	Name     string // of the file in Dir; empty: the defaults hold
	Required bool   // refuse to start without the file; for one that was named explicitly
}

// New returns the policy of Defaults and the rules in the file, which is
// looked at again at most once a second while the policy is in use. Errors:
// invalid, naming file, line and reason.
func New(source Source, log logrus.FieldLogger) (*Policy, error) {
	p := &Policy{log: log, file: watcher{
		dir: source.Dir, name: source.Name, now: time.Now, started: time.Now(),
	}}
	data, _, err := p.file.poll()
	if err != nil && (source.Required || !errors.Is(err, fs.ErrNotExist)) {
		return nil, picasso.Errorf(picasso.CodeInvalid, "policy file: %v", err)
	}
	rules, err := compile(source.Name, data)
	if err != nil {
		return nil, err
	}
	p.rules.Store(&rules)
	return p, nil
}

// Authorize implements picasso.Authorizer. A rule that is not there is a
// mistake of the caller and internal.
func (p *Policy) Authorize(rule string, id *picasso.Identity, target picasso.Target) error {
	if p.file.due() {
		p.reload()
	}
	allows, known := (*p.rules.Load())[rule]
	if !known {
		return picasso.AsError(fmt.Errorf("policy: no rule is named %q", rule))
	}
	if !allows(id, target) {
		return picasso.Errorf(picasso.CodeForbidden, "policy rule %s does not allow this", rule)
	}
	return nil
}

// reload takes over the file if it changed. One that cannot be used, or has
// gone, is logged once and changes nothing: an editor may be about to put the
// next one in its place.
func (p *Policy) reload() {
	data, changed, err := p.file.poll()
	if !changed {
		return
	}
	var rules map[string]check
	if err == nil {
		rules, err = compile(p.file.name, data)
	}
	log := p.log.WithField("file", p.file.name)
	if err != nil {
		log.WithError(err).Error("policy file cannot be used, the former rules stay in force")
		return
	}
	p.rules.Store(&rules)
	log.Info("policy file read again")
}

// compile makes the rules of Defaults and of a policy file ready for use.
func compile(file string, data []byte) (map[string]check, error) {
	overrides, err := parseFile(data)
	if err != nil {
		return nil, picasso.Errorf(picasso.CodeInvalid, "%s:%v", file, err)
	}
	set := newRuleSet()
	for _, rule := range Defaults() {
		if err := set.add(rule.Name, rule.Check, 0); err != nil {
			return nil, err // a mistake in Defaults, which the tests find
		}
	}
	for _, o := range overrides {
		if err := set.add(o.name, o.check, o.line); err != nil {
			return nil, picasso.Errorf(picasso.CodeInvalid, "%s:%d: rule %q: %v", file, o.line, o.name, err)
		}
	}
	if line, err := set.verify(); err != nil {
		return nil, picasso.Errorf(picasso.CodeInvalid, "%s:%d: %v", file, line, err)
	}
	return set.checks(), nil
}
