package dbtest

import (
	"bytes"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// payloadSizes: inputs and results of any size come back byte for byte, those of several
// pieces, too.
func (s *suite) payloadSizes() {
	ctx := s.Context()
	fn := s.makeFunction("p1", picasso.DefaultApp, "f")
	for n, size := range []int{0, 1, 1<<20 - 1, 1 << 20, 1<<20 + 1, 5<<20 + 7} {
		sub := submission(fn, n)
		sub.Input.Body = pattern(size, 251)
		_, err := s.Enqueue(ctx, sub)
		require.NoError(s, err)
		c := s.claim(fn, 1, 1)[0]
		assert.EqualValues(s, size, c.InputBytes)
		assert.True(s, bytes.Equal(sub.Input.Body, c.Input.Body), size)

		result := &picasso.Payload{Header: map[string][]string{"Content-Type": {"a/b"}}, Body: pattern(size, 241)}
		e := c.Execution
		e.Status = picasso.StatusSucceeded
		require.NoError(s, s.Settle(ctx, &picasso.Settlement{Lease: c.Lease, Execution: e, Result: result}))
		got, err := s.ExecutionResult(ctx, "", e.ID)
		require.NoError(s, err)
		assert.True(s, bytes.Equal(result.Body, got.Body), size)
		assert.Equal(s, result.Header, got.Header)
	}
}

// pattern is bytes that show when pieces get lost or change places.
func pattern(size, period int) []byte {
	body := make([]byte, size)
	for i := range body {
		body[i] = byte(i % period)
	}
	return body
}

// manyLarge: a claim takes large inputs a few at a time, and loses none.
func (s *suite) manyLarge() {
	fn := s.makeFunction("p1", picasso.DefaultApp, "f")
	for n := range 5 {
		sub := submission(fn, n)
		sub.Input.Body = make([]byte, 8<<20)
		_, err := s.Enqueue(s.Context(), sub)
		require.NoError(s, err)
	}
	s.claim(fn, 9, 4)
	s.claim(fn, 9, 1)
}

func (s *suite) logParts() {
	ctx := s.Context()
	id, other := newID(), newID()
	part := func(attempt int, offset int64, text string) picasso.LogPart {
		return picasso.LogPart{ExecutionID: id, Attempt: attempt, Offset: offset, Text: []byte(text)}
	}
	want := func(attempt int, offset int64, parts ...picasso.LogPart) {
		s.Helper()
		got, err := s.Log(ctx, id, attempt, offset)
		require.NoError(s, err)
		assert.Equal(s, parts, got)
	}
	want(0, 0)
	require.NoError(s, s.AppendLogs(ctx, nil))
	a, b, c := part(1, 0, "one\x00"), part(1, 4, "\xff"), part(2, 0, "three")
	require.NoError(s, s.AppendLogs(ctx, []picasso.LogPart{c, a, {ExecutionID: other, Attempt: 1, Text: []byte("other")}}))
	require.NoError(s, s.AppendLogs(ctx, []picasso.LogPart{b, part(1, 0, "ONE")}))
	want(0, 0, a, b, c)
	want(1, 0, a, b, c)
	want(1, 1, b, c)
	want(1, 5, c)
	want(2, 0, c)
	want(2, 1)
	want(3, 0)

	whole := part(1, 0, "the end of it")
	whole.Whole = true
	require.NoError(s, s.AppendLogs(ctx, []picasso.LogPart{part(1, 5, "more"), whole, part(2, 5, "four")}))
	whole.Whole = false
	want(0, 0, whole, c, part(2, 5, "four"))
	assert.Equal(s, "other", string(s.log(other)))
}

// longLog: what is more than one look returns comes with the next.
func (s *suite) longLog() {
	id := newID()
	var parts []picasso.LogPart
	var text []byte
	for n := range 100 {
		line := []byte(numbered("line", n))
		parts = append(parts, picasso.LogPart{ExecutionID: id, Attempt: 1 + n/60, Offset: int64(n % 60 * len(line)), Text: line})
		text = append(text, line...)
	}
	require.NoError(s, s.AppendLogs(s.Context(), parts))
	first, err := s.Log(s.Context(), id, 0, 0)
	require.NoError(s, err)
	assert.Less(s, len(first), len(parts))
	assert.Equal(s, string(text), string(s.log(id)))
}

// raceLogs: many write the logs of many at once.
func (s *suite) raceLogs() {
	ids := make([]string, racers)
	for n := range ids {
		ids[n] = newID()
	}
	for offset := range int64(10) {
		s.race(func(n int) error {
			text := bytes.Repeat([]byte{byte('a' + n)}, 100_000)
			return s.AppendLogs(s.Context(), []picasso.LogPart{{ExecutionID: ids[n], Attempt: 1, Offset: offset * 100_000, Text: text}})
		})
	}
	for n, id := range ids {
		assert.True(s, bytes.Equal(bytes.Repeat([]byte{byte('a' + n)}, 1_000_000), s.log(id)), n)
	}
}

// ended runs one of a function to its end, made so long after start.
func (s *suite) ended(fn *picasso.Function, age time.Duration, status picasso.Status) string {
	s.Helper()
	sub := submission(fn, 0)
	sub.CreatedAt, sub.RunAt = start().Add(age), start()
	_, err := s.Enqueue(s.Context(), sub)
	require.NoError(s, err)
	c := s.claim(fn, 1, 1)[0]
	e := c.Execution
	e.Status = status
	require.NoError(s, s.Settle(s.Context(), &picasso.Settlement{Lease: c.Lease, Execution: e, Result: &sub.Input}))
	require.NoError(s, s.AppendLogs(s.Context(), []picasso.LogPart{{ExecutionID: e.ID, Attempt: 1, Text: []byte("log")}}))
	return e.ID
}
