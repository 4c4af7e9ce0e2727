package swift

import (
	"encoding/json"
	"time"

	"github.com/picasso-faas/picasso/triggers/event"
)

// data is that of the CloudEvent. What is known of the object is missing when it
// is deleted, or nobody looked.
type data struct {
	Account      string    `json:"account"`
	ProjectID    string    `json:"project_id"`
	Container    string    `json:"container"`
	Object       string    `json:"object"`
	Operation    string    `json:"operation"`
	Time         time.Time `json:"time"`
	Size         *int64    `json:"size,omitempty"`
	ETag         string    `json:"etag,omitempty"`
	ContentType  string    `json:"content_type,omitempty"`
	LastModified time.Time `json:"last_modified,omitzero"`
	Initiator    *asked    `json:"initiator,omitempty"` // missing: unknown
}

// asked is who sent the request.
type asked struct {
	UserID    string `json:"user_id"`
	ProjectID string `json:"project_id"`
}

// Event returns the event, which has neither id nor source yet.
func (r *Request) Event(operation string, o *Object) *event.Event {
	d := data{
		Account: r.Account, ProjectID: r.ProjectID, Container: r.Container, Object: r.Object,
		Operation: operation, Time: r.Time,
	}
	if r.InitiatorProject != "" {
		d.Initiator = &asked{UserID: r.UserID, ProjectID: r.InitiatorProject}
	}
	if o != nil {
		d.Size, d.ETag, d.ContentType, d.LastModified = &o.Size, o.ETag, o.ContentType, o.LastModified
	}
	text, _ := json.Marshal(d) // fails never
	return &event.Event{
		Type: "org.openstack.objectstore.object." + operation, Subject: r.Subject(), Time: r.Time,
		ProjectID: r.ProjectID, Data: text,
	}
}
