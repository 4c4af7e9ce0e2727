package dbtest

import (
	"bytes"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

func (s *suite) executionLife() {
	ctx := s.Context()
	code := -1
	full := newExecution("p1", newID(), 1)
	full.Status, full.Reason, full.ExitCode = picasso.StatusFailed, "Function failed: it did", &code
	full.Log = []byte("line\n\x00\xff binary")
	never := newExecution("p1", full.FunctionID, 2)
	never.StartedAt, never.HTTPStatus, never.Host = time.Time{}, 0, ""
	s.record(full, never)

	got, err := s.Execution(ctx, "p1", full.ID)
	require.NoError(s, err)
	want := full
	want.Log = nil
	assert.Equal(s, &want, got)
	got, err = s.Execution(ctx, "", never.ID)
	require.NoError(s, err)
	assert.Equal(s, &never, got)

	assert.Equal(s, full.Log, s.log(full.ID))
	assert.Empty(s, s.log(never.ID))
	assert.Empty(s, s.log("no id"))

	for _, ref := range [][2]string{{"p2", full.ID}, {"p1", newID()}, {"p1", "no id"}} {
		_, err = s.Execution(ctx, ref[0], ref[1])
		s.wantCode(picasso.CodeNotFound, err, ref[1])
	}
}

func (s *suite) executionTwice() {
	ctx := s.Context()
	first := newExecution("p1", newID(), 1)
	first.Log = []byte("first")
	s.record(first)
	second, third := first, newExecution("p1", first.FunctionID, 2)
	second.Reason, second.Log = "second", []byte("second")
	s.record(second, third, third)
	got, err := s.Execution(ctx, "p1", first.ID)
	require.NoError(s, err)
	assert.Empty(s, got.Reason)
	assert.Equal(s, "first", string(s.log(first.ID)))
	_, err = s.Execution(ctx, "p1", third.ID)
	require.NoError(s, err)
	s.record()
}

func (s *suite) executionFilters() {
	one, two := newID(), newID()
	a, b, c := newExecution("p1", one, 1), newExecution("p1", two, 2), newExecution("p2", two, 3)
	b.Status, c.App = picasso.StatusTimedOut, "other"
	s.record(a, b, c)
	tests := []struct {
		filter picasso.ExecutionFilter
		want   []string
	}{
		{picasso.ExecutionFilter{}, []string{c.ID, b.ID, a.ID}},
		{picasso.ExecutionFilter{ProjectID: "p1"}, []string{b.ID, a.ID}},
		{picasso.ExecutionFilter{FunctionID: two}, []string{c.ID, b.ID}},
		{picasso.ExecutionFilter{ProjectID: "p1", FunctionID: two}, []string{b.ID}},
		{picasso.ExecutionFilter{FunctionID: "no id"}, nil},
		{picasso.ExecutionFilter{App: "other"}, []string{c.ID}},
		{picasso.ExecutionFilter{Status: picasso.StatusTimedOut}, []string{b.ID}},
		{picasso.ExecutionFilter{Since: b.CreatedAt}, []string{c.ID, b.ID}},
		{picasso.ExecutionFilter{Until: b.CreatedAt}, []string{a.ID}},
		{picasso.ExecutionFilter{Since: b.CreatedAt, Until: b.CreatedAt.Add(time.Microsecond)}, []string{b.ID}},
		{picasso.ExecutionFilter{Since: b.CreatedAt.In(time.FixedZone("far", 7*3600))}, []string{c.ID, b.ID}},
	}
	for _, test := range tests {
		list, more, err := s.Executions(s.Context(), test.filter, picasso.Page{})
		require.NoError(s, err)
		assert.False(s, more)
		var ids []string
		for _, e := range list {
			ids = append(ids, e.ID)
		}
		assert.Equal(s, test.want, ids, "%+v", test.filter)
	}
}

// executionText: a record is never refused for what others wrote.
func (s *suite) executionText() {
	ctx := s.Context()
	e := newExecution("p1", newID(), 1)
	e.Reason = "bad \xff\xfe\x00 " + strings.Repeat("ü", 5000)
	e.RequestID, e.Host = strings.Repeat("r", 500), strings.Repeat("€", 300)
	e.Log = bytes.Repeat([]byte{'\'', '\\', 0, 0xff}, 1<<18)
	s.record(e)
	got, err := s.Execution(ctx, "p1", e.ID)
	require.NoError(s, err)
	assert.True(s, strings.HasPrefix(got.Reason, "bad ?\x00 üüü"), "%.20q", got.Reason)
	assert.Less(s, len(got.Reason), 5000)
	assert.True(s, bytes.Equal(e.Log, s.log(e.ID)))
}

// executionBatches: more rows and more bytes than fit one statement.
func (s *suite) executionBatches() {
	ctx := s.Context()
	function := newID()
	var batch []picasso.Execution
	for i := range 1001 {
		e := newExecution("p1", function, i)
		switch {
		case i < 4:
			e.Log = bytes.Repeat([]byte{byte('a' + i)}, 1<<20)
		case i%2 == 0:
			e.Log = []byte(e.ID)
		}
		batch = append(batch, e)
	}
	s.record(batch...)
	count, marker := 0, ""
	for more := true; more; {
		var list []picasso.Execution
		var err error
		list, more, err = s.Executions(ctx, picasso.ExecutionFilter{FunctionID: function}, picasso.Page{Marker: marker})
		require.NoError(s, err)
		count, marker = count+len(list), list[len(list)-1].ID
	}
	assert.Equal(s, len(batch), count)
	for _, i := range []int{0, 3, 4, 5, 998, 1000} {
		assert.True(s, bytes.Equal(batch[i].Log, s.log(batch[i].ID)), "log %d", i)
	}
}

// leftOut: a record that cannot be stored does not take the others with it.
func (s *suite) leftOut() {
	ctx := s.Context()
	var batch []picasso.Execution
	for i := range 500 {
		batch = append(batch, newExecution("p1", newID(), i))
	}
	batch[499].CreatedAt = time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)
	batch[499].RunMS = nan()
	batch[7].ProjectID, batch[7].RunMS = strings.Repeat("p", 100), nan()
	err := s.RecordExecutions(ctx, batch)
	require.ErrorContains(s, err, "2 of 500 records were left out")
	list, _, err := s.Executions(ctx, picasso.ExecutionFilter{}, picasso.Page{})
	require.NoError(s, err)
	assert.Len(s, list, 498)
}

// log is the whole log of an execution.
func (s *suite) log(id string) (text []byte) {
	s.Helper()
	for attempt, offset := 0, int64(0); ; {
		parts, err := s.Log(s.Context(), id, attempt, offset)
		require.NoError(s, err)
		if len(parts) == 0 {
			return text
		}
		for _, part := range parts {
			text = append(text, part.Text...)
			attempt, offset = part.Attempt, part.Offset+int64(len(part.Text))
		}
	}
}
