package api

import (
	"context"
	"net/http"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/internal/guard"
	"github.com/picasso-faas/picasso/api/internal/weight"
)

// functionView is a function as the API shows it.
type functionView struct {
	*picasso.Function
	Entrypoint []string          `json:"entrypoint"`
	Command    []string          `json:"command"`
	Config     map[string]string `json:"config"`
	Roles      []string          `json:"delegate_roles"`
	HostTags   []string          `json:"host_tags"`
	CreatedAt  stamp             `json:"created_at"`
	UpdatedAt  stamp             `json:"updated_at"`
}

func viewFunction(fn *picasso.Function) functionView {
	return functionView{
		Function:   fn,
		Entrypoint: append([]string{}, fn.Entrypoint...),
		Command:    append([]string{}, fn.Command...),
		Config:     orEmpty(fn.Config),
		Roles:      append([]string{}, fn.DelegateRoles...),
		HostTags:   append([]string{}, fn.HostTags...),
		CreatedAt:  stamp(fn.CreatedAt),
		UpdatedAt:  stamp(fn.UpdatedAt),
	}
}

func (s *Server) listFunctions(req *request, a guard.Access) error {
	l, err := s.listing(req, a)
	if err != nil {
		return err
	}
	filter := picasso.FunctionFilter{ProjectID: l.projectID, Name: req.query.Get("name"), App: req.query.Get("app")}
	load := func(page picasso.Page) ([]picasso.Function, bool, error) {
		return s.Functions.Functions(req.Context(), filter, page)
	}
	fns, more, err := gather(l.page, load, func(fn *picasso.Function) (string, int) { return fn.ID, weight.Function(fn) })
	if err != nil {
		return err
	}
	views, last := make([]functionView, len(fns)), ""
	for i := range fns {
		views[i] = viewFunction(&fns[i])
		if more {
			last = fns[i].ID
		}
	}
	return s.replyList(req, "functions", views, last)
}

func (s *Server) createFunction(req *request, a guard.Access) error {
	patch, err := req.object()
	if err != nil {
		return err
	}
	fn, err := s.newFunction(req, a, a.Project(), patch)
	if err != nil {
		return err
	}
	return s.replyCreated(req, "/v2/functions/"+fn.ID, viewFunction(fn))
}

// newFunction stores the function that the patch makes of the defaults.
func (s *Server) newFunction(req *request, a guard.Access, projectID string, patch []member) (*picasso.Function, error) {
	fn := &picasso.Function{
		ID: s.NewID(), ProjectID: projectID, FunctionSpec: picasso.DefaultFunctionSpec(),
		Revision: 1, CreatedAt: s.timestamp(),
	}
	fn.UpdatedAt = fn.CreatedAt
	if err := s.patchFunction(req.Context(), fn, patch); err != nil {
		return nil, err
	}
	made, err := s.trustFunction(req, a, fn, false)
	if err != nil {
		return nil, err
	}
	if err := s.keepOr(req, made, s.Functions.CreateFunction(req.Context(), fn)); err != nil {
		return nil, err
	}
	s.functionChanged(req, fn)
	return fn, nil
}

func (s *Server) showFunction(req *request, a guard.Access) error {
	fn, err := s.function(req, a)
	if err != nil {
		return err
	}
	return req.reply(http.StatusOK, viewFunction(fn))
}

func (s *Server) updateFunction(req *request, a guard.Access) error {
	patch, err := req.object()
	if err != nil {
		return err
	}
	fn, err := s.function(req, a)
	if err != nil {
		return err
	}
	if err := s.changeFunction(req, a, fn, patch); err != nil {
		return err
	}
	return req.reply(http.StatusOK, viewFunction(fn))
}

// changeFunction changes a function, in the store too, as the patch says.
func (s *Server) changeFunction(req *request, a guard.Access, fn *picasso.Function, patch []member) error {
	before := *fn
	if err := s.patchFunction(req.Context(), fn, patch); err != nil {
		return err
	}
	if fn.MattersToSandbox(&before.FunctionSpec) || fn.ImageDigest != before.ImageDigest {
		fn.Revision++
	}
	made, err := s.retrustFunction(req, a, fn, &before, patch)
	if err != nil {
		return err
	}
	fn.UpdatedAt = s.after(before.UpdatedAt)
	if err := s.keepOr(req, made, s.Functions.UpdateFunction(req.Context(), fn, before.UpdatedAt)); err != nil {
		return err
	}
	s.functions.Forget(fn.ID)
	if fn.Revision > before.Revision || fn.Enabled != before.Enabled {
		s.functionChanged(req, fn)
	}
	return nil
}

func (s *Server) deleteFunction(req *request, a guard.Access) error {
	fn, err := s.function(req, a)
	if err != nil {
		return err
	}
	if err := s.removeFunction(req, fn); err != nil {
		return err
	}
	req.w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) removeFunction(req *request, fn *picasso.Function) error {
	if err := s.Functions.DeleteFunction(req.Context(), fn.ProjectID, fn.ID); err != nil {
		return err
	}
	s.functions.Forget(fn.ID)
	s.functionDeleted(req, fn.ID)
	return nil
}

// function loads the function that the path names, from the store.
func (s *Server) function(req *request, a guard.Access) (*picasso.Function, error) {
	ref := req.ref("function")
	return s.Functions.Function(req.Context(), a.Scope(ref), ref)
}

// patchFunction applies the patch, checks the outcome, and resolves the image
// when the patch names it: that is also how a moved tag is taken up. What
// costs least is checked first.
func (s *Server) patchFunction(ctx context.Context, fn *picasso.Function, patch []member) error {
	if err := applyPatch[picasso.Function](&fn.FunctionSpec, picasso.DefaultFunctionSpec(), patch); err != nil {
		return err
	}
	if err := fn.Validate(); err != nil {
		return err
	}
	if names(patch, "app") && fn.App != picasso.DefaultApp {
		_, err := s.Apps.App(ctx, fn.ProjectID, fn.App)
		if picasso.CodeOf(err) == picasso.CodeNotFound {
			return invalid("app: there is no app %q", fn.App)
		}
		if err != nil {
			return err
		}
	}
	if !names(patch, "image") {
		return nil
	}
	digest, err := s.Engine.ResolveImage(ctx, fn.Image)
	fn.ImageDigest = digest
	return err
}

func names(patch []member, field string) bool {
	for _, m := range patch {
		if m.name == field {
			return true
		}
	}
	return false
}
