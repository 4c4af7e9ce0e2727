// Package oslomsg reads what OpenStack services tell each other over AMQP: the
// notifications of oslo.messaging, in its envelope 2.0 (driver messagingv2) or
// bare (driver messaging), and Ceilometer's lists of events and samples. It
// tells whose a notification is.
//
// Nothing in a message is trusted: whatever the bytes are, they make
// notifications with bounded attributes and a valid JSON payload, or an error.
//
// Sources: oslo_messaging (notify, _drivers/common) and ceilometer (publisher),
// and messages captured from real services, which are in testdata.
package oslomsg

import (
	"crypto/sha256"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/picasso-faas/picasso"
)

const (
	maxMessageBytes = 4 << 20
	maxTextBytes    = 255 // of an attribute
)

// Notification is what a service told. One must not be used by two goroutines
// at once.
type Notification struct {
	// MessageID tells it from every other one. Who sends none gets one that
	// follows from the bytes of the message. Those of Ceilometer's events and
	// samples begin with "telemetry:", since the event has the id of the
	// notification that it was made of.
	MessageID   string
	PublisherID string          // "<service>.<host>", or anything
	EventType   string          // never empty, as "compute.instance.create.end"
	Priority    string          // INFO, ERROR, SAMPLE, …; empty: unknown
	Time        time.Time       // UTC; zero: unknown
	Payload     json.RawMessage // nil: none
	RequestID   string          // of the request that led to it; empty: unknown
	ProjectID   string          // that request was scoped to, who need not own the thing; empty: unknown

	telemetry bool // one of Ceilometer's list
	tree      any  // Payload; see Field
	parsed    bool
}

// Decode reads a message of at most 4 MiB. It makes one notification, save of
// Ceilometer's lists: there each event or sample is one, with the attributes of
// the message. So an event has the type "event" and a sample "metering"; what
// it is about is in the payload (payload.event_type, payload.counter_name), and
// nobody takes it for the notification that it was made of. Attributes have at
// most 255 bytes and no control characters. Errors: invalid, naming the field.
func Decode(body []byte) ([]*Notification, error) {
	switch {
	case len(body) > maxMessageBytes:
		return nil, invalid("message: is longer than %d bytes", maxMessageBytes)
	case !utf8.Valid(body):
		return nil, invalid("message: is not UTF-8")
	}
	fields, body, err := open(body)
	if err != nil {
		return nil, err
	}
	n, err := newNotification(fields)
	if err != nil {
		return nil, err
	}
	if n.MessageID == "" {
		n.MessageID = idOf(body)
	}
	return n.split(), nil
}

// open takes the message out of its envelope, if it is in one. Names of
// attributes are taken as they are, and of one that comes twice the last
// counts, as in Python; a struct would take "MESSAGE_ID" for "message_id".
func open(body []byte) (fields map[string]json.RawMessage, inner []byte, err error) {
	if fields, err = membersOf(body); err != nil {
		return nil, nil, invalid("message: is not a JSON object: %w", err)
	}
	enveloped := fields["oslo.message"]
	if enveloped == nil || string(enveloped) == "null" {
		return fields, body, nil
	}
	text, ok := textOf(enveloped)
	if !ok {
		return nil, nil, invalid("oslo.message: is not text")
	}
	inner = []byte(text)
	if fields, err = membersOf(inner); err != nil {
		return nil, nil, invalid("oslo.message: is not a JSON object: %w", err)
	}
	return fields, inner, nil
}

func newNotification(fields map[string]json.RawMessage) (*Notification, error) {
	n := &Notification{Payload: fields["payload"]}
	for _, attribute := range [...]struct {
		name  string
		value *string
	}{{"event_type", &n.EventType}, {"message_id", &n.MessageID}, {"publisher_id", &n.PublisherID}, {"priority", &n.Priority}} {
		if err := readText(fields, attribute.name, attribute.value); err != nil {
			return nil, err
		}
	}
	if n.EventType == "" {
		return nil, invalid("event_type: is required")
	}
	n.Time = timeOf(looseText(fields, "timestamp"))
	n.RequestID = looseText(fields, "_context_request_id")
	n.ProjectID = looseText(fields, "_context_project_id", "_context_project", "_context_tenant_id", "_context_tenant")
	return n, nil
}

// readText reads an attribute; missing and null are empty.
func readText(fields map[string]json.RawMessage, name string, value *string) error {
	raw, found := fields[name]
	if !found || string(raw) == "null" {
		return nil
	}
	text, ok := textOf(raw)
	switch *value = text; {
	case !ok:
		return invalid("%s: is not text", name)
	case len(*value) > maxTextBytes:
		return invalid("%s: is longer than %d bytes", name, maxTextBytes)
	case strings.ContainsFunc(*value, isControl):
		return invalid("%s: has control characters", name)
	}
	return nil
}

// looseText is the first attribute of those that is text; what is not is no
// reason to lose the notification.
func looseText(fields map[string]json.RawMessage, names ...string) string {
	for _, name := range names {
		var value string
		if readText(fields, name, &value) == nil && value != "" {
			return value
		}
	}
	return ""
}

func isControl(c rune) bool { return c < ' ' || c == 0x7f }

// idOf makes an id of the bytes of a message, the same one however often it comes.
func idOf(message []byte) string {
	return uuid.NewHash(sha256.New(), uuid.NameSpaceOID, message, 8).String()
}

// timeOf reads a time of oslo.utils, which is UTC without saying so; zero when
// it is none.
func timeOf(text string) time.Time {
	text = strings.Replace(text, " ", "T", 1)
	layouts := []string{"2006-01-02T15:04:05", time.RFC3339, "2006-01-02T15:04:05Z0700"} // fractions are read with any
	for _, layout := range layouts {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC()
		}
	}
	return time.Time{}
}

func invalid(format string, args ...any) error {
	return picasso.Errorf(picasso.CodeInvalid, format, args...)
}
