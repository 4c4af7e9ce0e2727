package picasso

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// DefaultApp is the app that exists in every project from its first use; a
// function named without an app is in it.
const DefaultApp = "default"

// AppSpec is what a user sets of an app.
type AppSpec struct {
	Name        string            `json:"name"`
	Description string            `json:"description"`
	Config      map[string]string `json:"config"`  // environment of every function of the app
	Enabled     bool              `json:"enabled"` // false pauses every function of the app, see FunctionSpec
}

// DefaultAppSpec returns a spec with every default set.
func DefaultAppSpec() AppSpec { return AppSpec{Enabled: true} }

// App groups functions of a project. Its name is unique in the project.
type App struct {
	ID        string `json:"id"`
	ProjectID string `json:"project_id"`
	AppSpec
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Validate checks everything that can be checked without a store. Errors:
// invalid, naming the field.
func (s *AppSpec) Validate() error {
	if err := validateName("name", s.Name); err != nil {
		return err
	}
	if err := validateText("description", s.Description, MaxDescriptionBytes); err != nil {
		return err
	}
	return validateConfig("config", s.Config)
}

// AppFilter narrows a list of apps. Empty fields match everything.
type AppFilter struct {
	ProjectID string // empty: every project
	Name      string
}

// AppStore keeps apps. A project of "" in a look-up means any project; with
// one, what belongs to another project is not_found. ref is an id or, within a
// project, a name. Every method may return unavailable.
type AppStore interface {
	// CreateApp stores a new app. Errors: conflict (name taken in the project).
	CreateApp(ctx context.Context, app *App) error
	// App returns one app. Errors: not_found.
	App(ctx context.Context, projectID, ref string) (*App, error)
	// Apps lists a page and tells whether more follow. Errors: invalid (marker, sort).
	Apps(ctx context.Context, filter AppFilter, page Page) (apps []App, more bool, err error)
	// UpdateApp replaces the spec of the app with app.ID, provided its stored
	// updated_at is still before. When the config changed, the functions of
	// the app get a new revision in the same transaction. Errors: not_found,
	// conflict (name taken, or changed meanwhile).
	UpdateApp(ctx context.Context, app *App, before time.Time) error
	// DeleteApp removes an app without functions. Errors: not_found, conflict.
	DeleteApp(ctx context.Context, projectID, id string) error
}

// Contract names how the engine hands a call to a function.
type Contract string

// The contracts. Each is implemented in engine/contract.
const (
	ContractFn    Contract = "fn"    // Fn's http-stream: HTTP over a unix socket that the function opens
	ContractWeb   Contract = "web"   // HTTP to a port the function listens on
	ContractStdio Contract = "stdio" // one sandbox per call: stdin, stdout, stderr
	// ContractStdioHTTP is IronFunctions' http format: HTTP on stdin and stdout.
	ContractStdioHTTP Contract = "stdio-http"
)

// Network says what a function may reach.
type Network string

// The networks of a sandbox.
const (
	NetworkEgress Network = "egress" // outgoing connections, but neither other sandboxes nor the host's metadata address
	NetworkNone   Network = "none"   // loopback only
)

// FunctionSpec is what a user sets of a function. Ranges are those of Validate.
type FunctionSpec struct {
	Name          string            `json:"name"`
	App           string            `json:"app"` // name of the app
	Description   string            `json:"description"`
	Image         string            `json:"image"` // reference as the user wrote it
	Contract      Contract          `json:"contract"`
	Entrypoint    []string          `json:"entrypoint"` // replaces the image's; empty keeps it
	Command       []string          `json:"command"`    // replaces the image's; empty keeps it
	Config        map[string]string `json:"config"`     // environment; wins over the app's
	Public        bool              `json:"public"`     // its function URL needs no token
	MemoryMB      int               `json:"memory_mb"`
	CPUs          float64           `json:"cpus"`            // 0: a share by memory
	TmpMB         int               `json:"tmp_mb"`          // size of /tmp; counts as memory
	TimeoutS      int               `json:"timeout_s"`       // seconds a call may run
	QueueTimeoutS int               `json:"queue_timeout_s"` // seconds a call may wait for a sandbox
	IdleTimeoutS  int               `json:"idle_timeout_s"`  // seconds an idle sandbox is kept
	Concurrency   int               `json:"concurrency"`     // calls at once in one sandbox
	MinSandboxes  int               `json:"min_sandboxes"`   // kept warm
	MaxSandboxes  int               `json:"max_sandboxes"`   // on all hosts; 0: as many as fit
	Network       Network           `json:"network"`
	// DelegateRoles are the roles, of those whom sets them, that the function
	// gets a token of its project with for each call. Empty: no token.
	DelegateRoles []string `json:"delegate_roles"`
	HealthPath    string   `json:"health_path"` // contract web: ready when a GET of it answers 2xx
	// HostTags are what a host must have, all of them, to run it. Empty: any host will do.
	HostTags []string `json:"host_tags"`

	// Enabled false pauses the function: calls get a conflict, and what is
	// queued stays queued until it is true again.
	Enabled bool `json:"enabled"`
	// What follows is about asynchronous executions.
	Retry    Retry `json:"retry"`
	Priority int   `json:"priority"` // 0..2; of the queued executions of a project, those of a higher one go first
	// OnSuccess and OnFailure get a CloudEvent about each execution that ended
	// so: a function of the project ("app:name" or "name", app "default") or
	// an https URL. Empty: nobody.
	OnSuccess string `json:"on_success"`
	OnFailure string `json:"on_failure"`
}

// Function is a function of a project. Its name is unique in its app.
type Function struct {
	ID        string `json:"id"`
	ProjectID string `json:"project_id"`
	AppID     string `json:"app_id"`
	FunctionSpec
	// ImageDigest is what actually runs: "repository@sha256:…", or an image id
	// "sha256:…" for an image that only this host has. Resolved at create and
	// update; a moved tag changes nothing until then.
	ImageDigest string `json:"image_digest"`
	// Revision grows with every change that matters to a running sandbox (also of the
	// app's config). Sandboxes are never shared between revisions.
	Revision  int64     `json:"revision"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
	Trust     *Trust    `json:"-"` // what DelegateRoles are delegated by; nil: none
	// AppConfig and AppEnabled are the app's, joined in by the store.
	AppConfig  map[string]string `json:"-"`
	AppEnabled bool              `json:"-"`
}

// Paused reports whether function or app are disabled.
func (f *Function) Paused() bool { return !f.Enabled || !f.AppEnabled }

// DefaultFunctionSpec returns a spec with every default set.
func DefaultFunctionSpec() FunctionSpec {
	return FunctionSpec{
		App: DefaultApp, Contract: ContractFn, Network: NetworkEgress,
		MemoryMB: 128, TmpMB: 64, TimeoutS: 30, QueueTimeoutS: 30, IdleTimeoutS: 60, Concurrency: 1,
		Enabled: true, Retry: DefaultRetry(),
	}
}

// Timeout is how long a call may run.
func (s *FunctionSpec) Timeout() time.Duration { return time.Duration(s.TimeoutS) * time.Second }

// QueueTimeout is how long a call may wait for a sandbox.
func (s *FunctionSpec) QueueTimeout() time.Duration {
	return time.Duration(s.QueueTimeoutS) * time.Second
}

// IdleTimeout is how long an idle sandbox is kept.
func (s *FunctionSpec) IdleTimeout() time.Duration {
	return time.Duration(s.IdleTimeoutS) * time.Second
}

// Validate checks everything that can be checked without a store or a host.
// Errors: invalid, naming the field and the range.
func (s *FunctionSpec) Validate() error {
	checks := []error{
		validateName("name", s.Name),
		validateName("app", s.App),
		validateText("description", s.Description, MaxDescriptionBytes),
		validateText("image", s.Image, 1024),
		oneOf("contract", s.Contract, ContractFn, ContractWeb, ContractStdio, ContractStdioHTTP),
		oneOf("network", s.Network, NetworkEgress, NetworkNone),
		validateArgs("entrypoint", s.Entrypoint),
		validateArgs("command", s.Command),
		validateConfig("config", s.Config),
		inRange("memory_mb", s.MemoryMB, 8, 65536),
		inRange("tmp_mb", s.TmpMB, 0, 65536),
		inRange("timeout_s", s.TimeoutS, 1, 900),
		inRange("queue_timeout_s", s.QueueTimeoutS, 1, 900),
		inRange("idle_timeout_s", s.IdleTimeoutS, 1, 86400),
		inRange("concurrency", s.Concurrency, 1, 1000),
		inRange("min_sandboxes", s.MinSandboxes, 0, 1000),
		inRange("max_sandboxes", s.MaxSandboxes, 0, 1000),
		inRange("priority", s.Priority, 0, 2),
		validateRoles(s.DelegateRoles),
		ValidateTags("host_tags", s.HostTags),
		s.Retry.validate(),
		validateDestination("on_success", s.OnSuccess),
		validateDestination("on_failure", s.OnFailure),
		s.validateTogether(),
	}
	for _, err := range checks {
		if err != nil {
			return err
		}
	}
	return nil
}

// validateTogether checks what depends on more than one field, or fits no table.
func (s *FunctionSpec) validateTogether() error {
	switch {
	case s.Image == "":
		return Errorf(CodeInvalid, "image: is required")
	case !(s.CPUs >= 0 && s.CPUs <= 64): // also refuses NaN
		return Errorf(CodeInvalid, "cpus: must be from 0 to 64")
	case s.Concurrency > 1 && s.Contract != ContractWeb:
		return Errorf(CodeInvalid, "concurrency: must be 1 with contract %s, which takes one call at a time", s.Contract)
	case s.Contract == ContractStdio && s.MinSandboxes > 0:
		return Errorf(CodeInvalid, "min_sandboxes: must be 0 with contract stdio, which starts a sandbox for each call")
	case s.MaxSandboxes > 0 && s.MinSandboxes > s.MaxSandboxes:
		return Errorf(CodeInvalid, "min_sandboxes: must not be more than max_sandboxes")
	case s.HealthPath != "" && s.Contract != ContractWeb:
		return Errorf(CodeInvalid, "health_path: is only for contract web")
	case s.HealthPath != "" && (!strings.HasPrefix(s.HealthPath, "/") || strings.ContainsAny(s.HealthPath, " \r\n\t#")):
		return Errorf(CodeInvalid, "health_path: must start with '/' and hold no space or '#'")
	}
	return validateText("health_path", s.HealthPath, 1024)
}

// MattersToSandbox reports whether going from s to t needs new sandboxes, that
// is, a new revision.
func (s *FunctionSpec) MattersToSandbox(t *FunctionSpec) bool {
	a, b := *s, *t
	a.Description, b.Description = "", ""
	a.Public, b.Public = false, false
	a.Enabled, b.Enabled = false, false
	a.Retry, b.Retry = Retry{}, Retry{}
	a.Priority, b.Priority = 0, 0
	a.OnSuccess, b.OnSuccess = "", ""
	a.OnFailure, b.OnFailure = "", ""
	a.Config, b.Config = nil, nil
	a.DelegateRoles, b.DelegateRoles = nil, nil
	a.HostTags, b.HostTags = nil, nil
	a.Entrypoint, b.Entrypoint = nil, nil
	a.Command, b.Command = nil, nil
	return !reflect.DeepEqual(a, b) || !maps.Equal(s.Config, t.Config) ||
		!slices.Equal(s.Entrypoint, t.Entrypoint) || !slices.Equal(s.Command, t.Command) || !slices.Equal(s.HostTags, t.HostTags)
}

// FunctionFilter narrows a list of functions. Empty fields match everything.
type FunctionFilter struct {
	ProjectID string // empty: every project
	Name      string
	App       string // id or name
	Warm      bool   // only those with min_sandboxes > 0 that are not paused
}

// FunctionStore keeps functions. A project of "" in a look-up means any
// project; with one, what belongs to another project is not_found. Every
// method may return unavailable.
type FunctionStore interface {
	// CreateFunction stores a new function with revision 1 in the app named by
	// fn.App, and fills in fn.AppID, fn.AppConfig and fn.AppEnabled. App "default" is made
	// when it is missing. Errors: not_found (app), conflict (name taken in the app).
	CreateFunction(ctx context.Context, fn *Function) error
	// Function returns one function by id, or by "app:name" or "name" (in app
	// "default") within a project. Errors: not_found.
	Function(ctx context.Context, projectID, ref string) (*Function, error)
	// Functions lists a page and tells whether more follow. Errors: invalid (marker, sort).
	Functions(ctx context.Context, filter FunctionFilter, page Page) (fns []Function, more bool, err error)
	// UpdateFunction replaces spec, digest and revision of the function with
	// fn.ID, provided its stored updated_at is still before, and fills in
	// fn.AppID, fn.AppConfig and fn.AppEnabled as CreateFunction does. One that gets into another
	// app, also because that has the name by now, takes a new revision. Errors: not_found
	// (function or app), conflict (name taken, or changed meanwhile).
	UpdateFunction(ctx context.Context, fn *Function, before time.Time) error
	// DeleteFunction removes a function and its triggers. Its executions stay;
	// what of them is queued is cancelled by and by (see Queue). Errors: not_found.
	DeleteFunction(ctx context.Context, projectID, id string) error
}
