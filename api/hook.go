package api

import (
	"net/http"

	"github.com/picasso-faas/picasso"
)

const (
	hookPath     = "/hooks/"
	hookRule     = "functions:trigger:fire"
	maxHookBytes = 1 << 20 // of a body
	// hookLookups bounds how many triggers are looked up at once: whoever asks for one id after the
	// other that nobody has keeps few connections to the store busy.
	hookLookups = 16
)

// hasHook reports whether requests to its URL fire the trigger.
func hasHook(t *picasso.Trigger) bool {
	return t.Type == picasso.TriggerWebhook || t.Type == picasso.TriggerAlarm
}

// hook fires a trigger of type webhook or alarm. To whoever cannot show that he may, those that
// exist, others and none at all answer alike.
func (s *Server) hook(req *request) error {
	t, err := s.hookOf(req)
	if err != nil {
		return err
	}
	body, err := s.admit(req, t)
	if err != nil {
		return err
	}
	defer body.release()
	if !t.Enabled {
		return picasso.Errorf(picasso.CodeConflict, "enabled: is false, trigger %q is disabled", t.Name)
	}
	key, err := idempotencyKey(req.Header)
	if err != nil {
		return err
	}
	e, err := s.Hooks.Fire(req.Context(), t, &picasso.HookRequest{
		ID: req.id, ContentType: req.Header.Get("Content-Type"), Key: key, Body: body.bytes,
	})
	switch {
	case err != nil:
		return err
	case e == nil: // it asks for nothing, as an alarm in another state
		return req.reply(http.StatusAccepted, struct{}{})
	case e.RequestID == req.id: // and not that of an earlier request with the key
		s.metrics.accepted.Inc()
	}
	return s.replyAccepted(req, e)
}

// hookOf finds the trigger of the URL, nil when there is none that has a hook.
func (s *Server) hookOf(req *request) (*picasso.Trigger, error) {
	id := req.ref("trigger")
	if !picasso.IsID(id) {
		return nil, nil
	}
	select {
	case s.hookLookups <- struct{}{}:
		defer func() { <-s.hookLookups }()
	case <-req.Context().Done():
		return nil, picasso.Errorf(picasso.CodeCancelled, "the client has gone")
	}
	t, err := s.Triggers.Trigger(req.Context(), "", id)
	switch {
	case picasso.CodeOf(err) == picasso.CodeNotFound:
		return nil, nil
	case err != nil:
		return nil, err
	case !hasHook(t):
		return nil, nil
	}
	return t, nil
}

// admit checks that the sender may fire the trigger, and reads the body, which has to be
// released. Errors: unauthenticated, forbidden, not_found, and those of whole.
func (s *Server) admit(req *request, t *picasso.Trigger) (*held, error) {
	if t == nil {
		return nil, s.refuse(req, nil)
	}
	req.project = t.ProjectID
	auth, sum := authOf(t), signature(req.Request)
	switch {
	case auth == picasso.WebhookToken && !hasToken(req.Request, t.Secret),
		auth == picasso.WebhookHMAC && sum == nil:
		return nil, s.refuse(req, t)
	case auth == picasso.WebhookKeystone || t.Type == picasso.TriggerAlarm:
		if err := s.enterHook(req, t); err != nil {
			return nil, err
		}
	}
	body, err := s.whole(req, min(maxHookBytes, s.MaxRequestBytes))
	if err != nil {
		return nil, err
	}
	if auth == picasso.WebhookHMAC && !isSigned(body.bytes, sum, t.Secret) {
		body.release()
		return nil, s.refuse(req, t)
	}
	return body, nil
}

// refuse is the error for a request without the right secret or signature. Who has a token of the
// project is told; others learn as much as of an id that does not exist.
func (s *Server) refuse(req *request, t *picasso.Trigger) error {
	if err := s.enterHook(req, t); err != nil {
		return err
	}
	return picasso.Errorf(picasso.CodeUnauthenticated, "the secret or the signature of the webhook is missing or wrong")
}

// enterHook lets somebody in by a token of the trigger's project. Errors:
// unauthenticated, forbidden, not_found, unavailable.
func (s *Server) enterHook(req *request, t *picasso.Trigger) error {
	access, err := s.gate.Enter(req.Request, req.route.rule)
	switch {
	case picasso.CodeOf(err) == picasso.CodeUnauthenticated:
		return picasso.Errorf(picasso.CodeUnauthenticated,
			"a token of the trigger's project, or the secret or signature of the webhook, is missing or wrong")
	case err != nil:
		return err
	case t == nil || !access.Admits(t.ProjectID):
		return notFound("trigger", req.ref("trigger"))
	}
	return nil
}
