package api

import (
	"context"
	"strings"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/internal/guard"
)

// A user who changes what a function runs must not get at what others have
// delegated for it. The delegation of the function itself is then made anew with
// his token; those of its triggers, and all of an app, he has to take over one by one.
// Nor must he get at what happens in other projects.

// checkTriggers refuses a change of what a function runs while a trigger hands it
// roles that the caller could not have delegated. Of a trigger with notifications that he may not
// ask for, it also refuses a change of who is told of the executions, with their inputs. Errors:
// conflict, forbidden.
func (s *Server) checkTriggers(ctx context.Context, a guard.Access, fn, before *picasso.Function) error {
	runsElse := fn.Revision > before.Revision
	if !runsElse && fn.OnSuccess == before.OnSuccess && fn.OnFailure == before.OnFailure {
		return nil
	}
	filter := picasso.TriggerFilter{ProjectID: fn.ProjectID, FunctionID: fn.ID}
	return s.eachTrigger(ctx, filter, func(t *picasso.Trigger) error {
		if err := mayHear(a, t); err != nil || !runsElse {
			return err
		}
		return mayAct(a, t)
	})
}

// checkApp is the same for a change of the environment of all functions of an app.
func (s *Server) checkApp(ctx context.Context, a guard.Access, app *picasso.App) error {
	filter := picasso.FunctionFilter{ProjectID: app.ProjectID, App: app.ID}
	load := func(page picasso.Page) ([]picasso.Function, bool, error) {
		return s.Functions.Functions(ctx, filter, page)
	}
	err := each(load, func(fn *picasso.Function) (string, error) {
		if len(fn.DelegateRoles) > 0 && !vouches(a, fn.Trust, fn.DelegateRoles) {
			return "", conflictOfRoles("function", fn.Name)
		}
		return fn.ID, nil
	})
	if err != nil {
		return err
	}
	return s.eachTrigger(ctx, picasso.TriggerFilter{ProjectID: app.ProjectID}, func(t *picasso.Trigger) error {
		if !strings.HasPrefix(t.Function, app.Name+":") {
			return nil
		}
		if err := mayHear(a, t); err != nil {
			return err
		}
		return mayAct(a, t)
	})
}

// mayHear checks that the caller could have asked for what the trigger's function hears of.
func mayHear(a guard.Access, t *picasso.Trigger) error {
	if t.Notification == nil || !t.Notification.AllProjects {
		return nil
	}
	return a.Require(allProjectsRule, t.ProjectID)
}

// mayAct checks that the caller could have delegated what the trigger's function acts with.
func mayAct(a guard.Access, t *picasso.Trigger) error {
	if len(t.DelegateRoles) > 0 && !vouches(a, t.Trust, t.DelegateRoles) {
		return conflictOfRoles("trigger", t.Name)
	}
	return nil
}

func conflictOfRoles(kind, name string) error {
	return picasso.Errorf(picasso.CodeConflict,
		"%s %q has roles that somebody else has delegated, or this token has fewer: set its delegate_roles first", kind, name)
}

func (s *Server) eachTrigger(ctx context.Context, filter picasso.TriggerFilter, visit func(*picasso.Trigger) error) error {
	load := func(page picasso.Page) ([]picasso.Trigger, bool, error) {
		return s.Triggers.Triggers(ctx, filter, page)
	}
	return each(load, func(t *picasso.Trigger) (string, error) { return t.ID, visit(t) })
}
