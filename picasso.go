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
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Call is one invocation on its way to a sandbox.
type Call struct {
	ExecutionID string
	// Run tells the runs of an execution apart where there may be several: one whose
	// lease ran out may run on. Empty: there is this one alone.
	Run       string
	RequestID string    // "req-<uuid>", for the logs on every hop
	Attempt   int       // 1 for the first
	Function  *Function // with AppConfig

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

	// Credentials are for a function with delegated roles; nil: none. Depth is
	// then that of the execution, see Execution.Depth, so that what the function
	// does as its project can be told from what others do.
	Credentials *Credentials
	Depth       int

	// Gateway is true for a call through the function URL: method, path and
	// headers go through in both directions. Otherwise it is an invoke: body
	// in, body out.
	Gateway bool

	// Share is how many sandboxes of the function this host may have; 0: as many as
	// the function's max_sandboxes says. Spill asks for busy at once in place of a wait
	// that ends only when a sandbox on this host becomes free, for others have room.
	Share int
	Spill bool
	// Progress, where set, is told how far the call is: ProgressWaiting when it has to
	// wait for a sandbox, ProgressTaken before a function sees anything of it. A call that
	// a sandbox takes at once, over RPC within some 50 ms, is told of neither, but over RPC of
	// ProgressTaken when nothing else was heard of it for some 200 ms. It is called from one goroutine at a
	// time, never after Invoke has returned, and must not block for long. Where ctx has ended
	// when it returns from ProgressTaken, no function sees the call.
	Progress func(Progress)

	// Log, where set, gets what the function writes while it runs, each byte
	// at most once and in order. It ends where Outcome.Log does unless the function wrote more than
	// a log holds; then it has the beginning and Outcome.Log the end. The
	// engine calls it from one goroutine at a time, never after Invoke has
	// returned. A slow one holds up the end of the call, never the function.
	Log io.Writer
}

// Is reports whether id, as Engine.Cancel gets it, means the call.
func (c *Call) Is(id string) bool { return id != "" && (id == c.ExecutionID || id == c.Run) }

// Progress is how far a call is on its way to a function.
type Progress int

// The steps of a call; it may wait again after it was taken, for no sandbox is sure to live.
const (
	ProgressWaiting Progress = iota + 1 // no function has seen anything of it
	ProgressTaken                       // from here on a function may have
)

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
	// sandbox killed. Its Invoke returns with the error cancelled. The id is that of
	// an execution, with all its runs, or of one run (Call.Run). One that is
	// not known here is no error: the call may just have ended. Errors: unavailable.
	Cancel(ctx context.Context, id string) error
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
	Name          string   `json:"name"`
	Version       string   `json:"version"`         // of the engine
	Cores         int      `json:"cores"`           // that sandboxes share
	MemoryMB      int      `json:"memory_mb"`       // for sandboxes, as configured
	MemoryUsedMB  int      `json:"memory_used_mb"`  // promised to sandboxes that exist or are being started
	Sandboxes     int      `json:"sandboxes"`       // that exist or are being started
	SandboxesIdle int      `json:"sandboxes_idle"`  // of these, waiting for a call
	CallsRunning  int      `json:"calls_running"`   // in a sandbox now
	CallsWaiting  int      `json:"calls_waiting"`   // waiting for a sandbox now
	ColdStarts    int64    `json:"cold_starts"`     // since the engine started
	Tags          []string `json:"tags"`            // what functions may ask for with host_tags
	Projects      []string `json:"projects"`        // ids of those it is dedicated to; empty: none, all may use it
	Runtime       string   `json:"sandbox_runtime"` // what sandboxes are isolated by; empty: Docker's default
	Draining      bool     `json:"draining"`        // the engine is being stopped: it takes no new calls
	Fault         string   `json:"fault"`           // why it can run nothing now, such as a Docker that hangs; empty: nothing
}

// Inventory is what makes a call cheaper on one host than on another.
type Inventory struct {
	Functions []string `json:"functions"` // ids of those with a sandbox there, sorted; some, if they are very many
	Images    []string `json:"images"`    // digests and ids of the images there, sorted; some, if they are very many
}

// HostReport is the heartbeat of an engine: what it is, and how to reach it.
type HostReport struct {
	Host
	Inventory
	Incarnation string `json:"incarnation"` // of this run of the engine: random, another one after each start
	URL         string `json:"url"`         // of its RPC
	Key         string `json:"key"`         // that whoever calls it signs with; secret
	// The versions of the RPC protocol that it speaks.
	MinProtocol int `json:"min_protocol"`
	MaxProtocol int `json:"max_protocol"`
}

// FaultStopped is the Fault of the last report of an engine, which gives up its name with it.
const FaultStopped = "the engine was stopped"

// The limits of a report.
const (
	MaxInventory  = 4096 // functions, and images, each
	maxURLBytes   = 1024
	maxKeyBytes   = 256
	maxFaultBytes = 1024
	maxProjects   = 1024
	maxProtocol   = 1000
	maxCount      = 1 << 30
)

// Validate checks a report, which comes from outside. Errors: invalid, naming the field
// and never showing the key.
func (r *HostReport) Validate() error {
	checks := []error{
		validateName("name", r.Name),
		validateText("version", r.Version, MaxNameBytes),
		ValidateTags("tags", r.Tags),
		validateIDs("projects", r.Projects, maxProjects),
		validateText("sandbox_runtime", r.Runtime, MaxNameBytes),
		validateText("fault", r.Fault, maxFaultBytes),
		validateIDs("functions", r.Functions, MaxInventory),
		validateIDs("images", r.Images, MaxInventory),
		r.validateCounts(),
		r.validateRPC(),
	}
	for _, err := range checks {
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *HostReport) validateCounts() error {
	counts := []struct {
		field string
		value int
		least int
	}{
		{"cores", r.Cores, 1},
		{"memory_mb", r.MemoryMB, 1},
		{"memory_used_mb", r.MemoryUsedMB, 0},
		{"sandboxes", r.Sandboxes, 0},
		{"sandboxes_idle", r.SandboxesIdle, 0},
		{"calls_running", r.CallsRunning, 0},
		{"calls_waiting", r.CallsWaiting, 0},
		{"cold_starts", int(min(max(r.ColdStarts, -1), maxCount)), 0},
	}
	for _, c := range counts {
		if err := inRange(c.field, c.value, c.least, maxCount); err != nil {
			return err
		}
	}
	return nil
}

// validateRPC checks how the engine is reached: calls will go to whatever is there.
func (r *HostReport) validateRPC() error {
	u, err := url.Parse(r.URL)
	port := 0
	if err == nil {
		port, _ = strconv.Atoi(u.Port())
	}
	switch {
	case len(r.URL) > maxURLBytes || err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" ||
		port < 1 || port > 65535 || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return Errorf(CodeInvalid, "url: must be like http://host:10002 or https://host:10002")
	case len(r.Incarnation) < 8 || len(r.Incarnation) > 64 || !nameShape.MatchString(r.Incarnation):
		return Errorf(CodeInvalid, "incarnation: must be of 8 to 64 letters, digits, '-', '_' and '.'")
	case len(r.Key) < 16 || len(r.Key) > maxKeyBytes || strings.ContainsRune(r.Key, 0) || !utf8.ValidString(r.Key):
		return Errorf(CodeInvalid, "key: must be of 16 to %d bytes", maxKeyBytes)
	case r.MinProtocol < 1 || r.MaxProtocol < r.MinProtocol || r.MaxProtocol > maxProtocol:
		return Errorf(CodeInvalid, "min_protocol, max_protocol: must be a range from 1 to %d", maxProtocol)
	}
	return nil
}

// HostState is how a host stands.
type HostState string

// The states of a host.
const (
	HostUp       HostState = "up"
	HostDraining HostState = "draining" // disabled, or being stopped: it takes no new calls, those that it has go on
	HostDown     HostState = "down"     // it was not heard of for too long, or says that it can run nothing
)

// HostStates are all of them.
func HostStates() []HostState { return []HostState{HostUp, HostDraining, HostDown} }

// HostRecord is what is known of a host. The report is that of the last heartbeat.
type HostRecord struct {
	ID string // UUID; of the name, for good
	HostReport
	Disabled       bool
	DisabledReason string
	CreatedAt      time.Time
	UpdatedAt      time.Time // by an operator
	HeartbeatAt    time.Time
	Inventoried    int64         // grows with each change of the inventory
	Age            time.Duration // of the last heartbeat when the record was read, by the clock of the store
}

// State is that of a host which is given up after it was not heard of for so long.
func (r *HostRecord) State(giveUp time.Duration) HostState {
	switch {
	case r.Age > giveUp || r.Fault != "":
		return HostDown
	case r.Disabled || r.Draining:
		return HostDraining
	}
	return HostUp
}

// HostStore keeps what is known of hosts. ref is an id or a name. Every method
// may return unavailable.
type HostStore interface {
	// Heartbeat takes in a report and returns the record as it is then. Errors:
	// conflict, when another engine (of another incarnation and URL) goes by the
	// name and was heard of within giveUp, and not that it was stopped.
	Heartbeat(ctx context.Context, report *HostReport, giveUp time.Duration) (*HostRecord, error)
	// Hosts lists all hosts by name, without their inventories.
	Hosts(ctx context.Context) ([]HostRecord, error)
	// Inventories returns those of the hosts with these ids. One that is unknown is left out.
	Inventories(ctx context.Context, ids []string) (map[string]Inventory, error)
	// HostByRef returns one host with its inventory. Errors: not_found.
	HostByRef(ctx context.Context, ref string) (*HostRecord, error)
	// DisableHost lets the host take no more calls, or again. Errors: not_found.
	DisableHost(ctx context.Context, id string, disabled bool, reason string) (*HostRecord, error)
	// DeleteHost forgets a host. Errors: not_found, conflict (it was heard of within giveUp).
	DeleteHost(ctx context.Context, id string, giveUp time.Duration) error
}

// UsageStore is what projects use of their limits. API processes tell each other there how many
// calls they run.
type UsageStore interface {
	// ShareUsage tells how many calls of each project a process, which has a UUID, runs,
	// and returns the sum of what the others told within alive by the clock of the store,
	// and how many they are. Errors: unavailable.
	ShareUsage(ctx context.Context, process string, calls map[string]int, alive time.Duration) (others map[string]int, processes int, err error)
	// Queued returns how many executions a project has queued, and how many it may, see
	// Queue.Enqueue. Without a limit both are 0. Errors: unavailable.
	Queued(ctx context.Context, projectID string) (queued, limit int, err error)
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
