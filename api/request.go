package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/picasso-faas/picasso"
)

// request is one request on its way through the server, with all that is known
// about it. One struct instead of values in the context: a call is too short to
// copy its request for each of them.
type request struct {
	*http.Request
	w       *response
	id      string // "req-<uuid>", ours
	began   time.Time
	route   *route            // nil until one matched
	vars    map[string]string // of the path, still escaped
	query   url.Values        // checked against the keys of the route; nil outside of the versioned API
	project string            // of the caller, once known

	patience time.Duration // with a slow client; calls have limits of their own
}

func newRequest(w http.ResponseWriter, r *http.Request, now time.Time) *request {
	id := "req-" + uuid.NewString()
	return &request{Request: r, id: id, began: now, w: &response{ResponseWriter: w, requestID: id, head: r.Method == http.MethodHead}}
}

var globalIDShape = regexp.MustCompile(`^req-[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// globalID is the id that another service gave the request, "" when there is
// none of the form "req-<uuid>".
func (r *request) globalID() string {
	id := r.Header.Get(headerRequestID)
	if !globalIDShape.MatchString(id) {
		return ""
	}
	return id
}

// ref is a variable of the path, unescaped. One that does not unescape is
// looked up as it is and found nowhere.
func (r *request) ref(name string) string {
	value := r.vars[name]
	if plain, err := url.PathUnescape(value); err == nil {
		return plain
	}
	return value
}

// reply renders body as JSON.
func (r *request) reply(status int, body any) error {
	var data bytes.Buffer
	enc := json.NewEncoder(&data)
	enc.SetEscapeHTML(false) // links have '&' in them, and nobody takes this for HTML
	if err := enc.Encode(body); err != nil {
		return err
	}
	return r.send(status, "application/json", data.Bytes())
}

// send writes a whole answer. That the client is gone is nobody's error.
func (r *request) send(status int, contentType string, body []byte) error {
	r.typed(contentType)
	r.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	conn := http.NewResponseController(r.w.ResponseWriter)
	now := time.Now()
	_ = conn.SetReadDeadline(now.Add(r.patience)) // of what is left of the body: net/http reads it first, and lifts the deadline
	_ = conn.SetWriteDeadline(now.Add(2 * r.patience))
	r.w.WriteHeader(status)
	_, _ = r.w.Write(body)
	_ = conn.Flush() // before the deadline is lifted for the next answer on the connection
	_ = conn.SetWriteDeadline(time.Time{})
	return nil
}

// sendPart sends a part of an answer at once, to a client who has to take it within the patience
// with clients. Errors: he has not.
func (r *request) sendPart(part []byte) error {
	conn := http.NewResponseController(r.w.ResponseWriter)
	_ = conn.SetWriteDeadline(time.Now().Add(r.patience))
	r.w.WriteHeader(http.StatusOK)
	_, err := r.w.Write(part)
	if err == nil {
		err = conn.Flush()
	}
	_ = conn.SetWriteDeadline(time.Time{}) // for the next answer on the connection
	return err
}

func (r *request) typed(contentType string) {
	h := r.w.Header()
	h.Set("Content-Type", contentType)
	h.Set("X-Content-Type-Options", "nosniff")
}

// stamp is a time as the API writes it: RFC 3339, UTC, always with microseconds.
type stamp time.Time

// MarshalJSON implements json.Marshaler.
func (s stamp) MarshalJSON() ([]byte, error) {
	return []byte(time.Time(s).UTC().Format(`"2006-01-02T15:04:05.000000Z"`)), nil
}

// IsZero makes omitzero work.
func (s stamp) IsZero() bool { return time.Time(s).IsZero() }

// timestamp is the present as the stores keep it, in whole microseconds.
func (s *Server) timestamp() time.Time { return s.Now().UTC().Truncate(time.Microsecond) }

// after is the present, or the next microsecond after the time: an update must
// change updated_at, which guards against updates that cross.
func (s *Server) after(t time.Time) time.Time {
	now := s.timestamp()
	if now.After(t) {
		return now
	}
	return t.Add(time.Microsecond)
}

// notFound is the error for an object that another project may well have.
func notFound(kind, ref string) error {
	return picasso.Errorf(picasso.CodeNotFound, "%s %q not found", kind, ref)
}
