package picasso

import (
	"context"
	"time"
)

// TriggerType is the kind of event that fires a trigger.
type TriggerType string

// The types of triggers.
const (
	TriggerSchedule TriggerType = "schedule"
)

// TriggerSpec is what a user sets of a trigger.
type TriggerSpec struct {
	Name     string      `json:"name"`
	Function string      `json:"function"` // "app:name" or id of a function of the project
	Type     TriggerType `json:"type"`     // cannot be changed
	Enabled  bool        `json:"enabled"`  // false pauses it: what would fire it passes by
	// InputTemplate is what the function gets in place of the CloudEvent: text
	// in which ${id}, ${type}, ${source}, ${subject}, ${time} and ${data.a.b} stand for
	// values of the event. Empty: the event itself, in structured mode.
	InputTemplate string    `json:"input_template"`
	Schedule      *Schedule `json:"schedule,omitempty"`
}

// Trigger invokes a function when something happens. Its name is unique in the
// project; for a schedule it is the label.
type Trigger struct {
	ID         string `json:"id"`
	ProjectID  string `json:"project_id"`
	FunctionID string `json:"function_id"`
	TriggerSpec
	Clock     *Clock    `json:"clock,omitempty"` // of a schedule
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// Schedule says when a trigger fires: exactly one of Cron, EveryS and At is set.
type Schedule struct {
	Cron     string    `json:"cron,omitempty"`    // five fields, or @hourly, @daily, @weekly, @monthly, @yearly
	EveryS   int       `json:"every_s,omitempty"` // seconds, 1..31536000, counted from StartAt or the creation
	At       time.Time `json:"at,omitzero"`       // once
	Timezone string    `json:"timezone"`          // IANA name, for Cron; default UTC
	StartAt  time.Time `json:"start_at,omitzero"` // fires at or after it
	EndAt    time.Time `json:"end_at,omitzero"`   // fires before it
	MaxRuns  int       `json:"max_runs"`          // 0: any number
	Overlap  Overlap   `json:"overlap"`
	CatchUp  CatchUp   `json:"catch_up"`
}

// Overlap says what happens when a schedule fires while its last execution
// has not ended.
type Overlap string

// The policies of overlap.
const (
	OverlapAllow Overlap = "allow"
	OverlapSkip  Overlap = "skip" // the fire passes by
)

// CatchUp says what becomes of fires that nobody was there for: the service was
// down. What passes while a trigger is disabled is never caught up with.
type CatchUp string

// The policies of catching up.
const (
	CatchUpNone CatchUp = "none"
	CatchUpLast CatchUp = "last" // one of them
	CatchUpAll  CatchUp = "all"
)

// Clock is where a schedule stands.
type Clock struct {
	NextAt time.Time `json:"next_run_at,omitzero"` // zero: never again
	LastAt time.Time `json:"last_run_at,omitzero"` // when it was due, not when it ran
	Runs   int       `json:"runs"`                 // fires so far; passed by ones do not count
}

// DefaultTriggerSpec returns a spec with every default set.
func DefaultTriggerSpec() TriggerSpec { return TriggerSpec{Enabled: true} }

// maxTemplateBytes bounds an input template.
const maxTemplateBytes = 64 << 10

// Validate checks everything that can be checked without a store and a
// Calendar, and fills in the defaults of the schedule. Errors: invalid, naming
// the field.
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
	if err := oneOf("type", s.Type, TriggerSchedule); err != nil {
		return err
	}
	if s.Schedule == nil {
		return Errorf(CodeInvalid, "schedule: is required with type schedule")
	}
	return s.Schedule.validate()
}

func (s *Schedule) validate() error {
	if s.Timezone == "" {
		s.Timezone = "UTC"
	}
	if s.Overlap == "" {
		s.Overlap = OverlapAllow
	}
	if s.CatchUp == "" {
		s.CatchUp = CatchUpLast
	}
	kinds := 0
	for _, set := range []bool{s.Cron != "", s.EveryS != 0, !s.At.IsZero()} {
		if set {
			kinds++
		}
	}
	switch {
	case kinds != 1:
		return Errorf(CodeInvalid, "schedule: exactly one of cron, every_s and at is required")
	case s.EveryS != 0 && (s.EveryS < 1 || s.EveryS > 31536000):
		return Errorf(CodeInvalid, "schedule.every_s: must be from 1 to 31536000")
	case len(s.Cron) > 255:
		return Errorf(CodeInvalid, "schedule.cron: is longer than 255 bytes")
	case !s.StartAt.IsZero() && !s.EndAt.IsZero() && !s.EndAt.After(s.StartAt):
		return Errorf(CodeInvalid, "schedule.end_at: must be after start_at")
	case s.MaxRuns < 0:
		return Errorf(CodeInvalid, "schedule.max_runs: must not be negative")
	}
	if err := oneOf("schedule.overlap", s.Overlap, OverlapAllow, OverlapSkip); err != nil {
		return err
	}
	return oneOf("schedule.catch_up", s.CatchUp, CatchUpNone, CatchUpLast, CatchUpAll)
}

// Calendar knows when a schedule fires.
type Calendar interface {
	// Next returns the first time after the given one at which the schedule of
	// a trigger of that age fires, zero when it never does. Errors: invalid,
	// naming the field (a cron expression or time zone that does not exist).
	Next(s *Schedule, created, after time.Time) (time.Time, error)
}

// Firing is one step of a schedule's clock.
type Firing struct {
	TriggerID string
	Due       time.Time // the NextAt that was acted on; the step is void when it is another by now
	Clock     Clock     // as it is afterwards
	// Submissions are the executions to make: none when the fire passes by,
	// several when a schedule catches up. Each has TriggerID and EventID.
	Submissions []Submission
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
	// where Enabled or Schedule changed, provided its stored updated_at is still
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
