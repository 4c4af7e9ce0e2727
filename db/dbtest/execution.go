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

	log, err := s.ExecutionLog(ctx, "p1", full.ID)
	require.NoError(s, err)
	assert.Equal(s, full.Log, log)
	log, err = s.ExecutionLog(ctx, "p1", never.ID)
	require.NoError(s, err)
	assert.Empty(s, log)

	for _, ref := range [][2]string{{"p2", full.ID}, {"p1", newID()}, {"p1", "no id"}} {
		_, err = s.Execution(ctx, ref[0], ref[1])
		s.wantCode(picasso.CodeNotFound, err, ref[1])
		_, err = s.ExecutionLog(ctx, ref[0], ref[1])
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
	log, err := s.ExecutionLog(ctx, "p1", first.ID)
	require.NoError(s, err)
	assert.Equal(s, "first", string(log))
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
	log, err := s.ExecutionLog(ctx, "p1", e.ID)
	require.NoError(s, err)
	assert.True(s, bytes.Equal(e.Log, log))
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
		log, err := s.ExecutionLog(ctx, "p1", batch[i].ID)
		require.NoError(s, err)
		assert.True(s, bytes.Equal(batch[i].Log, log), "log %d", i)
	}
}

func (s *suite) purge() {
	ctx := s.Context()
	var batch []picasso.Execution
	for i := range 1200 {
		e := newExecution("p1", newID(), i)
		e.Log = []byte("log")
		batch = append(batch, e)
	}
	s.record(batch...)
	until := func(i int) time.Time { return batch[i].CreatedAt }
	n, err := s.PurgeExecutions(ctx, until(3), 2)
	require.NoError(s, err)
	assert.Equal(s, 2, n)
	_, err = s.Execution(ctx, "p1", batch[1].ID)
	s.wantCode(picasso.CodeNotFound, err, batch[1].ID)
	_, err = s.ExecutionLog(ctx, "p1", batch[1].ID)
	s.wantCode(picasso.CodeNotFound, err, batch[1].ID)
	_, err = s.Execution(ctx, "p1", batch[2].ID)
	require.NoError(s, err, "oldest first")

	n, err = s.PurgeExecutions(ctx, until(1100), 5000)
	require.NoError(s, err)
	assert.Equal(s, 1098, n)
	n, err = s.PurgeExecutions(ctx, until(1100), 5000)
	require.NoError(s, err)
	assert.Zero(s, n)
	list, _, err := s.Executions(ctx, picasso.ExecutionFilter{}, picasso.Page{})
	require.NoError(s, err)
	assert.Len(s, list, 100)
	s.record(batch[1]) // its log went, too, or the old one would stay
	batch[1].Log = []byte("new")
	n, err = s.PurgeExecutions(ctx, until(1100), 0)
	require.NoError(s, err)
	assert.Zero(s, n)
}

// allOrNone: one row that cannot be stored takes the batch with it.
func (s *suite) allOrNone() {
	ctx := s.Context()
	var batch []picasso.Execution
	for i := range 500 {
		batch = append(batch, newExecution("p1", newID(), i))
	}
	bad := batch
	bad[499].CreatedAt = time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)
	bad[499].RunMS = nan()
	require.Error(s, s.RecordExecutions(ctx, bad))
	list, _, err := s.Executions(ctx, picasso.ExecutionFilter{}, picasso.Page{})
	require.NoError(s, err)
	assert.Empty(s, list)
}
