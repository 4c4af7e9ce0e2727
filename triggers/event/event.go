// Package event makes what a function gets when something happened: a
// CloudEvent 1.0, in structured mode with the attributes in ce-* headers as
// well, or what the input template of a trigger makes of it.
//
// Sources: the CloudEvents specification 1.0, its JSON format and its HTTP
// protocol binding.
package event

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"github.com/picasso-faas/picasso"
)

// ContentType is that of an event in structured mode.
const ContentType = "application/cloudevents+json"

// Event is a CloudEvent 1.0. Source and ID together tell it from every other
// one; both and Type are required.
type Event struct {
	ID      string
	Source  string // URI reference, as "/projects/{project}/triggers/{id}"
	Type    string // reverse DNS name, as "org.openstack.functions.schedule"
	Subject string // empty: none
	Time    time.Time
	Data    json.RawMessage // a JSON value; nil: none
	// ContentType is that of the data. Empty: JSON. With any other, Data is the
	// text as a JSON string, or nil and Binary has the bytes.
	ContentType string
	Binary      []byte
	// Attributes beyond the specification. Empty: none.
	ProjectID string // the event belongs to
	Priority  string // of a notification, as "INFO"
	RequestID string // of the request that caused it, "req-<uuid>"
}

// wire is the JSON format of an event (section 3 of it).
type wire struct {
	SpecVersion     string          `json:"specversion"`
	ID              string          `json:"id"`
	Source          string          `json:"source"`
	Type            string          `json:"type"`
	Subject         string          `json:"subject,omitempty"`
	Time            string          `json:"time,omitempty"`
	DataContentType string          `json:"datacontenttype,omitempty"`
	ProjectID       string          `json:"projectid,omitempty"`
	Priority        string          `json:"priority,omitempty"`
	RequestID       string          `json:"requestid,omitempty"`
	Data            json.RawMessage `json:"data,omitempty"`
	DataBase64      []byte          `json:"data_base64,omitempty"`
}

// Payload returns the event in structured mode. Errors: invalid (Data is not JSON).
func (e *Event) Payload() (picasso.Payload, error) {
	w := wire{
		SpecVersion: "1.0", ID: e.ID, Source: e.Source, Type: e.Type, Subject: e.Subject, Time: e.time(),
		DataContentType: e.ContentType, ProjectID: e.ProjectID, Priority: e.Priority, RequestID: e.RequestID,
		Data: e.Data, DataBase64: e.Binary,
	}
	if w.DataContentType == "" && len(e.Data) > 0 {
		w.DataContentType = "application/json"
	}
	body, err := marshal(w)
	if err != nil {
		return picasso.Payload{}, badData(err)
	}
	return picasso.Payload{Header: e.header(ContentType), Body: body}, nil
}

func badData(err error) error {
	return picasso.Errorf(picasso.CodeInvalid, "data: is not JSON").WithCause(err)
}

// header returns the attributes as the HTTP binding has them in binary mode.
// Those that are empty are left out.
func (e *Event) header(contentType string) map[string][]string {
	header := map[string][]string{"Content-Type": {contentType}, "Ce-Specversion": {"1.0"}}
	for name, value := range map[string]string{
		"Ce-Id": e.ID, "Ce-Source": e.Source, "Ce-Type": e.Type, "Ce-Subject": e.Subject, "Ce-Time": e.time(),
		"Ce-Projectid": e.ProjectID, "Ce-Priority": e.Priority, "Ce-Requestid": e.RequestID,
	} {
		if value != "" {
			header[name] = []string{percentEncode(value)}
		}
	}
	return header
}

func (e *Event) time() string {
	if e.Time.IsZero() {
		return ""
	}
	return e.Time.UTC().Format(time.RFC3339Nano)
}

// percentEncode makes any text a value of a header: space, double quote,
// percent and all that is not printable ASCII are encoded (HTTP binding,
// section 3.1.3.2), so nobody can smuggle in a line of his own.
func percentEncode(text string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(strings.ToValidUTF8(text, "\uFFFD")) {
		if c > ' ' && c < 0x7f && c != '"' && c != '%' {
			b.WriteByte(c)
			continue
		}
		b.Write([]byte{'%', hex[c>>4], hex[c&15]})
	}
	return b.String()
}

// marshal is json.Marshal that leaves <, > and & readable.
func marshal(value any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
