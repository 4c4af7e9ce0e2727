package swift

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/picasso-faas/picasso"
)

// payload is the part of the CADF event that matters.
type payload struct {
	Outcome   string `json:"outcome"`
	EventTime string `json:"eventTime"`
	Initiator struct {
		ID        string `json:"id"`
		ProjectID string `json:"project_id"`
	} `json:"initiator"`
	Target struct {
		ID       string `json:"id"`
		Action   string `json:"action"`
		Metadata struct {
			Path      string `json:"path"`
			Container string `json:"container"`
			Object    string `json:"object"`
		} `json:"metadata"`
	} `json:"target"`
	Measurements []measurement `json:"measurements"`
}

type measurement struct {
	Result float64 `json:"result"`
	Metric struct {
		Name string `json:"name"`
	} `json:"metric"`
}

// maxNameBytes bounds the names: what Swift takes by default, twice, since operators may raise it.
const maxNameBytes = 2048

// Decode reads the payload of a notification. It returns nil for requests that
// changed no object that is known: those that only read, that were about a container or an
// account, that ended in an exception, forms and bulk requests. Errors: invalid.
func Decode(raw []byte) (*Request, error) {
	var p payload
	if err := json.Unmarshal(raw, &p); err != nil {
		return nil, picasso.Errorf(picasso.CodeInvalid, "payload: is not what ceilometermiddleware sends").WithCause(err)
	}
	meta := p.Target.Metadata
	method := strings.ToUpper(p.Target.Action)
	if !changes(method) || meta.Container == "" || meta.Object == "" || p.Outcome == "failure" {
		return nil, nil
	}
	r := &Request{Method: method, Account: account(meta.Path), ProjectID: p.Target.ID}
	var err error
	if r.Container, err = decodeName(meta.Container); err != nil {
		return nil, err
	}
	if r.Object, err = decodeName(meta.Object); err != nil {
		return nil, err
	}
	switch {
	case len(r.Container) > maxNameBytes, len(r.Object) > maxNameBytes:
		return nil, picasso.Errorf(picasso.CodeInvalid, "payload.target.metadata: a name is longer than %d bytes", maxNameBytes)
	case r.ProjectID == "":
		return nil, picasso.Errorf(picasso.CodeInvalid, "payload.target.id: is required")
	}
	if p.Initiator.ProjectID != "" { // else the id was made up
		r.UserID, r.InitiatorProject = p.Initiator.ID, p.Initiator.ProjectID
	}
	r.ReceivedBytes, r.SentBytes = p.bytes("incoming"), p.bytes("outgoing")
	if r.Method == http.MethodPost && r.ReceivedBytes > 0 && !r.endsUpload() {
		return nil, nil // forms and bulk requests name no object
	}
	if r.Time, err = time.Parse("2006-01-02T15:04:05", strings.TrimSuffix(p.EventTime, "Z")); err != nil {
		return nil, picasso.Errorf(picasso.CodeInvalid, "payload.eventTime: is not a time")
	}
	return r, nil
}

// endsUpload makes the end of a multipart upload of S3, which is reported for
// "<container>+segments/<object>/<upload>", one for the object. It reports whether it is one.
func (r *Request) endsUpload() bool {
	container, found := strings.CutSuffix(r.Container, "+segments")
	end := strings.LastIndexByte(r.Object, '/')
	if !found || end < 1 || container == "" {
		return false
	}
	r.Container, r.Object = container, r.Object[:end]
	return true
}

func changes(method string) bool {
	return method == http.MethodPut || method == http.MethodPost || method == http.MethodDelete
}

// account is the second part of the path, v1/<account>/….
func account(path string) string {
	_, rest, _ := strings.Cut(path, "/")
	name, _, _ := strings.Cut(rest, "/")
	return name
}

func (p *payload) bytes(direction string) (sum float64) {
	for _, m := range p.Measurements {
		if m.Metric.Name == "storage.objects."+direction+".bytes" {
			sum += m.Result
		}
	}
	return sum
}
