package swift

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/picasso-faas/picasso"
)

func TestCause(t *testing.T) {
	at := time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)
	ran := func(id, trigger, subject string, depth int) picasso.Execution {
		return picasso.Execution{ID: id, TriggerID: trigger, EventID: "of " + id, Subject: subject, Depth: depth, StartedAt: at.Add(-time.Second)}
	}
	ended := func(e picasso.Execution, ago time.Duration) picasso.Execution { e.FinishedAt = at.Add(-ago); return e }
	began := func(e picasso.Execution, later time.Duration) picasso.Execution {
		e.StartedAt = at.Add(later)
		return e
	}
	waits := picasso.Execution{ID: "w", TriggerID: "t", EventID: "of w", Subject: "photos/dog.jpg", Depth: 5}
	cat := ran("e1", "other", "photos/cat.jpg", 2)
	for name, c := range map[string]struct {
		object string
		o      *Object
		acting []picasso.Execution
		depth  int
		cause  string

		suspected bool
	}{
		"nobody":                  {"cat.png", &Object{Depth: -1}, nil, 0, "", false},
		"the object says it":      {"cat.png", &Object{Depth: 4}, []picasso.Execution{cat}, 4, "", false},
		"says 0":                  {"cat.png", &Object{Depth: 0}, []picasso.Execution{cat}, 0, "", false},
		"same name":               {"cat.jpg", nil, []picasso.Execution{cat}, 3, "e1", true},
		"stem":                    {"thumbs/cat-256.png", &Object{Depth: -1}, []picasso.Execution{cat}, 3, "e1", false},
		"within a word":           {"concatenated.png", nil, []picasso.Execution{cat}, 0, "", false},
		"the least deep":          {"cat.png", nil, []picasso.Execution{ran("e0", "x", "photos/cat.gif", 6), cat}, 3, "e1", false},
		"had ended":               {"cat.png", nil, []picasso.Execution{ended(cat, time.Second)}, 0, "", false},
		"has just ended":          {"cat.png", nil, []picasso.Execution{ended(cat, Slack/2)}, 3, "e1", false},
		"had not begun":           {"cat.png", nil, []picasso.Execution{began(cat, time.Second)}, 0, "", false},
		"of this very event":      {"cat.png", nil, []picasso.Execution{{ID: "e1", EventID: "m", Subject: "photos/cat.jpg", StartedAt: at}}, 0, "", false},
		"the only one":            {"x", nil, []picasso.Execution{ran("e2", "t", "photos/dog.jpg", 1)}, 2, "e2", true},
		"another trigger's":       {"x", nil, []picasso.Execution{ran("e2", "u", "photos/dog.jpg", 1)}, 0, "", false},
		"the least of two":        {"x", nil, []picasso.Execution{ran("e2", "t", "photos/dog.jpg", 1), ran("e3", "t", "photos/a.jpg", 2)}, 2, "e2", true},
		"the only one waits":      {"x", nil, []picasso.Execution{waits}, 0, "", false},
		"one runs and one waits":  {"x", nil, []picasso.Execution{ran("e2", "t", "photos/cow.jpg", 1), waits}, 0, "", false},
		"waits by the same name":  {"dog.jpg", nil, []picasso.Execution{waits}, 0, "", false},
		"a schedule's, by chance": {"nightly.txt", nil, []picasso.Execution{ran("e4", "s", "nightly", 0)}, 0, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			chain := Cause(&Request{Container: "photos", Object: c.object, Time: at}, c.o, "t", "m", c.acting)
			assert.Equal(t, Chain{Depth: c.depth, CausedBy: c.cause, Suspected: c.suspected}, chain)
		})
	}
}

func TestPause(t *testing.T) {
	for _, c := range []struct {
		chain Chain
		waits bool
	}{
		{Chain{Depth: picasso.MaxDepth, Suspected: true}, false},
		{Chain{Depth: picasso.MaxDepth + 1, Suspected: true}, true},
		{Chain{Depth: picasso.MaxDepth + 2, Suspected: true}, false},
		{Chain{Depth: picasso.MaxDepth + 1}, false},
	} {
		assert.Equal(t, c.waits, c.chain.Pause() > 0, "%+v", c.chain)
	}
}

func TestMadeOf(t *testing.T) {
	for _, c := range []struct {
		object, subject string
		want            bool
	}{
		{"a/b.txt", "box/a/b.txt", true},
		{"b", "box/a/b.txt", true},
		{"x-b-y", "box/a/b.txt", true},
		{"xb", "box/a/b.txt", false},
		{"bb b", "box/b", true},
		{"grün.png", "box/grün.jpg", true},
		{"grüné.png", "box/grün.jpg", false},
		{"x/.profile", "box/.profile", true},
		{"anything", "box/", false},
		{"anything", "box/dir/", false},
		{"dir/", "box/dir/", true},
		{"anything", "", false},
		{"\xff", "box/\xff", true},
	} {
		assert.Equal(t, c.want, madeOf(c.object, c.subject), "%q of %q", c.object, c.subject)
	}
}

// FuzzMadeOf: it ends, and an object is always made of the one by its own name.
func FuzzMadeOf(f *testing.F) {
	f.Add("cat-256.png", "photos/cat.jpg")
	f.Add("éé", "b/é")
	f.Fuzz(func(t *testing.T, object, subject string) {
		madeOf(object, subject)
		if object != "" {
			assert.True(t, madeOf(object, "box/"+object))
		}
	})
}
