package submission_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/triggers/event"
	"github.com/picasso-faas/picasso/triggers/submission"
)

func at() time.Time { return time.Date(2026, 11, 22, 20, 0, 0, 123456789, time.UTC) }

// maker counts ids up.
func maker() submission.Maker {
	n := 0
	return submission.Maker{Now: at, NewID: func() string { n++; return strconv.Itoa(n) }}
}

func function() *picasso.Function {
	fn := &picasso.Function{ID: "f1", ProjectID: "p1", FunctionSpec: picasso.DefaultFunctionSpec()}
	fn.Name, fn.Retry.MaxAttempts = "f", 7
	return fn
}

func TestOf(t *testing.T) {
	trigger := &picasso.Trigger{ID: "t1", ProjectID: "p1"}
	trigger.InputTemplate = "${subject} ${data.x}"
	e := &event.Event{ID: "e1", Source: "/s", Type: "t", Subject: "photos/cat", Data: json.RawMessage(`{"x": 1}`)}
	sub := maker().Of(trigger, function(), e)
	now := at().Truncate(time.Microsecond)
	assert.Equal(t, picasso.Execution{
		ID: "1", ProjectID: "p1", FunctionID: "f1", Function: "f", App: "default", Status: picasso.StatusQueued, Async: true,
		TriggerID: "t1", EventID: "e1", Subject: "photos/cat", MaxAttempts: 7, RunAt: now, CreatedAt: now, RequestID: "req-2", InputBytes: 12,
	}, sub.Execution)
	assert.Equal(t, "t1 e1", sub.Key)
	assert.Equal(t, "photos/cat 1", string(sub.Input.Body))
}

// What cannot be made is on record.
func TestOfTooMuch(t *testing.T) {
	trigger := &picasso.Trigger{ID: "t1", ProjectID: "p1"}
	trigger.InputTemplate = strings.Repeat("${data}", 9000)
	data, err := json.Marshal(strings.Repeat("x", 60<<10))
	require.NoError(t, err)
	sub := maker().Of(trigger, function(), &event.Event{ID: "e1", Source: "/s", Type: "t", Data: data})
	assert.Equal(t, picasso.StatusFailed, sub.Status)
	assert.Contains(t, sub.Reason, "input_template: makes more than")
	assert.Equal(t, "t1 e1", sub.Key)
	assert.Zero(t, sub.RunAt)
	assert.Equal(t, at().Truncate(time.Microsecond), sub.FinishedAt)
}

func TestLimitDepth(t *testing.T) {
	m := maker()
	for depth, status := range map[int]picasso.Status{0: picasso.StatusQueued, 8: picasso.StatusQueued, 9: picasso.StatusFailed, 1 << 30: picasso.StatusFailed} {
		sub := m.For(function())
		sub.Depth = depth
		m.LimitDepth(&sub, "who knows")
		assert.Equal(t, status, sub.Status, depth)
		assert.Equal(t, min(depth, picasso.MaxDepth), sub.Depth)
		if status == picasso.StatusFailed {
			assert.Equal(t, "Chain stopped: more than 8 executions would cause each other in a row; who knows", sub.Reason)
		}
	}
}

func TestSubject(t *testing.T) {
	assert.Equal(t, "a", submission.Subject("a"))
	assert.Len(t, submission.Subject(strings.Repeat("x", 2000)), 1024)
	assert.Equal(t, strings.Repeat("ü", 511)+"x", submission.Subject("x" + strings.Repeat("ü", 600))[1:]+"x", "no half letters")
	assert.Equal(t, "ab", submission.Subject("a\xffb"))
}
