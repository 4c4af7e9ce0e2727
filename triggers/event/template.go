package event

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/picasso-faas/picasso"
)

// MaxInputBytes bounds what a template makes of an event.
const MaxInputBytes = 1 << 20

// maxNameBytes bounds what may stand between the braces.
const maxNameBytes = 1024

// Input returns what a trigger's function gets: the event itself when the
// template is empty, otherwise what the template makes of it, with the
// attributes of the event in ce-* headers (which is a CloudEvent in binary
// mode). See picasso.TriggerSpec for templates: a text is put in escaped as
// inside of JSON quotes but without them, any other value as JSON, a missing
// one as nothing; ${…} with other names stays as it is. A number in a path
// counts in a list, from 0; binary data is base64. The content type is JSON if the outcome is, else
// plain text. Errors: invalid (Data is not JSON), too_large (MaxInputBytes).
func (e *Event) Input(template string) (picasso.Payload, error) {
	if template == "" {
		return e.Payload()
	}
	values, err := e.values()
	if err != nil {
		return picasso.Payload{}, err
	}
	body, err := expand(template, values)
	if err != nil {
		return picasso.Payload{}, err
	}
	contentType := "text/plain; charset=utf-8"
	if json.Valid(body) {
		contentType = "application/json"
	}
	return picasso.Payload{Header: e.header(contentType), Body: body}, nil
}

// values is the event as a tree that names of a template lead through. Data is
// read once, however many names there are.
func (e *Event) values() (map[string]any, error) {
	values := map[string]any{
		"id": e.ID, "type": e.Type, "source": e.Source, "subject": e.Subject, "time": e.time(), "data": missing{},
	}
	switch {
	case len(e.Binary) > 0:
		values["data"] = base64.StdEncoding.EncodeToString(e.Binary)
		return values, nil
	case len(e.Data) == 0:
		return values, nil
	}
	var data any
	decoder := json.NewDecoder(bytes.NewReader(e.Data))
	decoder.UseNumber()                                                  // as it was written
	if err := decoder.Decode(&data); err != nil || !json.Valid(e.Data) { // Decode stops behind the first value
		return nil, badData(err)
	}
	values["data"] = data
	return values, nil
}

// missing is the value of what a path does not find.
type missing struct{}

// expand replaces what it knows. It looks at each byte of the template a
// bounded number of times, whoever wrote it.
func expand(template string, values map[string]any) ([]byte, error) {
	var out []byte
	for rest := template; rest != ""; {
		before, after, found := strings.Cut(rest, "${")
		out, rest = append(out, before...), after
		if !found {
			break
		}
		name, _, found := strings.Cut(rest[:min(len(rest), maxNameBytes)], "}")
		value, ours := find(values, name)
		if found && ours {
			out, rest = append(out, inserted(value)...), rest[len(name)+1:]
		} else {
			out = append(out, "${"...)
		}
		if len(out) > MaxInputBytes {
			break
		}
	}
	if len(out) > MaxInputBytes {
		return nil, picasso.Errorf(picasso.CodeTooLarge, "input_template: makes more than %d bytes of the event", MaxInputBytes)
	}
	return out, nil
}

// find follows a path through objects and lists. It is ours when it begins
// with one of the values.
func find(values map[string]any, path string) (value any, ours bool) {
	first, rest, deeper := strings.Cut(path, ".")
	value, ours = values[first]
	if !ours || !deeper {
		return value, ours
	}
	for step := range strings.SplitSeq(rest, ".") {
		value = child(value, step)
	}
	return value, true
}

func child(value any, step string) any {
	switch value := value.(type) {
	case map[string]any:
		if found, ok := value[step]; ok {
			return found
		}
	case []any:
		if at, err := strconv.Atoi(step); err == nil && at >= 0 && at < len(value) {
			return value[at]
		}
	}
	return missing{}
}

// inserted is a value as it goes into a template.
func inserted(value any) []byte {
	switch value.(type) {
	case missing:
		return nil
	case string:
		quoted, _ := marshal(value) // a string always can be
		return quoted[1 : len(quoted)-1]
	}
	text, _ := marshal(value) // what was read as JSON can be written
	return text
}
