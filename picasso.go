// Package picasso holds the nouns of the Functions-as-a-Service system for
// OpenStack and the contracts between its parts.
//
// A project has Apps, which group Functions. A Function is an image and a
// Contract; invoking it makes an Execution, which the engine on a Host runs in
// a sandbox. Executions that nobody waits for stand in the Queue, where a
// Trigger puts them, too. Callers are Identities that Keystone vouches for.
//
// The package imports only the standard library. The folders beside it (api,
// keystone, engine, db) implement its interfaces and never import each other;
// cmd/internal/launch puts them together.
package picasso

import (
	"context"
	"io"
	"net/http"
	"time"
)

// Call is one invocation on its way to a sandbox.
type Call struct {
	ExecutionID string
	RequestID   string    // "req-<uuid>", for the logs on every hop
	Attempt     int       // 1 for the first
	Function    *Function // with AppConfig

	// Method, URL and Header are what the function gets to see where its
	// contract has room for them. Header holds no credentials and no
	// hop-by-hop fields. URL is absolute, as the caller wrote it; Path is the
	// part of it behind the function URL, with its query ("/" for an invoke).
	Method string
	URL    string
	Path   string
	Header http.Header
	// Body is read to its end or not at all; a read error (such as
	// *http.MaxBytesError, which becomes too_large) ends the call.
	// ContentLength is -1 when unknown.
	Body          io.Reader
	ContentLength int64

	// Gateway is true for a call through the function URL: method, path and
	// headers go through in both directions. Otherwise it is an invoke: body
	// in, body out.
	Gateway bool

	// Log, where set, gets what the function writes while it runs, each byte
	// at most once and in order. It ends where Outcome.Log does unless the function wrote more than
	// a log holds; then it has the beginning and Outcome.Log the end. The
	// engine calls it from one goroutine at a time, never after Invoke has
	// returned. A slow one holds up the end of the call, never the function.
	Log io.Writer
}

// Outcome is what became of a call.
type Outcome struct {
	// Err is nil when the function ran and succeeded. When it is not nil and
	// nothing was written to the ResponseWriter, the caller still has to
	// answer with it; otherwise the answer was cut short, or is the function's
	// own account of its failure and complete, which OwnAccount says.
	Err         *Error        `json:"err,omitempty"`
	OwnAccount  bool          `json:"own_account,omitempty"`
	HTTPStatus  int           `json:"http_status,omitempty"` // the function's own, 0 when it gave none
	ExitCode    *int          `json:"exit_code,omitempty"`   // of the sandbox, when it ended with the call
	Host        string        `json:"host,omitempty"`
	Started     time.Time     `json:"started,omitzero"`     // when a sandbox took the call; zero when none did
	Wait        time.Duration `json:"wait,omitempty"`       // for a sandbox, cold start included
	ColdStart   time.Duration `json:"cold_start,omitempty"` // of the sandbox started for this call, 0 when hot
	Run         time.Duration `json:"run,omitempty"`        // in the sandbox, until the end of the answer
	InputBytes  int64         `json:"input_bytes,omitempty"`
	OutputBytes int64         `json:"output_bytes,omitempty"`
	Log         []byte        `json:"-"` // see Execution.Log
}

// Engine runs functions: the one on this host, one behind RPC, or a dispatcher
// in front of many. enginetest holds the suite that all of them pass.
type Engine interface {
	// Invoke runs one call and returns when it has ended. Status, headers and
	// body of the answer are streamed to w as they come. ctx ends only the
	// wait for a sandbox: once the function has the call it runs to its end or its timeout,
	// whether or not the caller is still there. Errors in Outcome: too_large,
	// image_unavailable, function_failed, function_died, sandbox_failed,
	// response_too_large, busy, unavailable, host_lost, not_ready, wait_timed_out,
	// timed_out, cancelled, internal.
	Invoke(ctx context.Context, call *Call, w http.ResponseWriter) Outcome
	// Cancel ends a call: one that waits stops waiting, one that runs has its
	// sandbox killed. Its Invoke returns with the error cancelled. An id that is
	// not known here is no error: the call may just have ended. Errors: unavailable.
	Cancel(ctx context.Context, executionID string) error
	// ResolveImage finds the image, pulling it when needed, and returns the
	// digest or id that Function.ImageDigest holds. Errors: image_unavailable
	// (Detail names the image and what the registry said), unavailable.
	ResolveImage(ctx context.Context, ref string) (string, error)
	// Warm starts what fn.MinSandboxes asks for and keeps it for some minutes,
	// unless it is called again. It returns at once; failures are logged and
	// retried by the next Warm or call.
	Warm(ctx context.Context, fn *Function) error
	// Retire removes the sandboxes of all revisions of the function below the
	// given one as soon as their calls have ended, and keeps none warm for
	// them. A deleted function is retired below math.MaxInt64.
	Retire(ctx context.Context, functionID string, below int64) error
	// Host describes the host. Errors: unavailable.
	Host(ctx context.Context) (Host, error)
}

// Host is a compute host with an engine on it, as the engine itself sees it.
type Host struct {
	Name          string `json:"name"`
	Version       string `json:"version"`        // of the engine
	MemoryMB      int    `json:"memory_mb"`      // for sandboxes, as configured
	MemoryUsedMB  int    `json:"memory_used_mb"` // promised to sandboxes that exist or are being started
	Sandboxes     int    `json:"sandboxes"`      // that exist or are being started
	SandboxesIdle int    `json:"sandboxes_idle"` // of these, waiting for a call
	CallsRunning  int    `json:"calls_running"`  // in a sandbox now
	CallsWaiting  int    `json:"calls_waiting"`  // waiting for a sandbox now
	ColdStarts    int64  `json:"cold_starts"`    // since the engine started
}

// SortKey orders a list by one field of the resource, named as in the API.
type SortKey struct {
	Field string
	Desc  bool
}

// Page asks for a part of a list: at most Limit items (1..1000) after the item
// with id Marker ("" = from the start), in the order of Sort with the id as the
// last key. No Sort means oldest first, for executions newest first.
type Page struct {
	Limit  int
	Marker string
	Sort   []SortKey
}
