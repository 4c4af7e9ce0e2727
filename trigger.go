package picasso

import (
	"context"
	"encoding/json"
	"strings"
	"time"
)

// TriggerType is the kind of event that fires a trigger.
type TriggerType string

// The types of triggers.
const (
	TriggerSchedule     TriggerType = "schedule"
	TriggerSwift        TriggerType = "swift"        // objects in Swift, by ceilometermiddleware's notifications
	TriggerNotification TriggerType = "notification" // of any service, by oslo.messaging
	TriggerAlarm        TriggerType = "alarm"        // of Aodh, by its notifications or as an alarm action
	TriggerWebhook      TriggerType = "webhook"      // requests to /hooks/{id}
)

// TriggerTypes are all types, in the order of the documentation.
func TriggerTypes() []TriggerType {
	return []TriggerType{TriggerSwift, TriggerNotification, TriggerAlarm, TriggerSchedule, TriggerWebhook}
}

// TriggerSpec is what a user sets of a trigger.
type TriggerSpec struct {
	Name     string      `json:"name"`
	Function string      `json:"function"` // "app:name" or id of a function of the project
	Type     TriggerType `json:"type"`     // cannot be changed
	Enabled  bool        `json:"enabled"`  // false pauses it: what would fire it passes by
	// InputTemplate is what the function gets in place of the CloudEvent: text
	// in which ${id}, ${type}, ${source}, ${subject}, ${time} and ${data.a.b} stand for
	// values of the event. Empty: the event itself, in structured mode.
	InputTemplate string `json:"input_template"`
	// DelegateRoles are what the function gets a token with for the trigger's
	// executions, in place of its own delegation. See FunctionSpec.DelegateRoles.
	DelegateRoles []string `json:"delegate_roles"`
	// The block of the type is set, and no other one.
	Schedule     *Schedule     `json:"schedule,omitempty"`
	Swift        *Swift        `json:"swift,omitempty"`
	Notification *Notification `json:"notification,omitempty"`
	Alarm        *Alarm        `json:"alarm,omitempty"`
	Webhook      *Webhook      `json:"webhook,omitempty"`
}

// Trigger invokes a function when something happens. Its name is unique in the
// project; for a schedule it is the label.
type Trigger struct {
	ID         string `json:"id"`
	ProjectID  string `json:"project_id"`
	FunctionID string `json:"function_id"`
	TriggerSpec
	Clock *Clock `json:"clock,omitempty"` // of a schedule
	// Error says why the trigger does not work any more, although it is enabled;
	// empty: it does. Any update clears it.
	Error string `json:"error"`
	// Trust is what the trigger looks at its events with, and with DelegateRoles what
	// its function acts with. nil: none.
	Trust     *Trust    `json:"-"`
	Secret    string    `json:"-"` // of a webhook, as it is kept: see Webhook.Secret
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Swift fires when an object of a container of the project was written,
// copied, deleted, or got other metadata.
type Swift struct {
	Container string   `json:"container"`
	Events    []string `json:"events"` // of SwiftEvents; default created and copied
	Prefix    string   `json:"prefix"` // of the object's name
	Suffix    string   `json:"suffix"` // of the object's name
	// Verify has each object looked at in Swift before the function runs: the
	// notification of a request that failed says success, and lacks etag, size
	// and content type. Default true; false believes the notification.
	Verify *bool `json:"verify"`
}

// SwiftEvents are what can happen to an object.
func SwiftEvents() []string { return []string{"created", "copied", "deleted", "metadata"} }

// Notification fires on notifications of the trigger's project.
type Notification struct {
	EventType string `json:"event_type"` // with * for any text and ? for one character, as "compute.instance.*"
	Exchange  string `json:"exchange"`   // empty: any
	Topic     string `json:"topic"`      // empty: any
	// Filter is what must hold of fields of the notification, all of it. Names
	// are paths, as "payload.state"; a number counts in a list. A value says
	// what the field equals, a list one of what, and an object has operators
	// that must all hold: prefix, suffix, exists, gt, gte, lt, lte.
	Filter map[string]json.RawMessage `json:"filter"`
	// AllProjects fires on those of every project, and on those that belong to none.
	AllProjects bool `json:"all_projects"`
}

// NotificationChecker checks what Validate cannot. Errors: invalid, naming the field.
type NotificationChecker func(*Notification) error

// Alarm fires when an alarm of the project enters a state. Either AlarmID or
// AlarmName may be set; with neither, any alarm of the project fires it.
type Alarm struct {
	AlarmID   string   `json:"alarm_id"`
	AlarmName string   `json:"alarm_name"`
	States    []string `json:"states"` // of AlarmStates; default alarm
}

// AlarmStates are those of Aodh.
func AlarmStates() []string { return []string{"alarm", "ok", "insufficient data"} }

// WebhookAuth is how the sender of a request shows that it may fire a webhook.
type WebhookAuth string

// The ways.
const (
	WebhookKeystone WebhookAuth = "keystone" // a token of the project, in X-Auth-Token
	WebhookHMAC     WebhookAuth = "hmac"     // X-Hub-Signature-256: sha256=<hex HMAC-SHA256 of the body>
	WebhookToken    WebhookAuth = "token"    // the secret itself, as Authorization: Bearer, or as ?token= in the URL
)

// Webhook fires on requests to /hooks/{id of the trigger}.
type Webhook struct {
	Auth WebhookAuth `json:"auth"` // default token
	// Secret is written but never read: who sets none gets one made, and sees it
	// once. 16..1024 bytes. Not with keystone. Stores keep it as Trigger.Secret.
	Secret string `json:"secret,omitempty"`
}

// DefaultTriggerSpec returns a spec with every default set.
func DefaultTriggerSpec() TriggerSpec { return TriggerSpec{Enabled: true} }

// Bounds of what processes keep of each trigger in memory.
const (
	maxTemplateBytes = 64 << 10 // of an input template
	maxFilterBytes   = 64 << 10 // of a filter of notifications
)

// Validate checks everything that can be checked without a store, a Calendar
// and a NotificationChecker, and fills in the defaults of the type's block.
// Errors: invalid, naming the field.
func (s *TriggerSpec) Validate() error {
	if err := validateName("name", s.Name); err != nil {
		return err
	}
	if s.Function == "" {
		return Errorf(CodeInvalid, "function: is required")
	}
	if !IsID(s.Function) {
		if err := ValidateFunctionRef("function", s.Function); err != nil {
			return err
		}
	}
	if err := validateText("input_template", s.InputTemplate, maxTemplateBytes); err != nil {
		return err
	}
	if err := validateRoles(s.DelegateRoles); err != nil {
		return err
	}
	if err := oneOf("type", s.Type, TriggerTypes()...); err != nil {
		return err
	}
	return s.validateBlock()
}

// validateBlock checks that the block of the type is there, and no other.
func (s *TriggerSpec) validateBlock() error {
	blocks := map[TriggerType]struct {
		set      bool
		validate func() error
	}{
		TriggerSchedule:     {s.Schedule != nil, func() error { return s.Schedule.validate() }},
		TriggerSwift:        {s.Swift != nil, func() error { return s.Swift.validate() }},
		TriggerNotification: {s.Notification != nil, func() error { return s.Notification.validate() }},
		TriggerAlarm:        {s.Alarm != nil, func() error { return s.Alarm.validate() }},
		TriggerWebhook:      {s.Webhook != nil, func() error { return s.Webhook.validate() }},
	}
	for _, kind := range TriggerTypes() {
		if blocks[kind].set && kind != s.Type {
			return Errorf(CodeInvalid, "%s: is not for type %s", kind, s.Type)
		}
	}
	if !blocks[s.Type].set {
		return Errorf(CodeInvalid, "%s: is required with type %s", s.Type, s.Type)
	}
	return blocks[s.Type].validate()
}

func (s *Swift) validate() error {
	if len(s.Events) == 0 {
		s.Events = []string{"created", "copied"}
	}
	if s.Verify == nil {
		verify := true
		s.Verify = &verify
	}
	if s.Container == "" || len(s.Container) > 256 || strings.Contains(s.Container, "/") {
		return Errorf(CodeInvalid, "swift.container: must have from 1 to 256 bytes and no '/'")
	}
	for _, err := range []error{
		validateSet("swift.events", s.Events, SwiftEvents()),
		validateText("swift.container", s.Container, 256),
		validateText("swift.prefix", s.Prefix, 1024),
		validateText("swift.suffix", s.Suffix, 1024),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

func (n *Notification) validate() error {
	if n.EventType == "" {
		return Errorf(CodeInvalid, "notification.event_type: is required")
	}
	for field, text := range map[string]string{
		"notification.event_type": n.EventType, "notification.exchange": n.Exchange, "notification.topic": n.Topic,
	} {
		if err := validateText(field, text, 255); err != nil {
			return err
		}
	}
	if len(n.Filter) > 32 {
		return Errorf(CodeInvalid, "notification.filter: has more than 32 fields")
	}
	total := 0
	for path, value := range n.Filter {
		total += len(path) + len(value)
	}
	if total > maxFilterBytes {
		return Errorf(CodeInvalid, "notification.filter: names and values are more than %d bytes together", maxFilterBytes)
	}
	return nil
}

func (a *Alarm) validate() error {
	if len(a.States) == 0 {
		a.States = []string{"alarm"}
	}
	if a.AlarmID != "" && a.AlarmName != "" {
		return Errorf(CodeInvalid, "alarm: either alarm_id or alarm_name can be set")
	}
	for _, err := range []error{
		validateSet("alarm.states", a.States, AlarmStates()),
		validateText("alarm.alarm_id", a.AlarmID, 255),
		validateText("alarm.alarm_name", a.AlarmName, 255),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *Webhook) validate() error {
	if w.Auth == "" {
		w.Auth = WebhookToken
	}
	if err := oneOf("webhook.auth", w.Auth, WebhookKeystone, WebhookHMAC, WebhookToken); err != nil {
		return err
	}
	switch n := len(w.Secret); {
	case n > 0 && w.Auth == WebhookKeystone:
		return Errorf(CodeInvalid, "webhook.secret: is not for auth keystone")
	case n > 0 && n < 16, n > 1024:
		return Errorf(CodeInvalid, "webhook.secret: must have from 16 to 1024 bytes")
	}
	return validateText("webhook.secret", w.Secret, 1024)
}

// TriggerFilter narrows a list of triggers. Empty fields match everything.
type TriggerFilter struct {
	ProjectID  string // empty: every project
	Name       string
	FunctionID string
	Type       TriggerType
}

// TriggerStore keeps triggers. A project of "" in a look-up means any project;
// with one, what belongs to another project is not_found. ref is an id or,
// within a project, a name. Every method may return unavailable.
type TriggerStore interface {
	// CreateTrigger stores a new trigger and fills in FunctionID and Function
	// ("app:name"). Errors: not_found (function), conflict (name taken in the project).
	CreateTrigger(ctx context.Context, t *Trigger) error
	// Trigger returns one trigger. Errors: not_found.
	Trigger(ctx context.Context, projectID, ref string) (*Trigger, error)
	// Triggers lists a page and tells whether more follow. Errors: invalid (marker, sort).
	Triggers(ctx context.Context, filter TriggerFilter, page Page) (list []Trigger, more bool, err error)
	// UpdateTrigger replaces the spec of the trigger with t.ID, and its NextAt
	// where Enabled or Schedule changed or it had an Error, provided its stored updated_at is still
	// before. It fills in FunctionID, Function and the clock as it is. Errors: not_found
	// (trigger or function), conflict (name taken, or changed meanwhile).
	UpdateTrigger(ctx context.Context, t *Trigger, before time.Time) error
	// DeleteTrigger removes a trigger; what it has put into the queue stays. Errors: not_found.
	DeleteTrigger(ctx context.Context, projectID, id string) error
	// DueSchedules returns up to limit enabled triggers whose NextAt is not
	// after now, those due longest first, and when the next one after them is
	// due (zero: none).
	DueSchedules(ctx context.Context, now time.Time, limit int) (due []Trigger, next time.Time, err error)
	// Fire moves the clock of a schedule and queues what it made, in one
	// transaction. Where a schedule with overlap skip has an execution that
	// has not ended, only NextAt moves and nothing is queued. One that has had
	// its MaxRuns gets no NextAt. Errors: conflict (somebody else fired it, or
	// it changed).
	Fire(ctx context.Context, f *Firing) error
}

// EventStore is for those who make executions of events. Every method may
// return unavailable.
type EventStore interface {
	// EventTriggers returns all enabled triggers of types swift, notification
	// and alarm, of all projects and also those with an Error, unless none has changed since the given version;
	// version is then the same again. It is cheap when nothing has changed.
	// The first version is 0.
	EventTriggers(ctx context.Context, since int64) (list []Trigger, version int64, err error)
	// FailTrigger sets the trigger's Error, unless it has one or was updated since it was read
	// (UpdatedAt is not what is given). It is no error then. A schedule is not due any more.
	FailTrigger(ctx context.Context, id string, updatedAt time.Time, reason string) error
	// Acting returns the executions with credentials of a trust of that user which
	// ran in the project at the time, and those that wait for it of the given
	// trigger, of which StartedAt is zero if they never ran: up to 1000 of them. Synchronous
	// executions are left out: they are recorded too late.
	Acting(ctx context.Context, a Acting) ([]Execution, error)
	// RemoveProject deletes functions, triggers and apps of a project that is
	// no more, leaves their trusts in TrustStore, and cancels what is queued. It returns how
	// many functions that were. Executions stay until they are purged.
	RemoveProject(ctx context.Context, projectID string) (int, error)
}

// Acting asks who may have done something.
type Acting struct {
	ProjectID string
	UserID    string // the trustor
	TriggerID string
	At        time.Time
	// Within is how far At may be from when something ran: clocks of hosts differ.
	Within time.Duration
}

// Hooks fires triggers of types webhook and alarm by requests to their URL.
type Hooks interface {
	// Fire queues what the request asks for, and returns nil when it asks for
	// nothing, as an alarm in another state. The sender is known to be allowed.
	// Errors: invalid (the body), not_found, conflict (the key was used with
	// another body), unavailable.
	Fire(ctx context.Context, t *Trigger, request *HookRequest) (*Execution, error)
}

// HookRequest is a request to the URL of a trigger.
type HookRequest struct {
	ID          string // "req-<uuid>"
	ContentType string
	Key         string // Idempotency-Key; empty: none
	Body        []byte
}
