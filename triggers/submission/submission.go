// Package submission makes executions for the queue: of a trigger that fired,
// and of an execution that another one caused. What cannot run is recorded as
// failed, with its reason, where its user looks.
package submission

import (
	"strconv"
	"strings"
	"time"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/triggers/event"
)

// maxSubjectBytes bounds the subject that a record has.
const maxSubjectBytes = 1024

// Maker makes submissions. Everything is required.
type Maker struct {
	Now   func() time.Time
	NewID func() string // of executions, in the order of their making
}

// For returns an execution of the function that may run now and has no input yet.
func (m Maker) For(fn *picasso.Function) picasso.Submission {
	now := m.now()
	return picasso.Submission{Execution: picasso.Execution{
		ID: m.NewID(), ProjectID: fn.ProjectID, FunctionID: fn.ID, Function: fn.Name, App: fn.App,
		Status: picasso.StatusQueued, Async: true, MaxAttempts: fn.Retry.MaxAttempts,
		RunAt: now, CreatedAt: now, RequestID: "req-" + m.NewID(),
	}}
}

// Of returns what a trigger's function is to do about an event. Its key lets
// an event fire a trigger once. An input that cannot be made has failed.
func (m Maker) Of(t *picasso.Trigger, fn *picasso.Function, e *event.Event) picasso.Submission {
	sub := m.For(fn)
	sub.TriggerID, sub.EventID, sub.Subject = t.ID, e.ID, Subject(e.Subject)
	sub.Key = t.ID + " " + e.ID
	input, err := e.Input(t.InputTemplate)
	if err != nil {
		m.Fail(&sub, err)
	}
	m.SetInput(&sub, input)
	return sub
}

// SetInput gives the execution its input.
func (m Maker) SetInput(sub *picasso.Submission, input picasso.Payload) {
	sub.Input, sub.InputBytes = input, int64(len(input.Body))
}

// Fail makes it an execution that is only recorded.
func (m Maker) Fail(sub *picasso.Submission, err error) {
	sub.Status, sub.Reason = picasso.AsError(err).Failed()
	sub.RunAt, sub.FinishedAt = time.Time{}, m.now()
}

// LimitDepth ends a chain that is too long before it goes on for ever. suspect
// says what may have made it, for the user.
func (m Maker) LimitDepth(sub *picasso.Submission, suspect string) {
	if sub.Depth <= picasso.MaxDepth {
		return
	}
	sub.Depth = picasso.MaxDepth // redriving it does not make the chain any longer
	m.Fail(sub, &picasso.Error{
		Code: picasso.CodeConflict, Title: "Chain stopped",
		Detail: "more than " + strconv.Itoa(picasso.MaxDepth) + " executions would cause each other in a row; " + suspect,
	})
}

// now is the time as the stores keep it.
func (m Maker) now() time.Time { return m.Now().UTC().Truncate(time.Microsecond) }

// Subject is the subject of an event as a record has it.
func Subject(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), maxSubjectBytes)], "")
}
