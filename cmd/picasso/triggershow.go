package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/client"
)

func triggerFields(_ *client.Client, t *client.Trigger) []field {
	fields := []field{
		{"id", t.ID}, {"name", t.Name}, {"type", string(t.Type)}, {"function", t.Function}, {"function_id", t.FunctionID},
		{"enabled", t.Enabled}, {"state", t.State}, {"error", unlessZero(t.Error)}, {"project_id", t.ProjectID},
		{"input_template", t.InputTemplate}, {"delegate_roles", listOf(t.DelegateRoles)},
	}
	fields = append(fields, blockFields(t)...)
	if last := t.LastExecution; last != nil {
		fields = append(fields, field{"last_execution", last.ID}, field{"last_status", string(last.Status)}, field{"last_fired_at", timeOf(last.CreatedAt)})
	}
	return append(fields, field{"created_at", timeOf(t.CreatedAt)}, field{"updated_at", timeOf(t.UpdatedAt)})
}

// blockFields are those of the type.
func blockFields(t *client.Trigger) []field {
	switch {
	case t.Schedule != nil:
		return scheduleFields(t.Schedule, t.Clock)
	case t.Swift != nil:
		s := t.Swift
		return []field{
			{"container", s.Container}, {"events", listOf(s.Events)}, {"prefix", s.Prefix}, {"suffix", s.Suffix}, {"verify", orNone(s.Verify)},
		}
	case t.Notification != nil:
		n := t.Notification
		return []field{
			{"event_type", n.EventType}, {"exchange", n.Exchange}, {"topic", n.Topic}, {"filter", filter(n.Filter)},
			{"all_projects", n.AllProjects},
		}
	case t.Alarm != nil:
		a := t.Alarm
		return []field{
			{"alarm_id", unlessZero(a.AlarmID)}, {"alarm_name", unlessZero(a.AlarmName)}, {"states", listOf(a.States)},
			{"url", t.URL}, {"alarm_action", t.AlarmAction},
		}
	case t.Webhook != nil:
		fields := []field{{"auth", string(t.Webhook.Auth)}, {"url", t.URL}}
		if t.Webhook.Secret != "" {
			fields = append(fields, field{"secret", t.Webhook.Secret})
		}
		return fields
	}
	return nil // of a server that is newer
}

func scheduleFields(s *picasso.Schedule, clock *picasso.Clock) []field {
	fields := []field{
		{"cron", unlessZero(s.Cron)}, {"every_s", unlessZero(s.EveryS)}, {"at", timeOf(s.At)},
		{"timezone", s.Timezone}, {"start_at", timeOf(s.StartAt)}, {"end_at", timeOf(s.EndAt)},
		{"max_runs", s.MaxRuns}, {"overlap", string(s.Overlap)}, {"catch_up", string(s.CatchUp)},
	}
	if clock != nil {
		fields = append(fields,
			field{"next_run_at", timeOf(clock.NextAt)}, field{"last_run_at", timeOf(clock.LastAt)}, field{"runs", clock.Runs})
	}
	return fields
}

// filter is shown as --filter takes it.
type filter map[string]json.RawMessage

// String implements fmt.Stringer for tables.
func (f filter) String() string {
	text, _ := json.Marshal(map[string]json.RawMessage(f)) // which a server sent: it is valid
	return string(text)
}

// MarshalYAML implements yaml.Marshaler.
func (f filter) MarshalYAML() (any, error) {
	values := map[string]any{}
	return values, json.Unmarshal([]byte(f.String()), &values)
}

func triggerRow(t *client.Trigger) []any {
	var clock picasso.Clock
	var runs *int
	if t.Clock != nil {
		clock, runs = *t.Clock, &t.Clock.Runs
	}
	return []any{
		t.ID, t.Name, string(t.Type), t.Function, t.Enabled, t.State, when(t), timeOf(clock.NextAt),
		timeOf(clock.LastAt), orNone(runs), t.Error, t.FunctionID, t.ProjectID, timeOf(t.CreatedAt), timeOf(t.UpdatedAt),
	}
}

// when says in a few words when a trigger fires.
func when(t *client.Trigger) any {
	switch {
	case t.Schedule != nil:
		return whenScheduled(t.Schedule)
	case t.Swift != nil:
		return fmt.Sprintf("%s/%s*%s %s", t.Swift.Container, t.Swift.Prefix, t.Swift.Suffix, strings.Join(t.Swift.Events, ", "))
	case t.Notification != nil:
		return t.Notification.EventType
	case t.Alarm != nil:
		return strings.TrimSpace(t.Alarm.AlarmID + t.Alarm.AlarmName + " " + strings.Join(t.Alarm.States, ", "))
	}
	return nil
}

func whenScheduled(s *picasso.Schedule) any {
	switch {
	case s.Cron != "":
		return s.Cron + " " + s.Timezone
	case s.EveryS != 0:
		return fmt.Sprintf("every %d s", s.EveryS)
	default:
		return timeOf(s.At)
	}
}
