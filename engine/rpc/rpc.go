// Package rpc carries calls from an API process to the engine on a compute
// host. Client is a picasso.Engine whose work is done by the Server in front
// of another one.
//
// The protocol is HTTP/1.1 on connections that are kept alive, in TLS where
// both sides have certificates:
//
//	POST   /session                   begin a session
//	POST   /v2/invoke                 one call; the answer is a stream of frames
//	DELETE /v2/executions/{id}        cancel the call, wherever it is; the id is that of an execution or a run
//	DELETE /v2/executions/{id}/wait   its caller is gone: end it if it still waits for a sandbox
//	PUT    /v2/functions              make the definition of a revision known
//	POST   /v2/warm                   the same, and keep its min_sandboxes
//	POST   /v2/retire                 remove sandboxes of old revisions
//	POST   /v2/images                 resolve an image
//	GET    /v2/host                   describe the host
//
// Version 1 (/v1) is the same without what tells how far a call is (frames W
// and S), and without share, spill and run: one run of an execution cannot be
// ended alone there. A client speaks the highest version that both know, see Common.
//
// A call names its function by id and revision only. An engine that does not
// know the revision (it has been restarted, or never saw it) refuses with 412
// before anything has happened, and the client sends the definition and the
// call again. A large body is sent when the engine begins to read it (Expect:
// 100-continue), so that a call that was refused can be sent again.
//
// A call that breaks before a function can have seen anything of it is
// unavailable and may go to another host, any other host_lost: the server says
// when a call has to wait for more than some 50 ms, and then that a sandbox has it before the
// function hears of it. It says something of every call within some 200 ms of its last step.
//
// A call that the client knows to wait goes on only when the client's host has acknowledged
// that a sandbox has it; otherwise it ends as unavailable. It is TCP that
// acknowledges, which is why the connections must not go through a proxy that
// ends them.
//
// Each engine has a key of its own, which it tells the API. Every request is
// signed with it: HMAC-SHA256 over everything in the request that decides what
// runs, and over the session and the number that make it good for once (see
// session).
package rpc

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/picasso-faas/picasso"
)

// The versions of the protocol that this package speaks.
const (
	MinProtocol = 1
	MaxProtocol = 2
)

// Common returns the highest version of the protocol that both sides speak:
// theirs are those from least to most, ours those up to own (0: MaxProtocol).
// 0: there is none.
func Common(least, most, own int) int {
	if own == 0 {
		own = MaxProtocol
	}
	version := min(most, own, MaxProtocol)
	if version < least || version < MinProtocol {
		return 0
	}
	return version
}

// The fields of an invoke. All other fields of the request are the caller's
// own and are handed to the function.
const (
	prefix          = "Picasso-Rpc-"
	fieldExecution  = prefix + "Execution"
	fieldRun        = prefix + "Run" // absent where there is no other
	fieldRequest    = prefix + "Request"
	fieldFunction   = prefix + "Function" // "id revision"
	fieldMethod     = prefix + "Method"
	fieldURL        = prefix + "Url"
	fieldPath       = prefix + "Path"
	fieldGateway    = prefix + "Gateway" // "1" or absent
	fieldAttempt    = prefix + "Attempt" // absent for the first
	fieldLog        = prefix + "Log"     // "1": frames of the log are wanted while the call runs
	fieldShare      = prefix + "Share"   // see picasso.Call; absent: 0
	fieldSpill      = prefix + "Spill"   // "1" or absent
	fieldSession    = prefix + "Session"
	fieldNumber     = prefix + "Number" // in the session, from 1
	fieldBodyDigest = prefix + "Body"   // SHA-256 of the body, hex; not for invokes, whose bodies stream
	fieldSignature  = prefix + "Signature"
	// fieldCredentials is a delegation in JSON, in base64 so that it holds
	// whatever is in it; absent without.
	fieldCredentials = prefix + "Credentials"
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

// delegation is what a function acts as its project with.
type delegation struct {
	Credentials credentials `json:"credentials"`
	Depth       int         `json:"depth,omitempty"`
}

// credentials are picasso.Credentials, which keep their token to themselves
// otherwise.
type credentials struct {
	Token     string            `json:"token"`
	ExpiresAt time.Time         `json:"expires_at"`
	AuthURL   string            `json:"auth_url"`
	ProjectID string            `json:"project_id"`
	UserID    string            `json:"user_id"`
	Region    string            `json:"region"`
	Endpoints map[string]string `json:"endpoints"`
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

// statusOf is the HTTP status of an error on this hop. Only 412 and 428 mean
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
