package api

import (
	"context"
	"maps"
	"math"
	"net/http"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/internal/guard"
	"github.com/picasso-faas/picasso/api/internal/weight"
)

// appView is an app as the API shows it.
type appView struct {
	*picasso.App
	Config    map[string]string `json:"config"`
	CreatedAt stamp             `json:"created_at"`
	UpdatedAt stamp             `json:"updated_at"`
}

func viewApp(app *picasso.App) appView {
	return appView{App: app, Config: orEmpty(app.Config), CreatedAt: stamp(app.CreatedAt), UpdatedAt: stamp(app.UpdatedAt)}
}

// orEmpty makes JSON show {} and not null.
func orEmpty[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}

func (s *Server) listApps(req *request, a guard.Access) error {
	l, err := s.listing(req, a)
	if err != nil {
		return err
	}
	filter := picasso.AppFilter{ProjectID: l.projectID, Name: req.query.Get("name")}
	load := func(page picasso.Page) ([]picasso.App, bool, error) {
		return s.Apps.Apps(req.Context(), filter, page)
	}
	apps, more, err := gather(l.page, load, func(app *picasso.App) (string, int) { return app.ID, weight.App(app) })
	if err != nil {
		return err
	}
	views, last := make([]appView, len(apps)), ""
	for i := range apps {
		views[i] = viewApp(&apps[i])
		if more {
			last = apps[i].ID
		}
	}
	return s.replyList(req, "apps", views, last)
}

func (s *Server) createApp(req *request, a guard.Access) error {
	patch, err := req.object()
	if err != nil {
		return err
	}
	app, err := s.newApp(req, a.Project(), patch)
	if err != nil {
		return err
	}
	return s.replyCreated(req, "/v2/apps/"+app.ID, viewApp(app))
}

// newApp stores the app that the patch makes of the defaults.
func (s *Server) newApp(req *request, projectID string, patch []member) (*picasso.App, error) {
	app := &picasso.App{ID: s.NewID(), ProjectID: projectID, AppSpec: picasso.DefaultAppSpec(), CreatedAt: s.timestamp()}
	app.UpdatedAt = app.CreatedAt
	if err := patchApp(app, patch); err != nil {
		return nil, err
	}
	return app, s.Apps.CreateApp(req.Context(), app)
}

func (s *Server) showApp(req *request, a guard.Access) error {
	ref := req.ref("app")
	app, err := s.Apps.App(req.Context(), a.Scope(ref), ref)
	if err != nil {
		return err
	}
	return req.reply(http.StatusOK, viewApp(app))
}

func (s *Server) updateApp(req *request, a guard.Access) error {
	patch, err := req.object()
	if err != nil {
		return err
	}
	ref := req.ref("app")
	app, err := s.Apps.App(req.Context(), a.Scope(ref), ref)
	if err != nil {
		return err
	}
	if err := s.changeApp(req, a, app, patch); err != nil {
		return err
	}
	return req.reply(http.StatusOK, viewApp(app))
}

// changeApp changes an app, in the store too, as the patch says.
func (s *Server) changeApp(req *request, a guard.Access, app *picasso.App, patch []member) error {
	before := *app
	if err := patchApp(app, patch); err != nil {
		return err
	}
	if !maps.Equal(app.Config, before.Config) {
		if err := s.checkApp(req.Context(), a, &before); err != nil {
			return err
		}
	}
	app.UpdatedAt = s.after(before.UpdatedAt)
	if err := s.Apps.UpdateApp(req.Context(), app, before.UpdatedAt); err != nil {
		return err
	}
	if app.Name != before.Name || app.Enabled != before.Enabled || !maps.Equal(app.Config, before.Config) {
		s.appChanged(req, app)
	}
	return nil
}

func (s *Server) deleteApp(req *request, a guard.Access) error {
	ref := req.ref("app")
	app, err := s.Apps.App(req.Context(), a.Scope(ref), ref)
	if err != nil {
		return err
	}
	if err := s.Apps.DeleteApp(req.Context(), app.ProjectID, app.ID); err != nil {
		return err
	}
	req.w.WriteHeader(http.StatusNoContent)
	return nil
}

func patchApp(app *picasso.App, patch []member) error {
	if err := applyPatch[picasso.App](&app.AppSpec, picasso.DefaultAppSpec(), patch); err != nil {
		return err
	}
	return app.Validate()
}

// appChanged makes the functions of a changed app run with it: what the cache and the engine
// have of older revisions goes. The app is stored already, so a failure is
// logged, and the cache and the idle timeout of the sandboxes mend it. An
// engine that does not answer is not waited for again with each function.
func (s *Server) appChanged(req *request, app *picasso.App) {
	ctx := context.WithoutCancel(req.Context())
	filter := picasso.FunctionFilter{ProjectID: app.ProjectID, App: app.ID}
	load := func(page picasso.Page) ([]picasso.Function, bool, error) {
		return s.Functions.Functions(ctx, filter, page)
	}
	answers := true
	err := each(load, func(fn *picasso.Function) (string, error) {
		s.functions.Forget(fn.ID)
		answers = answers && s.functionChanged(req, fn)
		return fn.ID, nil
	})
	if err != nil {
		s.logFor(req).WithError(err).Warn("functions of a changed app could not be listed")
	}
}

// functionChanged tells the engine about a new revision of a function, or one that is
// not paused any more, and reports whether the engine answers. (A paused one is warmed no more, and the
// engine lets go of its sandboxes by itself.)
func (s *Server) functionChanged(req *request, fn *picasso.Function) bool {
	if fn.Revision > 1 && !s.retire(req, fn.ID, fn.Revision) {
		return false
	}
	if fn.MinSandboxes == 0 || fn.Paused() {
		return true
	}
	// It can fail for what only this function wants: hosts that there are none of, or memory.
	if err := s.Engine.Warm(context.WithoutCancel(req.Context()), fn); err != nil {
		s.logFor(req).WithError(err).WithField("function_id", fn.ID).Warn("function could not be warmed")
	}
	return true
}

// functionDeleted tells the engine that no revision is wanted any more.
func (s *Server) functionDeleted(req *request, id string) { s.retire(req, id, math.MaxInt64) }

func (s *Server) retire(req *request, id string, below int64) bool {
	err := s.Engine.Retire(context.WithoutCancel(req.Context()), id, below)
	if err != nil {
		s.logFor(req).WithError(err).WithField("function_id", id).Warn("sandboxes could not be retired")
	}
	return err == nil
}
