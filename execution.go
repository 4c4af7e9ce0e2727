package picasso

import (
	"context"
	"strings"
	"time"
)

// Status is the state of an execution.
type Status string

// The states. A synchronous execution is recorded when it has ended; an
// asynchronous one is queued, running, perhaps queued again, and then one of
// the others for good.
const (
	StatusQueued    Status = "queued"
	StatusRunning   Status = "running"
	StatusSucceeded Status = "succeeded"
	StatusFailed    Status = "failed"
	StatusTimedOut  Status = "timed_out" // waiting for a sandbox, or running; Reason says which
	StatusCancelled Status = "cancelled"
	StatusLost      Status = "lost" // the platform could not bring it to an end within max_age_s
)

// Ended reports whether s is for good.
func (s Status) Ended() bool { return s != StatusQueued && s != StatusRunning }

// Execution is the record of one invocation of a function. A synchronous one
// is written behind, shortly after it has ended; an asynchronous one is
// durable before its caller has an answer, and the queue itself.
type Execution struct {
	ID         string `json:"id"`
	ProjectID  string `json:"project_id"`
	FunctionID string `json:"function_id"`
	Function   string `json:"function"` // name at the time
	App        string `json:"app"`      // name at the time
	Revision   int64  `json:"revision"` // of the latest attempt; 0 before the first
	Status     Status `json:"status"`
	// Reason says why it did not succeed, or why the latest attempt did not:
	// title and detail of the error. Also what became of a destination that
	// could not be served.
	Reason      string    `json:"reason"`
	Async       bool      `json:"async"`                 // nobody waited for the answer
	TriggerID   string    `json:"trigger_id,omitempty"`  // of the trigger that made it
	EventID     string    `json:"event_id,omitempty"`    // of the event that fired the trigger
	Subject     string    `json:"subject,omitempty"`     // of that event: what it is about, up to 1024 bytes
	CausedBy    string    `json:"caused_by,omitempty"`   // execution whose end made it, see FunctionSpec.OnSuccess, or that wrote the object
	Depth       int       `json:"depth,omitempty"`       // how many executions caused each other before it, 0..MaxDepth, or one more where that is only suspected
	Destination string    `json:"destination,omitempty"` // https URL that gets the input in place of the function
	RedriveOf   string    `json:"redrive_of,omitempty"`  // execution that this one runs again
	RedrivenAs  string    `json:"redriven_as,omitempty"` // execution that runs this one again
	Attempt     int       `json:"attempt"`               // of the function, the current or latest; 0 before the first
	MaxAttempts int       `json:"max_attempts"`          // 1 for a synchronous execution
	RunAt       time.Time `json:"run_at,omitzero"`       // when queued: not before
	CreatedAt   time.Time `json:"created_at"`
	StartedAt   time.Time `json:"started_at,omitzero"`  // of the latest attempt; zero when it never reached a sandbox
	FinishedAt  time.Time `json:"finished_at,omitzero"` // zero until it has ended
	WaitMS      float64   `json:"wait_ms"`              // for a sandbox, cold start included
	ColdStartMS float64   `json:"cold_start_ms"`        // of the sandbox started for it, 0 when hot
	RunMS       float64   `json:"run_ms"`               // in the sandbox, until the end of the answer
	ExitCode    *int      `json:"exit_code,omitempty"`  // of the sandbox, when it ended with the call
	HTTPStatus  int       `json:"http_status,omitempty"`
	Host        string    `json:"host"`
	RequestID   string    `json:"request_id"`
	InputBytes  int64     `json:"input_bytes"`
	OutputBytes int64     `json:"output_bytes"`
	// Log is for RecordExecutions alone: LogStore has the logs.
	Log []byte `json:"-"`
}

// Apply takes over what became of a call that ended at the given time, but
// neither status nor reason: what a failure means depends on who called.
func (e *Execution) Apply(o *Outcome, ended time.Time) {
	e.StartedAt, e.FinishedAt = microseconds(o.Started), microseconds(ended)
	e.WaitMS, e.ColdStartMS, e.RunMS = milliseconds(o.Wait), milliseconds(o.ColdStart), milliseconds(o.Run)
	e.ExitCode, e.HTTPStatus, e.Host = o.ExitCode, o.HTTPStatus, o.Host
	e.InputBytes, e.OutputBytes = o.InputBytes, o.OutputBytes
}

// maxReasonBytes bounds the reason in a record.
const maxReasonBytes = 1024

// Failed returns the status and the reason that a record has of the error.
func (e *Error) Failed() (Status, string) {
	reason := e.Title
	if e.Detail != "" {
		reason += ": " + e.Detail
	}
	reason = strings.ToValidUTF8(reason[:min(len(reason), maxReasonBytes)], "")
	switch e.Code {
	case CodeTimedOut, CodeWaitTimedOut:
		return StatusTimedOut, reason
	case CodeCancelled:
		return StatusCancelled, reason
	}
	return StatusFailed, reason
}

// microseconds is the time as the stores keep it; zero stays zero.
func microseconds(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC().Truncate(time.Microsecond)
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// ExecutionFilter narrows a list of executions. Empty fields match everything.
type ExecutionFilter struct {
	ProjectID  string // empty: every project
	FunctionID string
	App        string // name
	TriggerID  string
	Status     Status
	Since      time.Time // created at or after
	Until      time.Time // created before
}

// ExecutionStore keeps the records of executions. A project of "" in a look-up
// means any project; with one, what belongs to another project is not_found.
// Every method may return unavailable.
type ExecutionStore interface {
	// RecordExecutions stores ended synchronous executions with their logs. One
	// that is there already stays as it is. With unavailable perhaps some are stored;
	// with another error all but those that cannot be, and the Detail says how many.
	RecordExecutions(ctx context.Context, batch []Execution) error
	// Execution returns one record. Errors: not_found.
	Execution(ctx context.Context, projectID, id string) (*Execution, error)
	// Executions lists a page, newest first, and tells whether more follow.
	// Errors: invalid (marker, sort).
	Executions(ctx context.Context, filter ExecutionFilter, page Page) (list []Execution, more bool, err error)
	// ExecutionResult returns what an asynchronous execution answered with.
	// Errors: not_found, also when there is no answer or it was purged.
	ExecutionResult(ctx context.Context, projectID, id string) (*Payload, error)
	// CancelExecution ends a queued or running execution as cancelled, with
	// the reason, and returns it as it was before: whoever runs it finds out
	// by its lease. Errors: not_found, conflict (it has ended).
	CancelExecution(ctx context.Context, projectID, id, reason string) (*Execution, error)
	// Purge deletes what is older than keep says, up to limit rows of each
	// kind, oldest first, and returns how many rows that were in all. What
	// belongs to an execution that has not ended stays, whatever its age.
	Purge(ctx context.Context, keep Retention, limit int) (int, error)
}

// Retention says until when things were made that may go now. A zero time keeps all.
type Retention struct {
	Succeeded time.Time // records of executions that succeeded, with all that belongs to them
	Ended     time.Time // records that ended in any other way
	Payloads  time.Time // inputs and results
	Logs      time.Time
}

// LogPart is a piece of the log of an execution: what the function wrote to
// stdout and stderr (stderr alone with contract stdio).
type LogPart struct {
	ExecutionID string
	Attempt     int   // from 1
	Offset      int64 // of the first byte, in what the attempt wrote
	Text        []byte
	// Whole replaces every part of the attempt: when an attempt wrote more
	// than a log holds (1 MiB by default), its end counts and not its beginning. Text
	// then says how much is missing.
	Whole bool
}

// LogStore keeps the logs of executions. Every method may return unavailable.
type LogStore interface {
	// AppendLogs stores parts, all or none. A part that is there already
	// (attempt and offset) stays as it is.
	AppendLogs(ctx context.Context, parts []LogPart) error
	// Log returns the parts behind a place in the log, in order: those of
	// later attempts, and of the given attempt those at the offset or later. (0, 0) is
	// the beginning. It may return the first of them only, so that a long log need not be in
	// memory: ask again behind the last until there is none. A log that does not exist is empty.
	Log(ctx context.Context, executionID string, attempt int, offset int64) ([]LogPart, error)
}
