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
	CreatedAt  stamp             `json:"created_at"`
	UpdatedAt  stamp             `json:"updated_at"`
}

func viewFunction(fn *picasso.Function) functionView {
	return functionView{
		Function:   fn,
		Entrypoint: append([]string{}, fn.Entrypoint...),
		Command:    append([]string{}, fn.Command...),
		Config:     orEmpty(fn.Config),
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
	fn := &picasso.Function{
		ID: s.NewID(), ProjectID: a.Project(), FunctionSpec: picasso.DefaultFunctionSpec(),
		Revision: 1, CreatedAt: s.timestamp(),
	}
	fn.UpdatedAt = fn.CreatedAt
	if err := s.patchFunction(req.Context(), fn, patch); err != nil {
		return err
	}
	if err := s.Functions.CreateFunction(req.Context(), fn); err != nil {
		return err
	}
	s.functionChanged(req, fn)
	return s.replyCreated(req, "/v2/functions/"+fn.ID, viewFunction(fn))
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
	before := *fn
	if err := s.patchFunction(req.Context(), fn, patch); err != nil {
		return err
	}
	if fn.MattersToSandbox(&before.FunctionSpec) || fn.ImageDigest != before.ImageDigest {
		fn.Revision++
	}
	fn.UpdatedAt = s.after(before.UpdatedAt)
	if err := s.Functions.UpdateFunction(req.Context(), fn, before.UpdatedAt); err != nil {
		return err
	}
	s.functions.Forget(fn.ID)
	if fn.Revision > before.Revision || fn.Enabled != before.Enabled {
		s.functionChanged(req, fn)
	}
	return req.reply(http.StatusOK, viewFunction(fn))
}

func (s *Server) deleteFunction(req *request, a guard.Access) error {
	fn, err := s.function(req, a)
	if err != nil {
		return err
	}
	if err := s.Functions.DeleteFunction(req.Context(), fn.ProjectID, fn.ID); err != nil {
		return err
	}
	s.functions.Forget(fn.ID)
	s.functionDeleted(req, fn.ID)
	req.w.WriteHeader(http.StatusNoContent)
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
