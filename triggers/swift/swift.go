// Package swift reads what ceilometermiddleware tells of requests to Swift and
// finds out what they have done to an object.
//
// The notification says neither what became of the request ("success" is also
// for 401, 403, 404 and 409) nor what is in the object now. So [Verifier] looks
// at the object by HEAD, as the project, and believes:
//
//   - a PUT or DELETE that was answered without a body, as those that succeed
//     are: when the object is there, or in case of DELETE is not, or is newer.
//     Who overwrote or deleted the object since has an event of his own.
//   - a PUT or POST answered with a body (POST always is; copies of the S3 API,
//     the end of a multipart upload and large objects with heartbeat are, with
//     the filter first in the pipeline), when the object was written just before the
//     event and the trigger has not run for that yet. All requests that are refused are
//     answered so: nobody makes a function run by asking for what he may not do.
//   - nothing whose answer has the size of one of Swift's own error pages. It is
//     refused without a look: these cost whoever sends them more than us.
//   - a DELETE answered with a body, as of large objects with all segments
//     (with the filter first) by a user of the project, when the object is not there.
//
// Of some requests nothing is told at all: members of archives, of bulk and of
// form requests, the end of an object's time, and PUT with object versioning
// (X-Versions-Enabled); with the filter last, also copies, everything of the S3
// API, and deletion of large objects with their segments.
//
// Sources: ceilometermiddleware 3.0, Swift 2.30 (swob, slo, s3api), and both
// places of the filter as observed; see the samples in testdata.
package swift

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/picasso-faas/picasso"
)

// EventType is that of the notifications.
const EventType = "objectstore.http.request"

// Request is one that may have changed an object.
type Request struct {
	Method           string // PUT, POST or DELETE
	Account          string // as "AUTH_<project>"
	ProjectID        string // who owns the account
	Container        string // decoded, as Object
	Object           string
	UserID           string // who asked; empty: unknown, as with temporary URLs and S3
	InitiatorProject string // of the token; empty: unknown
	Time             time.Time
	ReceivedBytes    float64 // of the request's body, as far as it was read
	SentBytes        float64 // of the answer's body
}

// The operations of picasso.SwiftEvents.
const (
	created  = "created"
	copied   = "copied"
	deleted  = "deleted"
	metadata = "metadata"
)

// Subject is the container and the object, as events and executions have them.
func (r *Request) Subject() string { return r.Container + "/" + r.Object }

// Concerns reports whether a trigger may want the event; Operation says for certain.
func (r *Request) Concerns(s *picasso.Swift) bool {
	return r.Container == s.Container && strings.HasPrefix(r.Object, s.Prefix) && strings.HasSuffix(r.Object, s.Suffix) &&
		slices.ContainsFunc(r.operations(), func(operation string) bool { return slices.Contains(s.Events, operation) })
}

// operations are what the request may have been.
func (r *Request) operations() []string {
	switch {
	case r.Method == http.MethodDelete:
		return []string{deleted}
	case r.Method == http.MethodPost && r.ReceivedBytes == 0:
		return []string{metadata}
	case r.ReceivedBytes > 0: // of a POST: the end of a multipart upload
		return []string{created}
	}
	return []string{created, copied}
}

// Operation is what the request did, of picasso.SwiftEvents. o is the object,
// nil when nobody looked. A PUT that brought no bytes to an object that has
// some was a copy; unseen, it is what the trigger wants.
func (r *Request) Operation(s *picasso.Swift, o *Object) string {
	list := r.operations()
	switch {
	case len(list) == 1:
		return list[0]
	case o != nil && (o.Size == 0 || o.Large):
		return created
	case o != nil || !slices.Contains(s.Events, created):
		return copied
	}
	return created
}

// Wants reports whether a trigger is for the operation.
func Wants(s *picasso.Swift, operation string) bool { return slices.Contains(s.Events, operation) }
