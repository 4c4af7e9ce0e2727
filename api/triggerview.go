package api

import (
	"encoding/json"
	"net/url"

	"github.com/picasso-faas/picasso"
)

// triggerView is a trigger as the API shows it.
type triggerView struct {
	*picasso.Trigger
	Roles        []string          `json:"delegate_roles"`
	Schedule     *scheduleView     `json:"schedule,omitempty"`
	Notification *notificationView `json:"notification,omitempty"`
	Webhook      *picasso.Webhook  `json:"webhook,omitempty"`
	Clock        *clockView        `json:"clock,omitempty"`
	State        string            `json:"state"`
	Error        string            `json:"error"`
	Last         *lastView         `json:"last_execution,omitempty"`
	URL          string            `json:"url,omitempty"`
	AlarmAction  string            `json:"alarm_action,omitempty"`
	CreatedAt    stamp             `json:"created_at"`
	UpdatedAt    stamp             `json:"updated_at"`
}

type notificationView struct {
	*picasso.Notification
	Filter map[string]json.RawMessage `json:"filter"`
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

// lastView is what a trigger has done most recently.
type lastView struct {
	ID        string         `json:"id"`
	Status    picasso.Status `json:"status"`
	Subject   string         `json:"subject,omitempty"`
	CreatedAt stamp          `json:"created_at"`
}

func (s *Server) viewTrigger(req *request, t *picasso.Trigger) *triggerView {
	view := &triggerView{
		Trigger: t, Roles: append([]string{}, t.DelegateRoles...), Webhook: t.Webhook, State: "active", Error: t.Error,
		CreatedAt: stamp(t.CreatedAt), UpdatedAt: stamp(t.UpdatedAt),
	}
	if view.Error == "" && (t.Swift != nil || t.Notification != nil) {
		view.Error = s.Deaf
	}
	if view.Error != "" {
		view.State = "error"
	}
	if b := t.Schedule; b != nil {
		view.Schedule = &scheduleView{b, stamp(b.At), stamp(b.StartAt), stamp(b.EndAt)}
	}
	if b := t.Notification; b != nil {
		view.Notification = &notificationView{b, orEmpty(b.Filter)}
	}
	if c := t.Clock; c != nil {
		view.Clock = &clockView{stamp(c.NextAt), stamp(c.LastAt), c.Runs}
	}
	if hasHook(t) {
		view.URL = s.baseURL(req.Request) + hookPath + t.ID
	}
	if t.Type == picasso.TriggerAlarm {
		view.AlarmAction = "trust+" + view.URL
	}
	return view
}

// withSecret shows the secret that was made for a webhook, and the URL to use with it. Without
// one the view stays as it is.
func (v *triggerView) withSecret(secret string) *triggerView {
	if secret == "" {
		return v
	}
	v.Webhook = &picasso.Webhook{Auth: v.Webhook.Auth, Secret: secret}
	if v.Webhook.Auth == picasso.WebhookToken {
		v.URL += "?" + url.Values{tokenKey: {secret}}.Encode()
	}
	return v
}
