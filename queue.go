package picasso

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// MaxDepth is how many executions may cause each other in a row.
const MaxDepth = 8

// Retry says how often and when an asynchronous execution is tried again after
// its function failed. What the platform failed to do (host lost, no room)
// costs no attempt, but is subject to MaxAgeS, too.
type Retry struct {
	MaxAttempts int `json:"max_attempts"` // 1..25, the first included
	// The pause before the second attempt, in seconds; it doubles with each
	// further one up to MaxDelayS. Half of it is left to chance.
	MinDelayS int `json:"min_delay_s"` // 0..86400
	MaxDelayS int `json:"max_delay_s"` // 1..86400
	MaxAgeS   int `json:"max_age_s"`   // 1..1209600 (14 days) after its creation an execution is not tried again
}

// DefaultRetry returns the defaults.
func DefaultRetry() Retry {
	return Retry{MaxAttempts: 3, MinDelayS: 1, MaxDelayS: 300, MaxAgeS: 21600}
}

func (r *Retry) validate() error {
	for _, err := range []error{
		inRange("retry.max_attempts", r.MaxAttempts, 1, 25),
		inRange("retry.min_delay_s", r.MinDelayS, 0, 86400),
		inRange("retry.max_delay_s", r.MaxDelayS, 1, 86400),
		inRange("retry.max_age_s", r.MaxAgeS, 1, 14*86400),
	} {
		if err != nil {
			return err
		}
	}
	if r.MinDelayS > r.MaxDelayS {
		return Errorf(CodeInvalid, "retry.min_delay_s: must not be more than retry.max_delay_s")
	}
	return nil
}

// IsURL reports whether a destination is a URL and not a function.
func IsURL(destination string) bool { return strings.Contains(destination, "://") }

func validateDestination(field, destination string) error {
	switch {
	case destination == "":
		return nil
	case len(destination) > 2048:
		return Errorf(CodeInvalid, "%s: is longer than 2048 bytes", field)
	case !IsURL(destination):
		return ValidateFunctionRef(field, destination)
	}
	u, err := url.Parse(destination)
	if err != nil || u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		return Errorf(CodeInvalid, "%s: must be app:name of a function, or an https URL without user and fragment", field)
	}
	return nil
}

// ValidateFunctionRef checks the shape of "app:name" or "name". Errors:
// invalid, naming the field.
func ValidateFunctionRef(field, ref string) error {
	app, name, found := strings.Cut(ref, ":")
	if !found {
		app, name = DefaultApp, ref
	}
	if err := validateName(field, app); err != nil {
		return err
	}
	return validateName(field, name)
}

// Payload is the input of an asynchronous execution, or its result.
type Payload struct {
	// Header holds what a function sees of the request (no credentials), or
	// of a result its Content-Type.
	Header map[string][]string
	Body   []byte
}

// Submission is an execution on its way into the queue.
type Submission struct {
	// Execution needs ID, ProjectID, FunctionID, Function, App, MaxAttempts,
	// RunAt, CreatedAt and RequestID; what caused it where that applies. One
	// whose Status is not queued but ended is only recorded.
	Execution
	Input Payload
	// Key makes a second submission with the same key of the same function
	// and trigger return the first. Empty: no such thing.
	Key string
}

// Claimed is an execution that was handed to a queue worker.
type Claimed struct {
	Execution           // running, with Attempt counted up
	Lease     Lease     // whoever has it settles the execution
	Input     Payload   //
	Function  *Function // as it is now, with AppConfig
	Failures  int       // how often the platform failed it so far
	TrustID   string    // by which it gets its credentials: its trigger's, if that fires the function still, or else its function's; empty: none
}

// Lease is the right to settle a running execution. Number grows with each
// claim of the execution, so that nobody settles what others have since done.
type Lease struct {
	ExecutionID string
	Number      int64
}

// String is the Call.Run of what runs by the lease.
func (l Lease) String() string { return l.ExecutionID + "." + strconv.FormatInt(l.Number, 10) }

// Backlog is what waits of one function, and what it and its project have running.
type Backlog struct {
	ProjectID      string
	FunctionID     string
	Priority       int
	Limit          int // calls at once by max_sandboxes; 0: none
	Running        int // of the function, in all processes
	ProjectRunning int // of the project, in all processes
}

// Claim asks for executions of one function.
type Claim struct {
	FunctionID   string
	ProjectID    string
	Count        int // at most
	Limit        int // the function may have so many running, in all processes; 0: any number
	ProjectLimit int // the project may have so many running, in all processes; 0: any number
}

// Settlement is what became of an attempt.
type Settlement struct {
	Lease Lease
	// Execution is what the record becomes: ended, or queued for RunAt.
	Execution Execution
	Result    *Payload    // nil: none
	Next      *Submission // for the destination; committed together with it, or not at all. nil: none
}

// Queue is the executions that wait or run, seen by those who run them. Times
// of leases are by the clock of the store. Every method may return unavailable;
// then nothing has changed, or for Enqueue and Settle perhaps all of it: both may be
// called again.
//
// Delivery is at least once: an execution whose lease ran out is claimed
// again, and its function may have run before. Enqueueing with a Key is
// exactly once.
type Queue interface {
	// Enqueue commits one execution and returns it, or the one that is there
	// already by its Key. Errors: not_found (no such function), conflict (the
	// key was used with another input), rate_limited (the project has as many
	// queued as it may).
	Enqueue(ctx context.Context, s *Submission) (*Execution, error)
	// Enqueued receives after this process has put something into the queue
	// that may run now.
	Enqueued() <-chan struct{}
	// Backlog lists the functions that have something due and are not paused.
	// It is cheap when there is nothing.
	Backlog(ctx context.Context) ([]Backlog, error)
	// Claim marks due executions, oldest first, as running under a lease and
	// returns them. What others are claiming at the moment is skipped.
	Claim(ctx context.Context, claims []Claim, lease time.Duration) ([]Claimed, error)
	// Renew extends leases and returns those that are not held any more:
	// cancelled, or run out and claimed by somebody else.
	Renew(ctx context.Context, held []Lease, lease time.Duration) (lost []Lease, err error)
	// Recover takes care of what nobody else does: it queues executions again
	// whose lease ran out, and cancels those whose function was deleted. It
	// returns how many it queued again.
	Recover(ctx context.Context) (int, error)
	// Settle ends an attempt. Errors: conflict (the lease is not held any more).
	Settle(ctx context.Context, s *Settlement) error
	// Redrive queues failed, timed out, cancelled or lost executions anew, as
	// new executions with the same input, and marks the old ones. Errors for
	// one by its ID: not_found, conflict (not ended, succeeded, synchronous,
	// redriven already, input purged); for many, those are passed over, and
	// those that were cancelled: somebody did not want them.
	Redrive(ctx context.Context, r Redrive) (made []Execution, more bool, err error)
}

// Redrive says which executions to run again.
type Redrive struct {
	ProjectID string // "" with an ID: any project
	ID        string // this one; or, when empty:
	Function  string // id; of this function
	Since     time.Time
	Until     time.Time // zero: now
	Limit     int       // 1..1000, oldest first
	RequestID string
}
