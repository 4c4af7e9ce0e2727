package api

import (
	"encoding/json"
	"maps"
	"reflect"
	"strings"
	"time"
)

// applyPatch changes spec, a struct, as the members of a JSON merge patch
// say (RFC 7396): null sets a field to what it is in defaults, maps and structs in it are merged, and
// what is not named stays. A create is a patch of the defaults. Resource is the struct that
// embeds the spec; its own fields are set by the server. Errors: invalid,
// naming the field.
func applyPatch[Resource, Spec any](spec *Spec, defaults Spec, patch []member) error {
	target := reflect.ValueOf(spec).Elem()
	fields, serverSet := fieldsOf(target.Type()), fieldsOf(reflect.TypeFor[Resource]())
	for _, m := range patch {
		_, ok := fields[m.name]
		if _, own := serverSet[m.name]; own && !ok {
			return invalid("%s: is set by the server", m.name)
		}
	}
	return patchStruct(target, reflect.ValueOf(defaults), "", patch)
}

// patchStruct patches a struct that errors name with prefix.
func patchStruct(target, defaults reflect.Value, prefix string, patch []member) error {
	fields := fieldsOf(target.Type())
	for _, m := range patch {
		i, ok := fields[m.name]
		if !ok {
			return invalid("%s%.100s: unknown field", prefix, m.name)
		}
		if isNull(m.value) {
			target.Field(i).Set(defaults.Field(i))
			continue
		}
		if err := setField(target.Field(i), defaults.Field(i), member{prefix + m.name, m.value}); err != nil {
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

func setField(field, fallback reflect.Value, m member) error {
	switch field.Kind() {
	case reflect.Map:
		if conditions, ok := reflect.TypeAssert[*map[string]json.RawMessage](field.Addr()); ok {
			return setConditions(conditions, m)
		}
		return setMap(field, m)
	case reflect.Slice:
		return setSlice(field, m)
	case reflect.Struct:
		if at, ok := reflect.TypeAssert[*time.Time](field.Addr()); ok {
			return setTime(at, m)
		}
		return setStruct(field, fallback, m)
	case reflect.Pointer:
		return setPointer(field, m)
	}
	if json.Unmarshal(m.value, field.Addr().Interface()) != nil {
		return invalid("%s: must be %s", m.name, kindName(field.Kind()))
	}
	return nil
}

func setStruct(field, fallback reflect.Value, m member) error {
	patch, err := members(m.name, m.value)
	if err != nil {
		return err
	}
	return patchStruct(field, fallback, m.name+".", patch)
}

// setPointer sets what a field points to, or merges into it, in a new place: the old
// may be in use elsewhere.
func setPointer(field reflect.Value, m member) error {
	merged := reflect.New(field.Type().Elem())
	if !field.IsNil() {
		merged.Elem().Set(field.Elem())
	}
	if err := setField(merged.Elem(), reflect.Zero(field.Type().Elem()), m); err != nil {
		return err
	}
	field.Set(merged)
	return nil
}

// setTime sets a time of RFC 3339.
func setTime(at *time.Time, m member) error {
	var t time.Time
	if json.Unmarshal(m.value, &t) != nil || !canBeStored(t) {
		return notATime(m.name)
	}
	*at = microseconds(t)
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
