package api

import (
	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/internal/guard"
	"github.com/picasso-faas/picasso/api/v1"
)

func (s *Server) listRoutesV1(req *request, a guard.Access) error {
	app, err := s.appV1(req, a)
	if err != nil {
		return err
	}
	load := func(page picasso.Page) ([]picasso.Function, bool, error) {
		return s.Functions.Functions(req.Context(), picasso.FunctionFilter{ProjectID: app.ProjectID, App: app.ID}, page)
	}
	list := newListV1(req, "routes", v1.RoutesListed)
	err = each(load, func(fn *picasso.Function) (string, error) { return fn.ID, list.add(v1.ViewRoute(fn)) })
	return list.end(err)
}

func (s *Server) createRouteV1(req *request, a guard.Access) error {
	body, err := req.bodyV1()
	if err != nil {
		return err
	}
	app, err := s.appV1(req, a)
	if err != nil {
		return err
	}
	wanted, err := v1.CreateRoute(body, app.Name)
	if err != nil {
		return err
	}
	patch, err := patchOf(wanted)
	if err != nil {
		return err
	}
	fn, err := s.newFunction(req, a, app.ProjectID, patch)
	if picasso.CodeOf(err) == picasso.CodeConflict {
		return picasso.Errorf(picasso.CodeConflict, "App %s route /%s already exist", app.Name, wanted["name"])
	}
	if err != nil {
		return v1.PathError(err)
	}
	return req.replyV1(nil, map[string]any{"route": v1.ViewRoute(fn), "message": v1.RouteCreated})
}

func (s *Server) showRouteV1(req *request, a guard.Access) error {
	fn, err := s.routeV1(req, a)
	if err != nil {
		return err
	}
	return req.replyV1(nil, map[string]any{"route": v1.ViewRoute(fn), "message": v1.RouteLoaded})
}

func (s *Server) updateRouteV1(req *request, a guard.Access) error {
	body, err := req.bodyV1()
	if err != nil {
		return err
	}
	fn, err := s.routeV1(req, a)
	if err != nil {
		return err
	}
	wanted, err := v1.UpdateRoute(body, fn.Config)
	if err != nil {
		return err
	}
	patch, err := patchOf(wanted)
	if err != nil {
		return err
	}
	err = s.changeFunction(req, a, fn, patch)
	return req.replyV1(err, map[string]any{"route": v1.ViewRoute(fn), "message": v1.RouteUpdated})
}

func (s *Server) deleteRouteV1(req *request, a guard.Access) error {
	fn, err := s.routeV1(req, a)
	if err != nil {
		return err
	}
	return req.replyV1(s.removeFunction(req, fn), map[string]any{"message": v1.RouteDeleted})
}

// routeV1 loads the function that the path names as a route of its app.
func (s *Server) routeV1(req *request, a guard.Access) (*picasso.Function, error) {
	app, err := s.appV1(req, a)
	if err != nil {
		return nil, err
	}
	route := req.ref("route")
	fn, err := s.Functions.Function(req.Context(), app.ProjectID, app.Name+":"+route)
	if picasso.CodeOf(err) == picasso.CodeNotFound {
		return nil, noRouteV1(route)
	}
	return fn, err
}

func noRouteV1(name string) error {
	return picasso.Errorf(picasso.CodeNotFound, "Route /%s not found", name)
}
