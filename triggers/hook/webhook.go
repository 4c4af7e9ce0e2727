package hook

import (
	"encoding/json"
	"mime"
	"strings"
	"unicode/utf8"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/triggers/event"
)

// webhook is the event of a request: its body is the data. JSON stays what it
// is, also when it is a CloudEvent itself; text becomes a JSON string, and
// anything else is base64 in data_base64. Errors: invalid.
func webhook(t *picasso.Trigger, request *picasso.HookRequest) (*event.Event, error) {
	e := &event.Event{Type: "org.openstack.functions.webhook", Subject: t.Name, ProjectID: t.ProjectID, RequestID: request.ID}
	kind, body := mediaType(request.ContentType), request.Body
	isJSON := kind == "application/json" || strings.HasSuffix(kind, "+json")
	switch {
	case len(body) == 0:
		return e, nil
	case (isJSON || kind == "") && json.Valid(body) && utf8.Valid(body):
		e.Data = body
		return e, nil
	case isJSON:
		return nil, picasso.Errorf(picasso.CodeInvalid, "body: is not JSON, as Content-Type says")
	}
	e.ContentType = contentType(request.ContentType, body)
	if !utf8.Valid(body) {
		e.Binary = body
		return e, nil
	}
	e.Data, _ = json.Marshal(string(body)) // fails never
	return e, nil
}

// mediaType is a content type without parameters; empty where there is none, or
// one that cannot be read.
func mediaType(header string) string {
	kind, _, _ := mime.ParseMediaType(header)
	return kind
}

// contentType is what the sender says, or else what the body looks like.
func contentType(header string, body []byte) string {
	switch {
	case mediaType(header) != "":
		return strings.ToValidUTF8(header, "")
	case utf8.Valid(body):
		return "text/plain; charset=utf-8"
	}
	return "application/octet-stream"
}
