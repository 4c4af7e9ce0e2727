package notify_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/db/dbtest"
	"github.com/picasso-faas/picasso/triggers/notify"
)

// slowly takes 40 seconds for each token, by the clock of the test.
type slowly struct {
	*swiftService
	looks atomic.Int64
}

func (s *slowly) Credentials(ctx context.Context, trustID string, lasting time.Duration) (*picasso.Credentials, error) {
	s.looks.Add(1)
	return s.swiftService.Credentials(ctx, trustID, lasting)
}

func (s *slowly) now() time.Time {
	return time.Now().Add(time.Duration(s.looks.Load()) * 40 * time.Second)
}

// However many triggers have to look, no message is kept for long, and each
// gets through in the end, without looking again.
func TestManyTriggersLookSlowly(t *testing.T) {
	s := &slowly{swiftService: newSwiftService(t)}
	k := newKit(t, dbtest.SQLite(t), "p1", func(cfg *notify.Config) { cfg.Delegator, cfg.Now = s, s.now })
	const triggers = 5
	for i := range triggers {
		k.trigger(func(t *picasso.Trigger) {
			t.Swift, t.Trust = &picasso.Swift{Container: "box"}, &picasso.Trust{ID: fmt.Sprint("trust", i), UserID: "alice"}
		})
	}
	k.trigger(func(t *picasso.Trigger) { t.Notification = &picasso.Notification{EventType: "objectstore.*"} })
	k.start()
	for turn := range 2 {
		assert.Equal(t, picasso.CodeBusy, picasso.CodeOf(k.handle("swift", upload(t, "m1", "p1", "o"))))
		assert.EqualValues(t, 2*(turn+1), s.looks.Load())
	}
	require.NoError(t, k.handle("swift", upload(t, "m1", "p1", "o")))
	assert.EqualValues(t, triggers, s.looks.Load())
	var executions []picasso.Execution
	executions, _, err := k.store.Executions(t.Context(), picasso.ExecutionFilter{ProjectID: "p1"}, picasso.Page{Limit: 100})
	require.NoError(t, err)
	assert.Len(t, executions, triggers+1)
}
