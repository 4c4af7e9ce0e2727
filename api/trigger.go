package api

import (
	"context"
	"net/http"
	"slices"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/internal/guard"
	"github.com/picasso-faas/picasso/api/internal/weight"
)

const allProjectsRule = "functions:trigger:all_projects"

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
	views, last := make([]*triggerView, len(list)), ""
	for i := range list {
		views[i] = s.viewTrigger(req, &list[i])
		if more {
			last = list[i].ID
		}
	}
	return s.replyList(req, "triggers", views, last)
}

// triggerFilter reads the query. Errors: invalid, unavailable.
func (s *Server) triggerFilter(req *request, a guard.Access) (f picasso.TriggerFilter, err error) {
	f.Name, f.Type = req.query.Get("name"), picasso.TriggerType(req.query.Get("type"))
	if types := picasso.TriggerTypes(); req.query.Has("type") && !slices.Contains(types, f.Type) {
		return f, invalid("type: must be one of %s", types)
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
	if err := s.changeTrigger(req.Context(), a, t, patch); err != nil {
		return err
	}
	secret := s.setSecret(t, "", patch)
	made, err := s.trustTrigger(req, a, t, false)
	if err != nil {
		return err
	}
	if err := s.keepOr(req, made, s.Triggers.CreateTrigger(req.Context(), t)); err != nil {
		return noFunction(err, t.Function)
	}
	return s.replyCreated(req, "/v2/triggers/"+t.ID, s.viewTrigger(req, t).withSecret(secret))
}

func (s *Server) showTrigger(req *request, a guard.Access) error {
	t, err := s.trigger(req, a)
	if err != nil {
		return err
	}
	view := s.viewTrigger(req, t)
	if view.Last, err = s.lastExecution(req.Context(), a, t); err != nil {
		return err
	}
	return req.reply(http.StatusOK, view)
}

// lastExecution is the latest that the trigger made of those that are kept, nil for none or for
// who may not see them.
func (s *Server) lastExecution(ctx context.Context, a guard.Access, t *picasso.Trigger) (*lastView, error) {
	if a.Require("functions:execution:show", t.ProjectID) != nil {
		return nil, nil
	}
	list, _, err := s.Executions.Executions(ctx, picasso.ExecutionFilter{ProjectID: t.ProjectID, TriggerID: t.ID}, picasso.Page{Limit: 1})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &lastView{list[0].ID, list[0].Status, list[0].Subject, stamp(list[0].CreatedAt)}, nil
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
	before := *t
	if err := s.changeTrigger(req.Context(), a, t, patch); err != nil {
		return err
	}
	secret := s.setSecret(t, authOf(&before), patch)
	made, err := s.trustTrigger(req, a, t, s.keepsTrust(a, t, &before, patch))
	if err != nil {
		return err
	}
	t.Error = ""
	t.UpdatedAt = s.after(before.UpdatedAt)
	if err := s.keepOr(req, made, s.Triggers.UpdateTrigger(req.Context(), t, before.UpdatedAt)); err != nil {
		return err
	}
	return req.reply(http.StatusOK, s.viewTrigger(req, t).withSecret(secret))
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

// changeTrigger applies the patch to a trigger that is there or new, checks what comes of
// it, and winds the clock where the patch is about that.
func (s *Server) changeTrigger(ctx context.Context, a guard.Access, t *picasso.Trigger, patch []member) error {
	before := *t
	if err := applyPatch[picasso.Trigger](&t.TriggerSpec, picasso.DefaultTriggerSpec(), patch); err != nil {
		return err
	}
	if before.Type != "" && t.Type != before.Type {
		return invalid("type: cannot be changed, it is %s", before.Type)
	}
	if err := t.Validate(); err != nil {
		return err
	}
	if names(patch, "function") {
		if _, err := s.Functions.Function(ctx, t.ProjectID, t.Function); err != nil {
			return noFunction(err, t.Function)
		}
	} else {
		t.Function = t.FunctionID // another one may get the name before it is stored
	}
	if err := s.checkNotification(a, t, patch); err != nil {
		return err
	}
	if names(patch, "schedule") || t.Enabled != before.Enabled || before.Error != "" {
		return s.wind(t, names(patch, "schedule"))
	}
	return nil
}

// checkNotification checks what only others know of a trigger of type notification. Errors: invalid,
// forbidden (all_projects).
func (s *Server) checkNotification(a guard.Access, t *picasso.Trigger, patch []member) error {
	if t.Notification == nil || doesSame(patch) {
		return nil
	}
	if err := s.CheckNotification(t.Notification); err != nil {
		return err
	}
	return mayHear(a, t)
}

// noFunction words the error of a store that has not found the function.
func noFunction(err error, ref string) error {
	if picasso.CodeOf(err) == picasso.CodeNotFound {
		return invalid("function: there is no function %q", ref)
	}
	return err
}
