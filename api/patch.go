package api

import (
	"encoding/json"
	"maps"
	"reflect"
	"strings"
)

// applyPatch changes spec, a flat struct, as the members of a JSON merge patch
// say (RFC 7396): null sets a field to what it is in defaults, maps are merged, and what is not
// named stays. A create is a patch of the defaults. Resource is the struct that
// embeds the spec; its own fields are set by the server. Errors: invalid,
// naming the field.
func applyPatch[Resource, Spec any](spec *Spec, defaults Spec, patch []member) error {
	target, fallback := reflect.ValueOf(spec).Elem(), reflect.ValueOf(defaults)
	fields, serverSet := fieldsOf(target.Type()), fieldsOf(reflect.TypeFor[Resource]())
	for _, m := range patch {
		i, ok := fields[m.name]
		if _, own := serverSet[m.name]; own && !ok {
			return invalid("%s: is set by the server", m.name)
		}
		if !ok {
			return invalid("%.100s: unknown field", m.name)
		}
		if isNull(m.value) {
			target.Field(i).Set(fallback.Field(i))
			continue
		}
		if err := setField(target.Field(i), m); err != nil {
			return err
		}
	}
	return nil
}

// fieldsOf maps the JSON names of the fields to their indexes; embedded structs
// and fields that JSON does not show are left out.
func fieldsOf(t reflect.Type) map[string]int {
	fields := make(map[string]int, t.NumField())
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name != "" && name != "-" {
			fields[name] = i
		}
	}
	return fields
}

func isNull(value json.RawMessage) bool { return string(value) == "null" }

func setField(field reflect.Value, m member) error {
	switch field.Kind() {
	case reflect.Map:
		return setMap(field, m)
	case reflect.Slice:
		return setSlice(field, m)
	}
	if json.Unmarshal(m.value, field.Addr().Interface()) != nil {
		return invalid("%s: must be %s", m.name, kindName(field.Kind()))
	}
	return nil
}

// setMap merges into a map of strings, a new one: the old may be in use elsewhere.
func setMap(field reflect.Value, m member) error {
	patch, err := members(m.name, m.value)
	if err != nil {
		return err
	}
	merged := maps.Clone(field.Interface().(map[string]string))
	if merged == nil {
		merged = map[string]string{}
	}
	for _, p := range patch {
		if isNull(p.value) {
			delete(merged, p.name)
			continue
		}
		var value string
		if json.Unmarshal(p.value, &value) != nil {
			return invalid("%s[%.100s]: must be a string", m.name, p.name)
		}
		merged[p.name] = value
	}
	field.Set(reflect.ValueOf(merged))
	return nil
}

// setSlice sets a list of strings.
func setSlice(field reflect.Value, m member) error {
	var values []*string
	if json.Unmarshal(m.value, &values) != nil {
		return invalid("%s: must be a list of strings", m.name)
	}
	list := make([]string, len(values))
	for i, value := range values {
		if value == nil {
			return invalid("%s[%d]: must be a string", m.name, i)
		}
		list[i] = *value
	}
	field.Set(reflect.ValueOf(list))
	return nil
}

func kindName(kind reflect.Kind) string {
	switch kind {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Float64:
		return "a number"
	default:
		return "a whole number"
	}
}
