package client

import (
	"encoding/json"

	"github.com/picasso-faas/picasso"
)

// SwiftOpts is what can be set of a trigger of type swift; see picasso.Swift. Nil
// fields are left alone, and an empty list of events goes back to the default.
type SwiftOpts struct {
	Container *string   `json:"container,omitempty"`
	Events    *[]string `json:"events,omitempty"`
	Prefix    *string   `json:"prefix,omitempty"`
	Suffix    *string   `json:"suffix,omitempty"`
	Verify    *bool     `json:"verify,omitempty"`
}

// NotificationOpts is what can be set of a trigger of type notification; see
// picasso.Notification. Nil fields are left alone.
type NotificationOpts struct {
	EventType *string `json:"event_type,omitempty"`
	Exchange  *string `json:"exchange,omitempty"`
	Topic     *string `json:"topic,omitempty"`
	// Filter is merged into what there is: the operators of a field into its others, and null
	// removes a field or an operator.
	Filter      map[string]json.RawMessage `json:"filter,omitempty"`
	AllProjects *bool                      `json:"all_projects,omitempty"`
}

// AlarmOpts is what can be set of a trigger of type alarm; see picasso.Alarm. Nil
// fields are left alone, and an empty list of states goes back to the default.
type AlarmOpts struct {
	AlarmID   *string   `json:"alarm_id,omitempty"`
	AlarmName *string   `json:"alarm_name,omitempty"`
	States    *[]string `json:"states,omitempty"`
}

// WebhookOpts is what can be set of a trigger of type webhook; see
// picasso.Webhook. Nil fields are left alone.
type WebhookOpts struct {
	Auth   *picasso.WebhookAuth `json:"auth,omitempty"`
	Secret *string              `json:"secret,omitempty"` // "": one is made
}
