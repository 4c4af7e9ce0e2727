package oslomsg

import (
	"bytes"
	"encoding/json"
)

// telemetryPrefix begins the ids of Ceilometer's events and samples: an event
// has the id of the notification that it was made of, and is not the same.
const telemetryPrefix = "telemetry:"

// split makes each element of one of Ceilometer's lists a notification of its
// own: they may belong to several projects. Any other payload is left alone.
func (n *Notification) split() []*Notification {
	var elements []json.RawMessage
	if !bytes.HasPrefix(n.Payload, []byte("[")) || json.Unmarshal(n.Payload, &elements) != nil {
		return []*Notification{n}
	}
	list := make([]*Notification, 0, len(elements))
	for _, element := range elements {
		id, found := telemetryID(element)
		if !found {
			return []*Notification{n} // some other list
		}
		one := *n
		one.MessageID, one.Payload, one.telemetry = id, element, true
		list = append(list, &one)
	}
	if len(list) == 0 {
		return []*Notification{n}
	}
	return list
}

// telemetryID makes an id of that of an event (which has traits) or of a sample
// (which has the name of a counter).
func telemetryID(element json.RawMessage) (id string, found bool) {
	var fields map[string]json.RawMessage
	if json.Unmarshal(element, &fields) != nil || fields["traits"] == nil && fields["counter_name"] == nil {
		return "", false
	}
	id = looseText(fields, "message_id")
	if id == "" || len(id) > maxTextBytes-len(telemetryPrefix) {
		id = idOf(element)
	}
	return telemetryPrefix + id, true
}
