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
		return s.giveUp(ctx, t, err)
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

// submission is one execution, of the event that the schedule was due.
func (s *Scheduler) submission(t *picasso.Trigger, fn *picasso.Function, due time.Time, run int) picasso.Submission {
	content, _ := json.Marshal(data{Run: run, DueAt: due}) // an error leaves it empty, which the event complains about
	sub := s.maker.Of(t, fn, &event.Event{
		ID: due.Format(time.RFC3339Nano), Source: "/projects/" + t.ProjectID + "/triggers/" + t.ID,
		Type: eventType, Subject: t.Name, Time: due, Data: content,
	})
	if !sub.Status.Ended() {
		sub.RunAt = due
	}
	return sub
}

// giveUp ends a schedule that cannot be read any more, such as one in a time
// zone that was abolished, and tells its owner.
func (s *Scheduler) giveUp(ctx context.Context, t *picasso.Trigger, why error) error {
	if err := s.cfg.Events.FailTrigger(ctx, t.ID, t.UpdatedAt, picasso.AsError(why).Detail); err != nil {
		return err
	}
	s.log(t).WithError(why).Error("schedule given up: it cannot be read")
	return nil
}
