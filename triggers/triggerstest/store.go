package triggerstest

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/db"
)

// Patience is how long tests wait for what must happen.
const Patience = time.Minute

// Stores is everything that triggers need of a store.
type Stores interface {
	picasso.FunctionStore
	picasso.ExecutionStore
	picasso.LogStore
	picasso.Queue
	picasso.TriggerStore
}

var _ Stores = (*db.Store)(nil)

// NewID makes an id as executions have it.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// Logger logs to the test.
func Logger(t testing.TB) *logrus.Logger {
	log := logrus.New()
	log.SetOutput(t.Output())
	log.SetLevel(logrus.DebugLevel)
	return log
}

// Function stores a function of a project, named as it is not yet in use. Its
// retries make no pause.
func Function(t testing.TB, store picasso.FunctionStore, project string, edit ...func(*picasso.Function)) *picasso.Function {
	t.Helper()
	spec := picasso.DefaultFunctionSpec()
	spec.Name, spec.Image, spec.Network = "f"+uuid.NewString()[:8], "registry.example/f:1", picasso.NetworkNone
	spec.Config, spec.Entrypoint, spec.Command = map[string]string{}, []string{}, []string{}
	spec.Retry.MinDelayS = 0
	now := time.Now().UTC().Truncate(time.Microsecond)
	fn := &picasso.Function{
		ID: NewID(), ProjectID: project, FunctionSpec: spec, ImageDigest: "sha256:f", CreatedAt: now, UpdatedAt: now,
	}
	for _, e := range edit {
		e(fn)
	}
	require.NoError(t, store.CreateFunction(t.Context(), fn))
	return fn
}

// Submission is an execution of the function that is due now, with a little input.
func Submission(fn *picasso.Function, edit ...func(*picasso.Submission)) *picasso.Submission {
	now := time.Now().UTC().Truncate(time.Microsecond)
	s := &picasso.Submission{
		Execution: picasso.Execution{
			ID: NewID(), ProjectID: fn.ProjectID, FunctionID: fn.ID, Function: fn.Name, App: fn.App,
			Status: picasso.StatusQueued, Async: true, MaxAttempts: fn.Retry.MaxAttempts,
			RunAt: now, CreatedAt: now, RequestID: "req-" + NewID(), InputBytes: 5,
		},
		Input: picasso.Payload{Header: map[string][]string{"Content-Type": {"text/plain"}}, Body: []byte("input")},
	}
	for _, e := range edit {
		e(s)
	}
	return s
}

// Enqueue queues an execution of the function and returns its id.
func Enqueue(t testing.TB, queue picasso.Queue, fn *picasso.Function, edit ...func(*picasso.Submission)) string {
	t.Helper()
	e, err := queue.Enqueue(t.Context(), Submission(fn, edit...))
	require.NoError(t, err)
	return e.ID
}

// Await waits until an execution has the status, and returns it.
func Await(t testing.TB, store picasso.ExecutionStore, id string, status picasso.Status) *picasso.Execution {
	t.Helper()
	var e *picasso.Execution
	var err error
	require.Eventually(t, func() bool {
		e, err = store.Execution(t.Context(), "", id)
		return err == nil && e.Status == status
	}, Patience, 5*time.Millisecond, "%s: %v %v", status, &e, &err)
	return e
}
