package amqp

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

var errBusy = picasso.Errorf(picasso.CodeBusy, "object-store: does not answer this project")

// TestWhatHasToWaitHoldsNobodyUp: one project's Swift hangs, and others do not notice.
func TestWhatHasToWaitHoldsNobodyUp(t *testing.T) {
	for name, quorum := range map[string]bool{"classic": false, "quorum": true} {
		t.Run(name, func(t *testing.T) {
			s := newSetup(t, "")
			s.Options.Prefetch, s.Rabbit.Quorum = 4, quorum
			p := s.publisher(t.Name(), false)
			var hangs atomic.Bool
			hangs.Store(true)
			box := &inbox{handle: func(_ context.Context, m Message) error {
				if hangs.Load() && strings.HasPrefix(string(m.Body), "stuck") {
					return errBusy
				}
				return nil
			}}
			r := s.start(box)
			const stuck = 200
			for i := range stuck {
				p.send(fmt.Sprintf("stuck %d", i))
			}
			p.send("good")
			box.waitFor(t, 1)
			assert.Equal(t, "good", string(box.all()[0].Body))
			require.Eventually(t, func() bool { return s.ready(s.Options.Queue) == 0 }, longEnough, 10*time.Millisecond)
			r.end() // what waits survives the process; what it held comes back when the queue has noticed
			require.Eventually(t, func() bool { return s.ready(s.Options.Queue+laterSuffix) == stuck }, longEnough, 10*time.Millisecond)
			hangs.Store(false)
			s.start(box)
			box.waitFor(t, stuck+1)
			assert.Zero(t, s.ready(s.Options.Queue+deadSuffix))
			for _, m := range box.all() {
				assert.Equal(t, t.Name(), m.Exchange)
				assert.Equal(t, "notifications.info", m.RoutingKey)
			}
		})
	}
}

// TestSuspectsThatHangHoldNobodyUp: messages that were being handled when the
// connection was lost may end the process, or be slow only.
func TestSuspectsThatHangHoldNobodyUp(t *testing.T) {
	s := newSetup(t, "")
	s.Options.Prefetch = 10
	p := s.publisher(t.Name(), false)
	var mu sync.Mutex
	hanging := map[string]bool{}
	count := func() int { mu.Lock(); defer mu.Unlock(); return len(hanging) }
	box := &inbox{handle: func(ctx context.Context, m Message) error {
		if string(m.Body) == "good" {
			return nil
		}
		mu.Lock()
		hanging[string(m.Body)] = true
		mu.Unlock()
		<-ctx.Done()
		mu.Lock()
		defer mu.Unlock()
		delete(hanging, string(m.Body))
		return ctx.Err()
	}}
	r := s.start(box)
	for i := range 9 {
		p.send(fmt.Sprint(i))
	}
	require.Eventually(t, func() bool { return count() == 9 }, longEnough, 5*time.Millisecond)
	r.cuts()
	require.Eventually(t, func() bool { return count() < 9 }, longEnough, time.Millisecond)
	require.Eventually(t, func() bool { return count() == 9 }, longEnough, 5*time.Millisecond, "they hang side by side")
	p.send("good")
	box.waitFor(t, 1)
}
