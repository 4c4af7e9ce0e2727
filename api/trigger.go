package api

import (
	"context"
	"net/http"
	"time"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/internal/guard"
	"github.com/picasso-faas/picasso/api/internal/weight"
)

// triggerView is a trigger as the API shows it.
type triggerView struct {
	*picasso.Trigger
	Schedule  *scheduleView `json:"schedule,omitempty"`
	Clock     *clockView    `json:"clock,omitempty"`
	CreatedAt stamp         `json:"created_at"`
	UpdatedAt stamp         `json:"updated_at"`
}

type scheduleView struct {
	*picasso.Schedule
	At      stamp `json:"at,omitzero"`
	StartAt stamp `json:"start_at,omitzero"`
	EndAt   stamp `json:"end_at,omitzero"`
}

type clockView struct {
	NextAt stamp `json:"next_run_at,omitzero"`
	LastAt stamp `json:"last_run_at,omitzero"`
	Runs   int   `json:"runs"`
}

func viewTrigger(t *picasso.Trigger) triggerView {
	view := triggerView{Trigger: t, CreatedAt: stamp(t.CreatedAt), UpdatedAt: stamp(t.UpdatedAt)}
	if s := t.Schedule; s != nil {
		view.Schedule = &scheduleView{s, stamp(s.At), stamp(s.StartAt), stamp(s.EndAt)}
	}
	if c := t.Clock; c != nil {
		view.Clock = &clockView{stamp(c.NextAt), stamp(c.LastAt), c.Runs}
	}
	return view
}

func (s *Server) listTriggers(req *request, a guard.Access) error {
	l, err := s.listing(req, a)
	if err != nil {
		return err
	}
	filter, err := s.triggerFilter(req, a)
	if err != nil {
		return err
	}
	filter.ProjectID = l.projectID
	load := func(page picasso.Page) ([]picasso.Trigger, bool, error) {
		return s.Triggers.Triggers(req.Context(), filter, page)
	}
	list, more, err := gather(l.page, load, func(t *picasso.Trigger) (string, int) { return t.ID, weight.Trigger(t) })
	if err != nil {
		return err
	}
	views, last := make([]triggerView, len(list)), ""
	for i := range list {
		views[i] = viewTrigger(&list[i])
		if more {
			last = list[i].ID
		}
	}
	return s.replyList(req, "triggers", views, last)
}

// triggerFilter reads the query. Errors: invalid, unavailable.
func (s *Server) triggerFilter(req *request, a guard.Access) (f picasso.TriggerFilter, err error) {
	f.Name, f.Type = req.query.Get("name"), picasso.TriggerType(req.query.Get("type"))
	if req.query.Has("type") && f.Type != picasso.TriggerSchedule {
		return f, invalid("type: must be %s", picasso.TriggerSchedule)
	}
	f.FunctionID, err = s.functionNamed(req, a)
	return f, err
}

func (s *Server) createTrigger(req *request, a guard.Access) error {
	patch, err := req.object()
	if err != nil {
		return err
	}
	t := &picasso.Trigger{
		ID: s.NewID(), ProjectID: a.Project(), TriggerSpec: picasso.DefaultTriggerSpec(), CreatedAt: s.timestamp(),
	}
	t.UpdatedAt = t.CreatedAt
	if err := patchTrigger(t, patch); err != nil {
		return err
	}
	if err := s.wind(t, true); err != nil {
		return err
	}
	if err := s.Triggers.CreateTrigger(req.Context(), t); err != nil {
		return noFunction(err, t.Function)
	}
	return s.replyCreated(req, "/v2/triggers/"+t.ID, viewTrigger(t))
}

func (s *Server) showTrigger(req *request, a guard.Access) error {
	t, err := s.trigger(req, a)
	if err != nil {
		return err
	}
	return req.reply(http.StatusOK, viewTrigger(t))
}

func (s *Server) updateTrigger(req *request, a guard.Access) error {
	patch, err := req.object()
	if err != nil {
		return err
	}
	t, err := s.trigger(req, a)
	if err != nil {
		return err
	}
	before := t.UpdatedAt
	if err := s.changeTrigger(req.Context(), t, patch); err != nil {
		return err
	}
	t.UpdatedAt = s.after(before)
	if err := s.Triggers.UpdateTrigger(req.Context(), t, before); err != nil {
		return err
	}
	return req.reply(http.StatusOK, viewTrigger(t))
}

func (s *Server) deleteTrigger(req *request, a guard.Access) error {
	t, err := s.trigger(req, a)
	if err != nil {
		return err
	}
	if err := s.Triggers.DeleteTrigger(req.Context(), t.ProjectID, t.ID); err != nil {
		return err
	}
	req.w.WriteHeader(http.StatusNoContent)
	return nil
}

// trigger loads the trigger that the path names.
func (s *Server) trigger(req *request, a guard.Access) (*picasso.Trigger, error) {
	ref := req.ref("trigger")
	return s.Triggers.Trigger(req.Context(), a.Scope(ref), ref)
}

func patchTrigger(t *picasso.Trigger, patch []member) error {
	if err := applyPatch[picasso.Trigger](&t.TriggerSpec, picasso.DefaultTriggerSpec(), patch); err != nil {
		return err
	}
	return t.Validate()
}

// changeTrigger applies the patch and winds the clock where that is about it.
func (s *Server) changeTrigger(ctx context.Context, t *picasso.Trigger, patch []member) error {
	before := *t
	if err := patchTrigger(t, patch); err != nil {
		return err
	}
	if t.Type != before.Type {
		return invalid("type: cannot be changed, it is %s", before.Type)
	}
	if names(patch, "function") {
		if _, err := s.Functions.Function(ctx, t.ProjectID, t.Function); err != nil {
			return noFunction(err, t.Function)
		}
	}
	if names(patch, "schedule") || t.Enabled != before.Enabled {
		return s.wind(t, names(patch, "schedule"))
	}
	return nil
}

// wind sets the clock of a schedule to go on from now: what would have fired
// before is not caught up with. With mustFire it is an error that it never fires again.
func (s *Server) wind(t *picasso.Trigger, mustFire bool) error {
	if t.Schedule == nil {
		return nil
	}
	next, err := s.Calendar.Next(t.Schedule, t.CreatedAt, s.timestamp())
	if err != nil {
		return err
	}
	if mustFire && next.IsZero() {
		return invalid("schedule: never fires from now on")
	}
	clock := picasso.Clock{}
	if t.Clock != nil {
		clock = *t.Clock
	}
	clock.NextAt = next
	if ran := t.Schedule.MaxRuns > 0 && clock.Runs >= t.Schedule.MaxRuns; ran || !t.Enabled {
		clock.NextAt = time.Time{}
	}
	t.Clock = &clock
	return nil
}

// noFunction words the error of a store that has not found the function.
func noFunction(err error, ref string) error {
	if picasso.CodeOf(err) == picasso.CodeNotFound {
		return invalid("function: there is no function %q", ref)
	}
	return err
}
