package api

import (
	"encoding/json"
	"mime"
	"net/http"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/internal/guard"
	"github.com/picasso-faas/picasso/api/v1"
)

// The handlers of version 1 of the API. What bodies and answers look like, and
// what they mean today, is in package v1; what is done is what version 2 does.

func (s *Server) listAppsV1(req *request, a guard.Access) error {
	projectID, err := req.projectV1(a)
	if err != nil {
		return err
	}
	load := func(page picasso.Page) ([]picasso.App, bool, error) {
		return s.Apps.Apps(req.Context(), picasso.AppFilter{ProjectID: projectID}, page)
	}
	list := newListV1(req, "apps", v1.AppsListed)
	err = each(load, func(app *picasso.App) (string, error) { return app.ID, list.add(v1.ViewApp(app)) })
	return list.end(err)
}

func (s *Server) createAppV1(req *request, a guard.Access) error {
	projectID, err := req.projectV1(a)
	if err != nil {
		return err
	}
	body, err := req.bodyV1()
	if err != nil {
		return err
	}
	wanted, err := v1.CreateApp(body, projectID)
	if err != nil {
		return err
	}
	patch, err := patchOf(wanted)
	if err != nil {
		return err
	}
	app, err := s.newApp(req, projectID, patch)
	if picasso.CodeOf(err) == picasso.CodeConflict {
		return picasso.Errorf(picasso.CodeConflict, "App %s already exists", wanted["name"])
	}
	if err != nil {
		return err
	}
	return req.replyV1(nil, map[string]any{"app": v1.ViewApp(app), "message": v1.AppCreated})
}

func (s *Server) showAppV1(req *request, a guard.Access) error {
	app, err := s.appV1(req, a)
	if err != nil {
		return err
	}
	return req.replyV1(nil, map[string]any{"app": v1.ViewApp(app), "message": v1.AppLoaded})
}

func (s *Server) updateAppV1(req *request, a guard.Access) error {
	body, err := req.bodyV1()
	if err != nil {
		return err
	}
	app, err := s.appV1(req, a)
	if err != nil {
		return err
	}
	wanted, err := v1.UpdateApp(body, app.Config)
	if err != nil {
		return err
	}
	patch, err := patchOf(wanted)
	if err != nil {
		return err
	}
	err = s.changeApp(req, a, app, patch)
	return req.replyV1(err, map[string]any{"app": v1.ViewApp(app), "message": v1.AppUpdated})
}

func (s *Server) deleteAppV1(req *request, a guard.Access) error {
	app, err := s.appV1(req, a)
	if err != nil {
		return err
	}
	err = s.Apps.DeleteApp(req.Context(), app.ProjectID, app.ID)
	if picasso.CodeOf(err) == picasso.CodeConflict {
		return picasso.Errorf(picasso.CodeForbidden, "Unable to delete app %s with routes", app.Name)
	}
	return req.replyV1(err, map[string]any{"message": v1.AppDeleted})
}

// appV1 loads the app that the path names, of the project that it names.
func (s *Server) appV1(req *request, a guard.Access) (*picasso.App, error) {
	ref := req.ref("app")
	projectID, err := req.projectV1(a)
	if err != nil {
		return nil, noAppV1(ref)
	}
	app, err := s.Apps.App(req.Context(), projectID, ref)
	if picasso.CodeOf(err) == picasso.CodeNotFound {
		return nil, noAppV1(ref)
	}
	return app, err
}

func noAppV1(name string) error {
	return picasso.Errorf(picasso.CodeNotFound, "App %s not found", name)
}

// projectV1 is the project that the path names. Errors: not_found, when the
// rule of the route does not let the caller into it.
func (r *request) projectV1(a guard.Access) (string, error) {
	projectID := r.ref("project")
	if projectID == "" || !a.Admits(projectID) {
		return "", picasso.Errorf(picasso.CodeNotFound, "Project %s not found", projectID)
	}
	return projectID, nil
}

// checkTypeV1 wants a body to say that it is JSON.
func (r *request) checkTypeV1() error {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.ContentLength != 0 && (err != nil || media != "application/json") {
		return invalid(v1.BadMediaType)
	}
	return nil
}

// bodyV1 reads a body. Errors: invalid, too_large.
func (r *request) bodyV1() (map[string]json.RawMessage, error) {
	if err := r.checkTypeV1(); err != nil {
		return nil, err
	}
	list, err := r.object()
	if err != nil {
		return nil, err
	}
	body := make(map[string]json.RawMessage, len(list))
	for _, m := range list {
		body[m.name] = m.value
	}
	return body, nil
}

// patchOf makes a patch of what package v1 wants changed.
func patchOf(wanted map[string]any) ([]member, error) {
	data, err := json.Marshal(wanted)
	if err != nil {
		return nil, err
	}
	return members("body", data)
}

// replyV1 answers with what was done, unless it failed: always with 200.
func (r *request) replyV1(err error, body any) error {
	if err != nil {
		return err
	}
	return r.reply(http.StatusOK, body)
}
