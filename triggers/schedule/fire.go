package schedule

import (
	"context"
	"encoding/json"
	"time"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/triggers/event"
)

// eventType is that of the CloudEvent a schedule makes.
const eventType = "org.openstack.functions.schedule"

// maxInputs bounds the inputs, in bytes, that one step of a schedule makes:
// what catches up with much does it in more steps.
const maxInputs = 8 << 20

// fire moves the clock of a schedule that is due and queues what it fires.
// Errors: conflict, not_found (the function is gone, and the trigger with it), unavailable.
func (s *Scheduler) fire(ctx context.Context, t *picasso.Trigger, now time.Time) error {
	table, err := compile(t.Schedule, t.CreatedAt)
	if err != nil {
		return s.disable(ctx, t, now, err)
	}
	fires, next := step(t.Schedule, t.Clock, &table, now)
	f := picasso.Firing{TriggerID: t.ID, Due: t.Clock.NextAt, Clock: *t.Clock}
	f.Clock.NextAt = next
	if len(fires) > 0 {
		if err := s.submit(ctx, &f, t, fires); err != nil {
			return err
		}
	}
	return s.cfg.Triggers.Fire(ctx, &f)
}

// submit fills in the executions and moves the clock by as many.
func (s *Scheduler) submit(ctx context.Context, f *picasso.Firing, t *picasso.Trigger, fires []time.Time) error {
	fn, err := s.cfg.Functions.Function(ctx, t.ProjectID, t.FunctionID)
	if err != nil {
		return err
	}
	size := 0
	for i, due := range fires {
		if size > maxInputs {
			f.Clock.NextAt = due
			break
		}
		f.Clock.Runs++
		f.Clock.LastAt = fires[i]
		sub := s.submission(t, fn, due, f.Clock.Runs)
		size += len(sub.Input.Body)
		f.Submissions = append(f.Submissions, sub)
	}
	return nil
}

// data is that of the CloudEvent.
type data struct {
	Run   int       `json:"run"` // from 1
	DueAt time.Time `json:"due_at"`
}

// submission is one execution. Its key, made of when it was due, is what a
// store refuses to queue again.
func (s *Scheduler) submission(t *picasso.Trigger, fn *picasso.Function, due time.Time, run int) picasso.Submission {
	now := s.cfg.Now()
	sub := picasso.Submission{Execution: picasso.Execution{
		ID: s.cfg.NewID(), ProjectID: t.ProjectID, FunctionID: fn.ID, Function: fn.Name, App: fn.App,
		Status: picasso.StatusQueued, Async: true, TriggerID: t.ID, EventID: due.Format(time.RFC3339Nano),
		MaxAttempts: fn.Retry.MaxAttempts, RunAt: due, CreatedAt: now, RequestID: "req-" + s.cfg.NewID(),
	}}
	sub.Key = t.ID + " " + sub.EventID
	content, err := json.Marshal(data{Run: run, DueAt: due})
	if err == nil {
		e := event.Event{
			ID: sub.EventID, Source: "/projects/" + t.ProjectID + "/triggers/" + t.ID,
			Type: eventType, Subject: t.Name, Time: due, Data: content,
		}
		sub.Input, err = e.Input(t.InputTemplate)
	}
	if err != nil { // it is on record, where its user looks
		sub.Status, sub.Reason = picasso.AsError(err).Failed()
		sub.FinishedAt = now
	}
	return sub
}

// disable ends a schedule that cannot be read any more, such as one in a time
// zone that was abolished.
func (s *Scheduler) disable(ctx context.Context, t *picasso.Trigger, now time.Time, why error) error {
	before := t.UpdatedAt
	t.Enabled, t.UpdatedAt = false, now
	if err := s.cfg.Triggers.UpdateTrigger(ctx, t, before); err != nil {
		return err
	}
	s.log(t).WithError(why).Error("schedule disabled: it cannot be read")
	return nil
}
