package queue

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// logStore keeps logs in memory and fails as it is told.
type logStore struct {
	picasso.LogStore
	dropped int

	mu    sync.Mutex
	parts []picasso.LogPart
	fail  func(parts []picasso.LogPart) error
}

func (s *logStore) AppendLogs(_ context.Context, parts []picasso.LogPart) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		if err := s.fail(parts); err != nil {
			return err
		}
	}
	for _, p := range parts {
		p.Text = bytes.Clone(p.Text)
		s.parts = append(s.parts, p)
	}
	return nil
}

// text is the log of an execution as a reader would see it.
func (s *logStore) text(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := ""
	for _, p := range s.parts {
		switch {
		case p.ExecutionID != id:
		case p.Whole:
			text = string(p.Text)
		case int64(len(text)) == p.Offset:
			text += string(p.Text)
		default:
			return "torn"
		}
	}
	return text
}

func newTestScribe(t *testing.T) (*scribe, *logStore) {
	t.Helper()
	log := logrus.New()
	log.SetOutput(t.Output())
	store := &logStore{}
	return newScribe(store, log, func() { store.dropped++ }), store
}

func claimed(id string) *picasso.Claimed {
	return &picasso.Claimed{Execution: picasso.Execution{ID: id, Attempt: 1}}
}

// write lets a function write, and the scribe look.
func write(t *testing.T, s *scribe, l *liveLog, texts ...string) {
	t.Helper()
	for _, text := range texts {
		_, err := l.Write([]byte(text))
		require.NoError(t, err)
		s.pieces(t.Context())
	}
}

// finished ends a log.
func finished(t *testing.T, s *scribe, l *liveLog, log string) error {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var running sync.WaitGroup
	running.Go(func() { s.run(ctx) })
	err := s.end(ctx, l, []byte(log))
	cancel()
	running.Wait()
	return err
}

func TestLiveLog(t *testing.T) {
	long := strings.Repeat("x", maxPiece)
	for name, test := range map[string]struct {
		pieces []string
		log    string // as the engine has it in the end
		want   string
	}{
		"silent":                           {nil, "", ""},
		"over before anybody looked":       {nil, "all", "all"},
		"piece by piece":                   {[]string{"a", "", "bc"}, "abc", "abc"},
		"more came at the end":             {[]string{"a", "b"}, "abcd", "abcd"},
		"too long: the end counts":         {[]string{"a", "b"}, "[cut] cd", "[cut] cd"},
		"too long, and of the same length": {[]string{"ab", "cd"}, "[cd]", "[cd]"},
		"the engine was lost":              {[]string{"a", "b"}, "", "ab"},
		"faster than can be looked at":     {[]string{"a", long + "b", "c"}, "a" + long + "bc", "a" + long + "bc"},
	} {
		t.Run(name, func(t *testing.T) {
			s, store := newTestScribe(t)
			l := newLiveLog(claimed("e"))
			s.begin(l)
			write(t, s, l, test.pieces...)
			require.NoError(t, finished(t, s, l, test.log))
			assert.Equal(t, test.want, store.text("e"))
			assert.Empty(t, s.live)
		})
	}
}

func TestUnseenPieceOfALostEngine(t *testing.T) {
	s, store := newTestScribe(t)
	l := newLiveLog(claimed("e"))
	s.begin(l)
	write(t, s, l, "a")
	_, _ = l.Write([]byte("b"))
	require.NoError(t, finished(t, s, l, ""))
	assert.Equal(t, "ab", store.text("e"))
}

func TestLogOfARepeatedAttempt(t *testing.T) {
	for name, pieces := range map[string][]string{"live": {"n", "e"}, "at once": nil} {
		t.Run(name, func(t *testing.T) {
			s, store := newTestScribe(t)
			store.parts = []picasso.LogPart{{ExecutionID: "e", Attempt: 1, Text: []byte("of a process that was killed")}}
			c := claimed("e")
			c.Failures = 1
			l := newLiveLog(c)
			s.begin(l)
			write(t, s, l, pieces...)
			require.NoError(t, finished(t, s, l, "new"))
			assert.Equal(t, "new", store.text("e"))
		})
	}
}

func TestStoreFails(t *testing.T) {
	s, store := newTestScribe(t)
	l := newLiveLog(claimed("e"))
	s.begin(l)
	write(t, s, l, "a")
	store.fail = func([]picasso.LogPart) error { return picasso.Errorf(picasso.CodeUnavailable, "gone") }
	write(t, s, l, "b", "c")
	assert.Equal(t, 1, store.dropped, "after a gap there are no more pieces")
	err := finished(t, s, l, "abc")
	assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(err))
	store.fail = nil
	require.NoError(t, finished(t, s, l, "abc"))
	assert.Equal(t, "abc", store.text("e"))
}

func TestOneBadLog(t *testing.T) {
	s, store := newTestScribe(t)
	store.fail = func(parts []picasso.LogPart) error {
		for _, p := range parts {
			if p.ExecutionID == "bad" {
				return picasso.Errorf(picasso.CodeInternal, "")
			}
		}
		return nil
	}
	good, bad := newLiveLog(claimed("good")), newLiveLog(claimed("bad"))
	s.begin(good)
	s.begin(bad)
	_, _ = good.Write([]byte("g"))
	_, _ = bad.Write([]byte("b"))
	s.pieces(t.Context())
	assert.Equal(t, "g", store.text("good"))
	assert.Equal(t, 1, store.dropped)
	assert.Equal(t, picasso.CodeInternal, picasso.CodeOf(finished(t, s, bad, "b")))
}

func TestManyLogsAreStoredTogether(t *testing.T) {
	s, store := newTestScribe(t)
	calls := 0
	store.fail = func(parts []picasso.LogPart) error {
		calls++
		bytes := 0
		for _, p := range parts {
			bytes += len(p.Text)
		}
		assert.LessOrEqual(t, bytes, maxBatchBytes+maxPiece)
		return nil
	}
	for range 1000 {
		l := newLiveLog(claimed("e"))
		s.begin(l)
		_, _ = l.Write([]byte("x"))
	}
	for range 32 {
		l := newLiveLog(claimed("e"))
		s.begin(l)
		_, _ = l.Write(make([]byte, maxPiece))
	}
	s.pieces(t.Context())
	assert.Len(t, store.parts, 1032)
	assert.LessOrEqual(t, calls, 8)
}

func TestNobodyTakesTheLog(t *testing.T) {
	s, _ := newTestScribe(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(s.end(ctx, newLiveLog(claimed("e")), []byte("log"))))
}
