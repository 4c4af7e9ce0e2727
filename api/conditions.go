package api

import (
	"encoding/json"
	"fmt"
	"maps"
)

// setConditions merges into conditions, in a new map: a condition is a value, or an
// object of operators, which are merged as well. What they are about is not looked into.
func setConditions(conditions *map[string]json.RawMessage, m member) error {
	patch, err := members(m.name, m.value)
	if err != nil {
		return err
	}
	merged := maps.Clone(*conditions)
	if merged == nil {
		merged = map[string]json.RawMessage{}
	}
	for _, p := range patch {
		if p.value[0] == '{' {
			if p.value, err = mergeOperators(merged[p.name], member{fmt.Sprintf("%s[%.100s]", m.name, p.name), p.value}); err != nil {
				return err
			}
		}
		setOrDelete(merged, p)
	}
	*conditions = merged
	return nil
}

// mergeOperators merges into an object of operators, and replaces any other value.
func mergeOperators(old json.RawMessage, m member) (json.RawMessage, error) {
	patch, err := members(m.name, m.value)
	if err != nil {
		return nil, err
	}
	var merged map[string]json.RawMessage
	if json.Unmarshal(old, &merged) != nil || merged == nil {
		merged = map[string]json.RawMessage{}
	}
	for _, p := range patch {
		setOrDelete(merged, p)
	}
	return json.Marshal(merged)
}

func setOrDelete(values map[string]json.RawMessage, m member) {
	if isNull(m.value) {
		delete(values, m.name)
		return
	}
	values[m.name] = m.value
}
