package db

import (
	"database/sql"
	"encoding/json"

	"github.com/picasso-faas/picasso"
)

const (
	// The columns of triggers that an update replaces, in the order of triggerValues.
	triggerFields = "function_id, name, enabled, input_template, spec, delegate_roles, trust_id, trust_user, secret, error, updated_at"

	// Each has one of both; LEFT makes databases begin with the triggers, where
	// a page is a part of an index.
	triggersWithFunctions = "triggers t LEFT JOIN functions f ON f.id = t.function_id LEFT JOIN apps a ON a.id = f.app_id"

	// What scanTrigger reads.
	triggerColumns = "t.id, t.project_id, t.type, a.name, f.name, t.next_at, t.last_at, t.runs, t.created_at, " +
		"t.function_id, t.name, t.enabled, t.input_template, t.spec, t.delegate_roles, t.trust_id, t.trust_user, t.secret, t.error, t.updated_at"
)

// triggerText is what of a trigger is kept as JSON.
type triggerText struct{ spec, roles string }

// textOf also makes t what it will be when it is read.
func textOf(t *picasso.Trigger) (text triggerText, err error) {
	settleClock(t)
	if text.roles, err = jsonText(t.DelegateRoles); err != nil {
		return text, err
	}
	kept := t.TriggerSpec
	if kept.Webhook != nil { // whose secret is none of anybody who reads the spec
		kept.Webhook = &picasso.Webhook{Auth: kept.Webhook.Auth}
	}
	spec, err := json.Marshal(block(&kept))
	text.spec = string(spec)
	return text, err
}

// settleClock gives a clock to schedules, and none to others. Equal schedules
// are equal texts: their times are in UTC, and json.Marshal keeps the order.
func settleClock(t *picasso.Trigger) {
	if t.Type != picasso.TriggerSchedule {
		t.Clock = nil
		return
	}
	if t.Clock == nil {
		t.Clock = &picasso.Clock{}
	}
	if t.Schedule != nil {
		schedule := *t.Schedule
		schedule.At, schedule.StartAt, schedule.EndAt = micro(schedule.At), micro(schedule.StartAt), micro(schedule.EndAt)
		t.Schedule = &schedule
	}
}

// block is where a trigger has what is of its type; nil for a type that is not known.
func block(t *picasso.TriggerSpec) any {
	switch t.Type {
	case picasso.TriggerSchedule:
		return &t.Schedule
	case picasso.TriggerSwift:
		return &t.Swift
	case picasso.TriggerNotification:
		return &t.Notification
	case picasso.TriggerAlarm:
		return &t.Alarm
	case picasso.TriggerWebhook:
		return &t.Webhook
	}
	return nil
}

// triggerValues are the values of triggerFields.
func triggerValues(t *picasso.Trigger, text triggerText) []any {
	trustID, trustUser := trustValues(t.Trust)
	return []any{t.FunctionID, t.Name, t.Enabled, t.InputTemplate, text.spec, text.roles, trustID, trustUser, t.Secret, t.Error, t.UpdatedAt}
}

func scanTrigger(row row, t *picasso.Trigger) error {
	var app, function, spec, roles string
	var trustID, trustUser sql.NullString
	var next, last sql.NullTime
	var runs int
	err := row.Scan(&t.ID, &t.ProjectID, &t.Type, &app, &function, &next, &last, &runs, &t.CreatedAt,
		&t.FunctionID, &t.Name, &t.Enabled, &t.InputTemplate, &spec, &roles, &trustID, &trustUser, &t.Secret, &t.Error, &t.UpdatedAt)
	if err != nil {
		return err
	}
	t.Function, t.Trust = app+":"+function, trustOf(trustID, trustUser)
	if t.Type == picasso.TriggerSchedule {
		t.Clock = &picasso.Clock{NextAt: next.Time, LastAt: last.Time, Runs: runs}
	}
	if t.DelegateRoles, err = list(roles); err != nil {
		return err
	}
	if at := block(&t.TriggerSpec); at != nil {
		err = json.Unmarshal([]byte(spec), at)
	}
	return err
}

// clockValues are the columns next_at, which is NULL also for a trigger that is
// paused, last_at and runs.
func clockValues(t *picasso.Trigger) (next, last sql.NullTime, runs int) {
	if t.Clock == nil {
		return next, last, 0
	}
	if t.Enabled {
		next = optional(t.Clock.NextAt)
	}
	return next, optional(t.Clock.LastAt), t.Clock.Runs
}
