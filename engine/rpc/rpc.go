// Package rpc carries calls from an API process to the engine on a compute
// host. Client is a picasso.Engine whose work is done by the Server in front
// of another one.
//
// The protocol is HTTP/1.1 on connections that are kept alive:
//
//	POST   /v1/invoke                 one call; the answer is a stream of frames
//	DELETE /v1/executions/{id}        cancel the call, wherever it is
//	DELETE /v1/executions/{id}/wait   its caller is gone: end it if it still waits for a sandbox
//	PUT    /v1/functions              make the definition of a revision known
//	POST   /v1/warm                   the same, and keep its min_sandboxes
//	POST   /v1/retire                 remove sandboxes of old revisions
//	POST   /v1/images                 resolve an image
//	GET    /v1/host                   describe the host
//
// A call names its function by id and revision only. An engine that does not
// know the revision (it has been restarted, or never saw it) refuses with 412
// before anything has happened, and the client sends the definition and the
// call again.
//
// Both sides hold a shared key. Every request is signed with HMAC-SHA256 over
// everything in it that decides what runs, and a time that must be near the
// server's (see sign).
package rpc

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/picasso-faas/picasso"
)

// The fields of an invoke. All other fields of the request are the caller's
// own and are handed to the function.
const (
	prefix          = "Picasso-Rpc-"
	fieldExecution  = prefix + "Execution"
	fieldRequest    = prefix + "Request"
	fieldFunction   = prefix + "Function" // "id revision"
	fieldMethod     = prefix + "Method"
	fieldURL        = prefix + "Url"
	fieldPath       = prefix + "Path"
	fieldGateway    = prefix + "Gateway" // "1" or absent
	fieldAttempt    = prefix + "Attempt" // absent for the first
	fieldLog        = prefix + "Log"     // "1": frames of the log are wanted while the call runs
	fieldDate       = prefix + "Date"    // Unix time in nanoseconds
	fieldBodyDigest = prefix + "Body"    // SHA-256 of the body, hex; not for invokes, whose bodies stream
	fieldSignature  = prefix + "Signature"
)

// definition is a function with the fields that its JSON form leaves out.
type definition struct {
	Function  *picasso.Function `json:"function"`
	AppConfig map[string]string `json:"app_config"`
}

func (d definition) function() *picasso.Function {
	d.Function.AppConfig = d.AppConfig
	return d.Function
}

type retirement struct {
	FunctionID string `json:"function_id"`
	Below      int64  `json:"below"`
}

type image struct {
	Ref    string `json:"ref,omitempty"`
	Digest string `json:"digest,omitempty"`
}

// reference names a revision of a function on the wire.
func reference(id string, revision int64) string {
	return id + " " + strconv.FormatInt(revision, 10)
}

// statusOf is the HTTP status of an error on this hop. Only 412 means
// something to the client; all others carry the error as JSON.
func statusOf(err *picasso.Error) int {
	if err.Code == picasso.CodeUnauthenticated {
		return http.StatusUnauthorized
	}
	return http.StatusBadGateway
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the peer has gone: nobody to tell
}
