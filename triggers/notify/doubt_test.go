package notify_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/db/dbtest"
	"github.com/picasso-faas/picasso/triggers/notify"
)

// doubtful is a PUT that was answered with a body of an unknown kind, as copies
// of the S3 API are, and much that was refused.
func doubtful(t testing.TB, id string, at time.Time) []byte {
	return envelope(t, id, "objectstore.http.request", map[string]any{
		"outcome": "success", "eventTime": at.UTC().Format("2006-01-02T15:04:05.000000"), "initiator": map[string]any{"id": "x", "project_id": nil},
		"target": map[string]any{"id": "p1", "action": "put", "metadata": map[string]any{
			"path": "v1/AUTH_p1/box/o", "container": "box", "object": "o"}},
		"measurements": []any{map[string]any{"result": 224, "metric": map[string]any{"name": "storage.objects.outgoing.bytes"}}},
	})
}

// What may have been refused is believed when the object was just written, after
// the trigger was made, and for each writing once: whoever asks for what he
// may not do runs nothing.
func TestDoubt(t *testing.T) {
	s := newSwiftService(t)
	k := newKit(t, dbtest.SQLite(t), "p1", func(cfg *notify.Config) { cfg.Delegator = s })
	made := time.Now().Add(-time.Hour).UTC().Truncate(time.Microsecond)
	k.trigger(func(t *picasso.Trigger) {
		t.Swift, t.Trust = &picasso.Swift{Container: "box"}, &picasso.Trust{ID: "trust", UserID: "alice"}
		t.CreatedAt, t.UpdatedAt = made, made
	})
	k.start()
	now := time.Now()
	for i, c := range []struct {
		name        string
		written, at time.Time
		runs        int
	}{
		{"written before the trigger was made", made.Add(-time.Minute), made.Add(-time.Second), 0},
		{"written long before", now.Add(-10 * time.Minute), now, 0},
		{"written since: that has an event of its own", now, now.Add(-time.Second), 0},
		{"just written", now.Add(-time.Second), now, 1},
		{"the same writing again", now.Add(-time.Second), now.Add(time.Second), 0},
		{"another writing", now.Add(time.Minute), now.Add(61 * time.Second), 1},
	} {
		s.written.Store(fmt.Sprintf("%.5f", float64(c.written.UnixMicro())/1e6))
		require.NoError(t, k.handle("swift", doubtful(t, fmt.Sprint("m", i), c.at)), c.name)
		assert.Len(t, k.taken(), c.runs, c.name)
	}
}
