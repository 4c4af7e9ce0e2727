package picasso

import (
	"context"
	"time"
)

// Status is the state of an execution.
type Status string

// The states in which a synchronous execution is recorded.
const (
	StatusSucceeded Status = "succeeded"
	StatusFailed    Status = "failed"
	StatusTimedOut  Status = "timed_out" // waiting for a sandbox, or running; Reason says which
)

// Execution is the record of one invocation of a function. A synchronous one
// is written behind, shortly after it has ended.
type Execution struct {
	ID          string    `json:"id"`
	ProjectID   string    `json:"project_id"`
	FunctionID  string    `json:"function_id"`
	Function    string    `json:"function"` // name at the time
	App         string    `json:"app"`      // name at the time
	Revision    int64     `json:"revision"`
	Status      Status    `json:"status"`
	Reason      string    `json:"reason"` // why it did not succeed: title and detail of the error
	CreatedAt   time.Time `json:"created_at"`
	StartedAt   time.Time `json:"started_at,omitzero"` // zero when it never reached a sandbox
	FinishedAt  time.Time `json:"finished_at"`
	WaitMS      float64   `json:"wait_ms"`             // for a sandbox, cold start included
	ColdStartMS float64   `json:"cold_start_ms"`       // of the sandbox started for it, 0 when hot
	RunMS       float64   `json:"run_ms"`              // in the sandbox, until the end of the answer
	ExitCode    *int      `json:"exit_code,omitempty"` // of the sandbox, when it ended with the call
	HTTPStatus  int       `json:"http_status,omitempty"`
	Host        string    `json:"host"`
	RequestID   string    `json:"request_id"`
	InputBytes  int64     `json:"input_bytes"`
	OutputBytes int64     `json:"output_bytes"`
	// Log is what the function wrote to stdout and stderr (stderr alone with
	// contract stdio): at most 1 MiB, the end kept and the cut marked. Only
	// written, never listed: ExecutionLog reads it.
	Log []byte `json:"-"`
}

// ExecutionFilter narrows a list of executions. Empty fields match everything.
type ExecutionFilter struct {
	ProjectID  string // empty: every project
	FunctionID string
	App        string // name
	Status     Status
	Since      time.Time // created at or after
	Until      time.Time // created before
}

// ExecutionStore keeps the records of executions. A project of "" in a look-up
// means any project; with one, what belongs to another project is not_found.
// Every method may return unavailable.
type ExecutionStore interface {
	// RecordExecutions stores ended executions with their logs, all or none.
	// One that is there already stays as it is.
	RecordExecutions(ctx context.Context, batch []Execution) error
	// Execution returns one record. Errors: not_found.
	Execution(ctx context.Context, projectID, id string) (*Execution, error)
	// Executions lists a page, newest first, and tells whether more follow.
	// Errors: invalid (marker, sort).
	Executions(ctx context.Context, filter ExecutionFilter, page Page) (list []Execution, more bool, err error)
	// ExecutionLog returns the log, empty when the function wrote nothing.
	// Errors: not_found.
	ExecutionLog(ctx context.Context, projectID, id string) ([]byte, error)
	// PurgeExecutions deletes up to limit executions created before the time,
	// oldest first, with their logs, and returns how many.
	PurgeExecutions(ctx context.Context, before time.Time, limit int) (int, error)
}
