package policy

import (
	"fmt"
	"strings"

	"github.com/picasso-faas/picasso"
)

// template is the right side of a comparison: text with attributes of the
// target, written %(name)s, in it.
type template []segment

// segment is either text or the name of an attribute of the target.
type segment struct {
	text string
	key  string
}

// parseTemplate reads Python's % formatting as far as policies use it:
// %(name)s and %%.
func parseTemplate(s string) (template, error) {
	var t template
	for s != "" {
		before, after, found := strings.Cut(s, "%")
		if before != "" {
			t = append(t, segment{text: before})
		}
		if !found {
			break
		}
		if rest, escaped := strings.CutPrefix(after, "%"); escaped {
			t = append(t, segment{text: "%"})
			s = rest
			continue
		}
		name, rest, ok := strings.Cut(strings.TrimPrefix(after, "("), ")s")
		if !ok || name == "" || !strings.HasPrefix(after, "(") {
			return nil, fmt.Errorf("%%%s: expected %%(name)s", after)
		}
		t = append(t, segment{key: name})
		s = rest
	}
	return t, nil
}

// equals reports whether value is what the template gives for the target,
// without building it. It is false when the target lacks an attribute.
func (t template) equals(value string, target picasso.Target) bool {
	for _, s := range t {
		part := s.text
		if s.key != "" {
			var ok bool
			if part, ok = target[s.key]; !ok {
				return false
			}
		}
		var ok bool
		if value, ok = strings.CutPrefix(value, part); !ok {
			return false
		}
	}
	return value == ""
}
