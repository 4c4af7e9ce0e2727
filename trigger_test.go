package picasso_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// validTriggers has one of each type, with what must be set and no more.
func validTriggers() map[picasso.TriggerType]picasso.TriggerSpec {
	specs := map[picasso.TriggerType]picasso.TriggerSpec{
		picasso.TriggerSchedule:     {Schedule: &picasso.Schedule{EveryS: 60}},
		picasso.TriggerSwift:        {Swift: &picasso.Swift{Container: "photos"}},
		picasso.TriggerNotification: {Notification: &picasso.Notification{EventType: "compute.instance.*"}},
		picasso.TriggerAlarm:        {Alarm: &picasso.Alarm{}},
		picasso.TriggerWebhook:      {Webhook: &picasso.Webhook{}},
	}
	for kind, spec := range specs {
		spec.Name, spec.Function, spec.Type = "t", "thumbnail", kind
		specs[kind] = spec
	}
	return specs
}

func TestTriggerDefaults(t *testing.T) {
	specs := validTriggers()
	require.Len(t, specs, len(picasso.TriggerTypes()))
	for _, kind := range picasso.TriggerTypes() {
		spec := specs[kind]
		require.NoError(t, spec.Validate(), kind)
	}
	require.Equal(t, []string{"created", "copied"}, specs[picasso.TriggerSwift].Swift.Events)
	require.True(t, *specs[picasso.TriggerSwift].Swift.Verify)
	require.Equal(t, []string{"alarm"}, specs[picasso.TriggerAlarm].Alarm.States)
	require.Equal(t, picasso.WebhookToken, specs[picasso.TriggerWebhook].Webhook.Auth)
	require.Equal(t, "UTC", specs[picasso.TriggerSchedule].Schedule.Timezone)
}

func TestTriggerKeepsWhatIsSet(t *testing.T) {
	spec := validTriggers()[picasso.TriggerSwift]
	no := false
	spec.Swift.Verify, spec.Swift.Events = &no, []string{"deleted"}
	require.NoError(t, spec.Validate())
	require.False(t, *spec.Swift.Verify)
	require.Equal(t, []string{"deleted"}, spec.Swift.Events)
}

func TestTriggerSpecValidate(t *testing.T) {
	tests := []struct {
		kind   picasso.TriggerType
		detail string // how the message begins
		change func(*picasso.TriggerSpec)
	}{
		{picasso.TriggerSwift, "name: is required", func(s *picasso.TriggerSpec) { s.Name = "" }},
		{picasso.TriggerSwift, "function: is required", func(s *picasso.TriggerSpec) { s.Function = "" }},
		{picasso.TriggerSwift, "function: must start", func(s *picasso.TriggerSpec) { s.Function = "a:b:c" }},
		{picasso.TriggerSwift, `type: "cron" is not one of`, func(s *picasso.TriggerSpec) { s.Type = "cron" }},
		{picasso.TriggerSwift, "input_template: is longer", func(s *picasso.TriggerSpec) { s.InputTemplate = strings.Repeat("x", 64<<10+1) }},
		{picasso.TriggerSwift, "delegate_roles[1]: must not be empty or twice", func(s *picasso.TriggerSpec) { s.DelegateRoles = []string{"member", "member"} }},
		{picasso.TriggerSwift, "delegate_roles[0]: must not be empty", func(s *picasso.TriggerSpec) { s.DelegateRoles = []string{""} }},
		{picasso.TriggerSwift, "delegate_roles[0]: is longer", func(s *picasso.TriggerSpec) { s.DelegateRoles = []string{strings.Repeat("r", 256)} }},
		{picasso.TriggerSwift, "delegate_roles: has more than 32", func(s *picasso.TriggerSpec) { s.DelegateRoles = numbered(33) }},
		{picasso.TriggerSwift, "swift: is required with type swift", func(s *picasso.TriggerSpec) { s.Swift = nil }},
		{picasso.TriggerSwift, "alarm: is not for type swift", func(s *picasso.TriggerSpec) { s.Alarm = &picasso.Alarm{} }},
		{picasso.TriggerSwift, "swift.container: must have from 1", func(s *picasso.TriggerSpec) { s.Swift.Container = "" }},
		{picasso.TriggerSwift, "swift.container: must have from 1", func(s *picasso.TriggerSpec) { s.Swift.Container = "a/b" }},
		{picasso.TriggerSwift, "swift.container: must have from 1", func(s *picasso.TriggerSpec) { s.Swift.Container = strings.Repeat("c", 257) }},
		{picasso.TriggerSwift, "swift.container: must not contain NUL", func(s *picasso.TriggerSpec) { s.Swift.Container = "\x00" }},
		{picasso.TriggerSwift, `swift.events[1]: "read" is not one of`, func(s *picasso.TriggerSpec) { s.Swift.Events = []string{"created", "read"} }},
		{picasso.TriggerSwift, `swift.events: has "created" twice`, func(s *picasso.TriggerSpec) { s.Swift.Events = []string{"created", "created"} }},
		{picasso.TriggerSwift, "swift.prefix: is longer", func(s *picasso.TriggerSpec) { s.Swift.Prefix = strings.Repeat("p", 1025) }},
		{picasso.TriggerSwift, "swift.suffix: is longer", func(s *picasso.TriggerSpec) { s.Swift.Suffix = strings.Repeat("s", 1025) }},
		{picasso.TriggerNotification, "notification.event_type: is required", func(s *picasso.TriggerSpec) { s.Notification.EventType = "" }},
		{picasso.TriggerNotification, "notification.event_type: is longer", func(s *picasso.TriggerSpec) { s.Notification.EventType = strings.Repeat("*", 256) }},
		{picasso.TriggerNotification, "notification.exchange: must not contain NUL", func(s *picasso.TriggerSpec) { s.Notification.Exchange = "\x00" }},
		{picasso.TriggerNotification, "notification.topic: is longer", func(s *picasso.TriggerSpec) { s.Notification.Topic = strings.Repeat("t", 256) }},
		{picasso.TriggerNotification, "notification.filter: has more than 32", func(s *picasso.TriggerSpec) {
			s.Notification.Filter = map[string]json.RawMessage{}
			for _, field := range numbered(33) {
				s.Notification.Filter[field] = json.RawMessage("1")
			}
		}},
		{picasso.TriggerNotification, "notification.filter: names and values are more than 65536 bytes", func(s *picasso.TriggerSpec) {
			half := json.RawMessage(`"` + strings.Repeat("x", 32<<10) + `"`)
			s.Notification.Filter = map[string]json.RawMessage{"payload.a": half, "payload.b": half}
		}},
		{picasso.TriggerAlarm, "alarm: either alarm_id or alarm_name", func(s *picasso.TriggerSpec) { s.Alarm.AlarmID, s.Alarm.AlarmName = "1", "cpu" }},
		{picasso.TriggerAlarm, `alarm.states[0]: "red" is not one of`, func(s *picasso.TriggerSpec) { s.Alarm.States = []string{"red"} }},
		{picasso.TriggerAlarm, "alarm.alarm_name: is longer", func(s *picasso.TriggerSpec) { s.Alarm.AlarmName = strings.Repeat("n", 256) }},
		{picasso.TriggerWebhook, `webhook.auth: "basic" is not one of`, func(s *picasso.TriggerSpec) { s.Webhook.Auth = "basic" }},
		{picasso.TriggerWebhook, "webhook.secret: must have from 16", func(s *picasso.TriggerSpec) { s.Webhook.Secret = "short" }},
		{picasso.TriggerWebhook, "webhook.secret: must have from 16", func(s *picasso.TriggerSpec) { s.Webhook.Secret = strings.Repeat("s", 1025) }},
		{picasso.TriggerWebhook, "webhook.secret: is not for auth keystone", func(s *picasso.TriggerSpec) {
			s.Webhook.Auth, s.Webhook.Secret = picasso.WebhookKeystone, strings.Repeat("s", 16)
		}},
		{picasso.TriggerSchedule, "schedule: exactly one of", func(s *picasso.TriggerSpec) { s.Schedule.Cron = "@daily" }},
		{picasso.TriggerSchedule, "schedule.end_at: must be after", func(s *picasso.TriggerSpec) {
			s.Schedule.StartAt = time.Unix(9, 0)
			s.Schedule.EndAt = time.Unix(9, 0)
		}},
		{picasso.TriggerSchedule, "swift: is not for type schedule", func(s *picasso.TriggerSpec) { s.Swift = &picasso.Swift{} }},
	}
	for _, test := range tests {
		t.Run(test.detail, func(t *testing.T) {
			spec := validTriggers()[test.kind]
			test.change(&spec)
			err := spec.Validate()
			require.Equal(t, picasso.CodeInvalid, picasso.CodeOf(err))
			require.True(t, strings.HasPrefix(picasso.AsError(err).Detail, test.detail), picasso.AsError(err).Detail)
		})
	}
}

func numbered(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("f%d", i)
	}
	return list
}
