package cliff

import (
	"bytes"
	"encoding/json"
	"io"

	"go.yaml.in/yaml/v3"
)

// jsonPrinter writes a list of objects or one object, members in the order of
// the columns.
type jsonPrinter struct{}

func (jsonPrinter) list(w io.Writer, t Table) error { return writeJSON(w, objects(t)) }

func (jsonPrinter) one(w io.Writer, t Table) error {
	return writeJSON(w, object{t.Columns, t.Rows[0]})
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// object is an object whose members keep their order.
type object struct {
	names  []string
	values []any
}

func objects(t Table) []object {
	rows := make([]object, len(t.Rows))
	for i, row := range t.Rows {
		rows[i] = object{t.Columns, row}
	}
	return rows
}

// MarshalJSON implements json.Marshaler.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, name := range o.names {
		if i > 0 {
			b.WriteByte(',')
		}
		member := json.NewEncoder(&b) // not Marshal, which escapes for HTML
		member.SetEscapeHTML(false)
		if err := member.Encode(name); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := member.Encode(o.values[i]); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// MarshalYAML implements yaml.Marshaler.
func (o object) MarshalYAML() (any, error) {
	node := &yaml.Node{Kind: yaml.MappingNode}
	for i, name := range o.names {
		var key, value yaml.Node
		if err := key.Encode(name); err != nil {
			return nil, err
		}
		if err := value.Encode(o.values[i]); err != nil {
			return nil, err
		}
		node.Content = append(node.Content, &key, &value)
	}
	return node, nil
}

// yamlPrinter writes the same documents as jsonPrinter in YAML.
type yamlPrinter struct{}

func (yamlPrinter) list(w io.Writer, t Table) error { return writeYAML(w, objects(t)) }

func (yamlPrinter) one(w io.Writer, t Table) error {
	return writeYAML(w, object{t.Columns, t.Rows[0]})
}

func writeYAML(w io.Writer, v any) error {
	enc := yaml.NewEncoder(w)
	enc.SetIndent(2)
	enc.CompactSeqIndent()
	if err := enc.Encode(v); err != nil {
		return err
	}
	return enc.Close()
}
