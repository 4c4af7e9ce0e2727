// Package alarm reads what Aodh tells of alarms: as notifications
// (alarm.state_transition) and as requests of its notifier (alarm actions).
// Functions get the same from both:
//
//	alarm_id, current, reason   always
//	severity, previous          where Aodh says them; previous only as an action
//	alarm_name                  as an action, and for a trigger with alarm_name
//	reason_data                 as an action; it holds the event of an event alarm
//
// An alarm that reports both ways fires a trigger twice: nothing in the two
// tells that they are one.
//
// Source: Aodh 15 and its api-ref; samples of both are in testdata.
package alarm

import (
	"encoding/json"
	"slices"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/triggers/event"
)

// EventType is that of the CloudEvent.
const EventType = "org.openstack.alarm.state_transition"

// Transition is an alarm that has entered a state, or fired again in it.
type Transition struct {
	AlarmID    string          `json:"alarm_id"`
	AlarmName  string          `json:"alarm_name,omitempty"` // empty: not known
	Severity   string          `json:"severity,omitempty"`
	Previous   string          `json:"previous,omitempty"` // empty: not known
	Current    string          `json:"current"`
	Reason     string          `json:"reason"`
	ReasonData json.RawMessage `json:"reason_data,omitempty"`
}

// FromAction reads the body of a request of aodh-notifier. Errors: invalid.
func FromAction(body []byte) (*Transition, error) {
	var t Transition
	if err := json.Unmarshal(body, &t); err != nil {
		return nil, picasso.Errorf(picasso.CodeInvalid, "body: is not what Aodh sends: %v", err)
	}
	return &t, t.check("body: ")
}

// FromNotification reads the payload of an alarm.state_transition. Errors: invalid.
func FromNotification(payload []byte) (*Transition, error) {
	var p struct {
		AlarmID  string `json:"alarm_id"`
		Severity string `json:"severity"`
		Detail   detail `json:"detail"`
	}
	if err := json.Unmarshal(payload, &p); err != nil {
		return nil, picasso.Errorf(picasso.CodeInvalid, "payload: is not what Aodh sends: %v", err)
	}
	t := Transition{AlarmID: p.AlarmID, Severity: p.Severity, Current: p.Detail.State, Reason: p.Detail.reason()}
	return &t, t.check("payload: ")
}

// detail says what has changed: Aodh's API sends an object, its evaluator the
// text of one.
type detail struct {
	State            string `json:"state"`
	StateReason      string `json:"state_reason"`      // of the API
	TransitionReason string `json:"transition_reason"` // of the evaluator
}

// UnmarshalJSON implements json.Unmarshaler.
func (d *detail) UnmarshalJSON(raw []byte) error {
	var text string
	if json.Unmarshal(raw, &text) == nil && text != "" {
		raw = []byte(text)
	}
	type plain detail
	return json.Unmarshal(raw, (*plain)(d))
}

func (d *detail) reason() string {
	if d.TransitionReason != "" {
		return d.TransitionReason
	}
	return d.StateReason
}

func (t *Transition) check(where string) error {
	switch {
	case t.AlarmID == "":
		return picasso.Errorf(picasso.CodeInvalid, "%salarm_id: is required", where)
	case t.Current == "":
		return picasso.Errorf(picasso.CodeInvalid, "%sthe state of the alarm is missing", where)
	}
	return nil
}

// Fits reports whether it is of the state and the alarm that a trigger waits
// for. An alarm whose name is not known fits any.
func (t *Transition) Fits(a *picasso.Alarm) bool {
	return slices.Contains(a.States, t.Current) &&
		(a.AlarmID == "" || a.AlarmID == t.AlarmID) &&
		(a.AlarmName == "" || t.AlarmName == "" || a.AlarmName == t.AlarmName)
}

// Event returns the event, which has neither id, source nor time yet.
func (t *Transition) Event(projectID string) *event.Event {
	data, _ := json.Marshal(t) // an error leaves it empty; what was read as JSON can be written
	return &event.Event{Type: EventType, Subject: t.AlarmID, ProjectID: projectID, Data: data}
}
