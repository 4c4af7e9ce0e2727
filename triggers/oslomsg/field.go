package oslomsg

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// Field returns a value of the notification by its path: event_type,
// publisher_id, priority, payload, or below payload the names of members and
// the numbers of elements that lead to it, with dots between them. Values are
// those of encoding/json, with json.Number for numbers.
//
// Names may have dots themselves, as "payload.nova_object.data.uuid": of the
// members whose names begin the rest of the path, the one with the longest name
// is taken. In a list of Ceilometer's traits, [[name, type, value], …], the
// name of a trait leads to its value, as "payload.traits.project_id".
func (n *Notification) Field(path string) (value any, found bool) {
	switch path {
	case "event_type":
		return n.EventType, true
	case "publisher_id":
		return n.PublisherID, true
	case "priority":
		return n.Priority, true
	}
	root, rest, deeper := strings.Cut(path, ".")
	if root != "payload" || n.Payload == nil {
		return nil, false
	}
	if value = n.payload(); deeper {
		return find(value, rest)
	}
	return value, true
}

// payload is the payload as a tree, which is made once, and only if somebody
// looks into it.
func (n *Notification) payload() any {
	if !n.parsed {
		decoder := json.NewDecoder(bytes.NewReader(n.Payload))
		decoder.UseNumber() // as it was written
		if decoder.Decode(&n.tree) != nil {
			n.tree = nil // Decode has seen that it is JSON, so somebody else made it
		}
		n.parsed = true
	}
	return n.tree
}

func find(value any, path string) (any, bool) {
	for path != "" {
		var found bool
		if value, path, found = step(value, path); !found {
			return nil, false
		}
	}
	return value, true
}

// step goes to the child with the longest name that path begins with.
func step(value any, path string) (child any, rest string, found bool) {
	for end := len(path); end >= 0; end = strings.LastIndexByte(path[:end], '.') {
		if child, found = childOf(value, path[:end]); found {
			return child, strings.TrimPrefix(path[end:], "."), true
		}
	}
	return nil, "", false
}

func childOf(value any, name string) (child any, found bool) {
	switch value := value.(type) {
	case map[string]any:
		child, found = value[name]
	case []any:
		if i, err := strconv.Atoi(name); err == nil {
			if i >= 0 && i < len(value) {
				return value[i], true
			}
			return nil, false
		}
		return trait(value, name)
	}
	return child, found
}

// trait returns the value of one of Ceilometer's traits.
func trait(list []any, name string) (value any, found bool) {
	for _, element := range list {
		if t, ok := element.([]any); ok && len(t) == 3 && t[0] == name {
			return t[2], true
		}
	}
	return nil, false
}
