package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/internal/guard"
)

// abandonTimeout bounds how long it is tried to end a trust that nothing uses.
const abandonTimeout = 10 * time.Second

// delegate makes a trust of the caller for an object of a project, which
// field asks for. Errors: forbidden, invalid, unavailable.
func (s *Server) delegate(req *request, a guard.Access, w wish) (*picasso.Trust, error) {
	switch {
	case s.Delegator == nil:
		return nil, invalid("%s", w.without)
	case w.projectID != a.Project():
		return nil, picasso.Errorf(picasso.CodeForbidden, "%s: can only be delegated with a token of the object's own project", w.field)
	}
	ctx := context.WithoutCancel(req.Context()) // nobody would know of a trust whose maker did not wait
	return s.Delegator.Delegate(req.WithContext(ctx), a.Identity(), w.roles)
}

// wish is what an object of a project needs a trust for. Without roles it needs none.
type wish struct {
	projectID string
	roles     []string
	field     string // that needs it
	without   string // what is wrong with it where nobody can delegate
}

const fieldDelegateRoles = "delegate_roles"

// delegated is the wish of a function or trigger with delegate_roles.
func delegated(projectID string, roles []string) wish {
	return wish{projectID, roles, fieldDelegateRoles, "delegate_roles: must be empty without Keystone"}
}

// vouches reports whether the caller could have made the trust with these
// roles: what acts by it may become what the caller wants it to be. Somebody with a token of the
// trustor that has fewer roles, as functions have them, may not.
func vouches(a guard.Access, trust *picasso.Trust, roles []string) bool {
	id := a.Identity()
	return trust != nil && trust.UserID == id.UserID && !slices.ContainsFunc(roles, func(role string) bool { return !id.HasRole(role) })
}

// trustFunction gives a function that is about to be stored the trust it needs: keep says
// whether the one it has may stay. It returns a new one. Its trust is that of
// whom last set its roles or what it runs.
func (s *Server) trustFunction(req *request, a guard.Access, fn *picasso.Function, keep bool) (made *picasso.Trust, err error) {
	switch {
	case len(fn.DelegateRoles) == 0:
		fn.Trust = nil
	case !keep || fn.Trust == nil:
		made, err = s.delegate(req, a, delegated(fn.ProjectID, fn.DelegateRoles))
		fn.Trust = made
	}
	return made, err
}

// retrustFunction is the same for one that is there already. When it grew a revision, it runs
// something else.
func (s *Server) retrustFunction(req *request, a guard.Access, fn, before *picasso.Function, patch []member) (*picasso.Trust, error) {
	if err := s.checkTriggers(req.Context(), a, fn, before); err != nil {
		return nil, err
	}
	keep := !names(patch, fieldDelegateRoles)
	if fn.Revision > before.Revision {
		keep = keep && vouches(a, fn.Trust, fn.DelegateRoles)
	}
	return s.trustFunction(req, a, fn, keep)
}

// trustTrigger gives a trigger that is about to be stored the trust it needs, as
// trustFunction does.
func (s *Server) trustTrigger(req *request, a guard.Access, t *picasso.Trigger, keep bool) (made *picasso.Trust, err error) {
	w := s.wishOf(t)
	switch {
	case len(w.roles) == 0:
		t.Trust = nil
	case !keep || t.Trust == nil:
		made, err = s.delegate(req, a, w)
		t.Trust = made
	}
	return made, err
}

// wishOf is what a trigger needs a trust for: to hand it to its function, or to look at
// what its events are about.
func (s *Server) wishOf(t *picasso.Trigger) wish {
	switch {
	case len(t.DelegateRoles) > 0:
		return delegated(t.ProjectID, t.DelegateRoles)
	case t.Swift != nil && *t.Swift.Verify:
		return wish{t.ProjectID, s.TriggerRoles, "swift.verify", "swift.verify: must be false without Keystone"}
	case t.Alarm != nil && t.Alarm.AlarmName != "":
		return wish{t.ProjectID, s.TriggerRoles, "alarm.alarm_name", "alarm.alarm_name: cannot be looked up without Keystone"}
	}
	return wish{}
}

// keepsTrust reports whether the trust of a trigger fits it still after an update. One that is in error
// may be so for its trust.
func (s *Server) keepsTrust(a guard.Access, t, before *picasso.Trigger, patch []member) bool {
	roles := s.wishOf(t).roles
	switch {
	case names(patch, fieldDelegateRoles), before.Error != "" && t.Enabled, !slices.Equal(roles, s.wishOf(before).roles):
		return false
	}
	return doesSame(patch) || vouches(a, t.Trust, roles)
}

// doesSame reports whether a trigger does what it did after an update, if anything.
func doesSame(patch []member) bool {
	return !slices.ContainsFunc(patch, func(m member) bool { return m.name != "name" && m.name != "enabled" })
}

// keepOr passes on the error of a store, and ends the trust that was made for what
// could not be stored. A store that does not say whether it has stored it is asked first: it
// keeps a trust that is in use. Where it does not answer that either, what it may have stored
// has lost its trust: that is told when it is used, and an update mends it.
func (s *Server) keepOr(req *request, made *picasso.Trust, err error) error {
	if err == nil || made == nil {
		return err
	}
	first, second := s.Delegator.Revoke, s.Trusts.DropTrust
	if code := picasso.CodeOf(err); code == picasso.CodeUnavailable || code == picasso.CodeInternal {
		first, second = second, first
	}
	if s.inTime(req, made.ID, first) == nil {
		return err
	}
	if failed := s.inTime(req, made.ID, second); failed != nil {
		s.logFor(req).WithError(failed).WithField("trust_id", made.ID).Error("trust that nothing uses could not be ended")
	}
	return err
}

// inTime gets rid of a trust, also when the client does not wait for it.
func (s *Server) inTime(req *request, trustID string, end func(context.Context, string) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(req.Context()), abandonTimeout)
	defer cancel()
	return end(ctx, trustID)
}

// lend gives a call the credentials of its function, which last until it has ended.
// Errors: conflict (the trust is gone), unavailable.
func (s *Server) lend(ctx context.Context, call *picasso.Call) (err error) {
	fn := call.Function
	if fn.Trust == nil {
		return nil
	}
	if s.Delegator == nil {
		return picasso.Errorf(picasso.CodeConflict, "delegate_roles: nothing can be delegated without Keystone")
	}
	call.Credentials, err = s.Delegator.Credentials(ctx, fn.Trust.ID, fn.QueueTimeout()+fn.Timeout())
	return err
}

// run lets the engine run a call.
func (s *Server) run(ctx context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
	if err := s.lend(ctx, call); err != nil {
		return picasso.Outcome{Err: picasso.AsError(err)}
	}
	return s.Engine.Invoke(ctx, call, w)
}
