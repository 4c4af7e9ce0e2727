package match

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/picasso-faas/picasso/triggers/oslomsg"
)

// Bounds of what a user may ask for.
const (
	maxPathBytes = 1024
	maxPathSteps = 32
	maxChoices   = 100
)

// filter is what must hold of a notification, all of it.
type filter []condition

// condition is what must hold of one field.
type condition struct {
	path  string
	holds predicate
}

// predicate judges a value as oslomsg.Notification.Field returns it.
type predicate func(value any, found bool) bool

// newFilter compiles a filter of picasso.Notification. Errors: invalid.
func newFilter(fields map[string]json.RawMessage) (filter, error) {
	var f filter
	for _, path := range slices.Sorted(maps.Keys(fields)) { // one error at a time, and always the same
		name := fmt.Sprintf("notification.filter[%s]", path)
		if err := checkPath(name, path); err != nil {
			return nil, err
		}
		holds, err := newPredicate(name, fields[path])
		if err != nil {
			return nil, err
		}
		f = append(f, condition{path, holds})
	}
	return f, nil
}

func checkPath(name, path string) error {
	root, rest, deeper := strings.Cut(path, ".")
	switch {
	case len(path) > maxPathBytes || strings.Count(path, ".") >= maxPathSteps:
		return invalid("notification.filter: a path has more than %d bytes or %d steps", maxPathBytes, maxPathSteps)
	case root == "payload" && deeper && slices.Contains(strings.Split(rest, "."), ""):
		return invalid("%s: has an empty step", name)
	case root == "payload":
		return nil
	case deeper || !slices.Contains([]string{"event_type", "publisher_id", "priority", "exchange", "topic"}, root):
		return invalid("%s: is neither payload, with the path of a field, nor one of event_type, publisher_id, priority, exchange and topic", name)
	}
	return nil
}

// newPredicate compiles what a field is compared with. Errors: invalid.
func newPredicate(name string, raw json.RawMessage) (predicate, error) {
	want, err := decode(raw)
	if err != nil {
		return nil, invalid("%s: is not JSON", name)
	}
	switch want := want.(type) {
	case []any:
		return newChoice(name, want)
	case map[string]any:
		return newOperators(name, want)
	}
	return func(value any, found bool) bool { return found && equal(value, want) }, nil
}

func decode(raw json.RawMessage) (value any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if !json.Valid(raw) { // Decode stops behind the first value
		return nil, strconv.ErrSyntax
	}
	err = decoder.Decode(&value)
	return value, err
}

func newChoice(name string, choices []any) (predicate, error) {
	if len(choices) == 0 || len(choices) > maxChoices {
		return nil, invalid("%s: must be a list of 1 to %d values", name, maxChoices)
	}
	for i, choice := range choices {
		switch choice.(type) {
		case []any, map[string]any:
			return nil, invalid("%s[%d]: must be a string, a number, true, false or null", name, i)
		}
	}
	return func(value any, found bool) bool {
		return found && slices.ContainsFunc(choices, func(choice any) bool { return equal(value, choice) })
	}, nil
}

// newOperators compiles operators that must all hold.
func newOperators(name string, operators map[string]any) (predicate, error) {
	var all []predicate
	for _, operator := range slices.Sorted(maps.Keys(operators)) {
		holds, err := newOperator(name, operator, operators[operator])
		if err != nil {
			return nil, err
		}
		all = append(all, holds)
	}
	if len(all) == 0 {
		return nil, invalid("%s: has no operator", name)
	}
	return func(value any, found bool) bool {
		return !slices.ContainsFunc(all, func(holds predicate) bool { return !holds(value, found) })
	}, nil
}

func newOperator(name, operator string, operand any) (predicate, error) {
	name += "." + operator
	switch operator {
	case "exists":
		want, ok := operand.(bool)
		if !ok {
			return nil, invalid("%s: must be true or false", name)
		}
		return func(_ any, found bool) bool { return found == want }, nil
	case "prefix":
		return newTextual(name, operand, strings.HasPrefix)
	case "suffix":
		return newTextual(name, operand, strings.HasSuffix)
	case "gt":
		return newNumeric(name, operand, func(order int) bool { return order > 0 })
	case "gte":
		return newNumeric(name, operand, func(order int) bool { return order >= 0 })
	case "lt":
		return newNumeric(name, operand, func(order int) bool { return order < 0 })
	case "lte":
		return newNumeric(name, operand, func(order int) bool { return order <= 0 })
	}
	return nil, invalid("%s: is not one of prefix, suffix, exists, gt, gte, lt, lte", name)
}

func newTextual(name string, operand any, holds func(text, part string) bool) (predicate, error) {
	part, ok := operand.(string)
	if !ok {
		return nil, invalid("%s: must be a string", name)
	}
	return func(value any, _ bool) bool {
		text, ok := value.(string)
		return ok && holds(text, part)
	}, nil
}

func newNumeric(name string, operand any, holds func(order int) bool) (predicate, error) {
	limit, ok := operand.(json.Number)
	if !ok {
		return nil, invalid("%s: must be a number", name)
	}
	return func(value any, _ bool) bool {
		number, ok := value.(json.Number)
		return ok && holds(compareNumbers(number, limit))
	}, nil
}

func (f filter) holds(src Source, n *oslomsg.Notification) bool {
	for _, c := range f {
		value, found := field(src, n, c.path)
		if !c.holds(value, found) {
			return false
		}
	}
	return true
}

func field(src Source, n *oslomsg.Notification, path string) (value any, found bool) {
	switch path {
	case "exchange":
		return src.Exchange, true
	case "topic":
		return src.Topic, true
	}
	return n.Field(path)
}
