package destination

import (
	"encoding/json"
	"mime"
	"strings"
	"unicode/utf8"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/triggers/event"
	"github.com/picasso-faas/picasso/triggers/queue"
)

// maxInlineBytes is the size up to which inputs and results are in the event.
const maxInlineBytes = 64 << 10

// data is the data of the event, see the package's comment.
type data struct {
	Execution         *picasso.Execution `json:"execution"`
	Input             json.RawMessage    `json:"input,omitempty"`
	InputBase64       []byte             `json:"input_base64,omitempty"`
	InputContentType  string             `json:"input_content_type,omitempty"`
	Result            json.RawMessage    `json:"result,omitempty"`
	ResultBase64      []byte             `json:"result_base64,omitempty"`
	ResultContentType string             `json:"result_content_type,omitempty"`
}

// newEvent is the event about an execution that has ended.
func newEvent(ended *queue.Ended) *event.Event {
	e := ended.Execution
	kind := "failed"
	if e.Status == picasso.StatusSucceeded {
		kind = "succeeded"
	}
	content := data{Execution: e}
	content.Input, content.InputBase64, content.InputContentType = inline(ended.Input)
	if ended.Result != nil {
		content.Result, content.ResultBase64, content.ResultContentType = inline(ended.Result)
	}
	text, _ := json.Marshal(content) // an error leaves it empty, which Payload complains about
	return &event.Event{
		ID: e.ID, Source: "/projects/" + e.ProjectID + "/functions/" + e.FunctionID,
		Type: "org.openstack.functions.execution." + kind, Subject: e.ID, Time: e.FinishedAt, Data: text,
	}
}

// inline returns a payload as a JSON value, or else its bytes.
func inline(p *picasso.Payload) (value json.RawMessage, raw []byte, contentType string) {
	if kinds := p.Header["Content-Type"]; len(kinds) > 0 {
		contentType = strings.ToValidUTF8(kinds[0], "")
	}
	switch {
	case len(p.Body) == 0 || len(p.Body) > maxInlineBytes:
		return nil, nil, contentType
	case maybeJSON(contentType) && json.Valid(p.Body):
		return p.Body, nil, contentType
	case utf8.Valid(p.Body):
		value, _ = json.Marshal(string(p.Body)) // fails never
		return value, nil, contentType
	}
	return nil, p.Body, contentType
}

// maybeJSON reports whether a content type says JSON, or nothing.
func maybeJSON(contentType string) bool {
	kind, _, _ := mime.ParseMediaType(contentType)
	return contentType == "" || kind == "application/json" || strings.HasSuffix(kind, "+json")
}
