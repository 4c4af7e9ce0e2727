package peek_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/triggers/peek"
)

// hanging is a service that answers nobody until it is let go.
func hanging(t *testing.T) (endpoint string, here *atomic.Int32, letGo func()) {
	here, gate := &atomic.Int32{}, make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		here.Add(1)
		defer here.Add(-1)
		select {
		case <-gate:
		case <-r.Context().Done():
		}
	}))
	letGo = sync.OnceFunc(func() { close(gate) })
	t.Cleanup(func() { letGo(); server.Close() })
	return server.URL, here, letGo
}

// still is a delegator for use by many.
type still struct {
	picasso.Delegator
	endpoint string
}

func (s *still) Credentials(context.Context, string, time.Duration) (*picasso.Credentials, error) {
	return &picasso.Credentials{ExpiresAt: time.Now().Add(time.Hour), Endpoints: map[string]string{"object-store": s.endpoint, "alarming": s.endpoint}}, nil
}

// asks asks many times for each project and counts how that ends.
func asks(t *testing.T, p *peek.Peeker, service string, times int, projects ...string) (answers, busy *atomic.Int32) {
	answers, busy = &atomic.Int32{}, &atomic.Int32{}
	q := question()
	q.Service = service
	var all sync.WaitGroup
	for _, project := range projects {
		trigger := trigger()
		trigger.ProjectID = project
		for range times {
			all.Go(func() {
				_, err := p.Ask(t.Context(), trigger, q)
				if err == nil {
					answers.Add(1)
				} else if picasso.CodeOf(err) == picasso.CodeBusy {
					busy.Add(1)
				}
			})
		}
	}
	t.Cleanup(all.Wait)
	return answers, busy
}

// A project that gets no answer, and a service that answers nobody, hold up few.
func TestTurns(t *testing.T) {
	endpoint, here, letGo := hanging(t)
	p, err := peek.New(nil, &still{endpoint: endpoint}, 10)
	require.NoError(t, err)
	const patience, step = 20 * time.Second, 5 * time.Millisecond
	reaches := func(n *atomic.Int32, want int32) {
		t.Helper()
		require.Eventually(t, func() bool { return n.Load() == want }, patience, step)
	}
	one, oneBusy := asks(t, p, "object-store", 100, "p1")
	reaches(oneBusy, 98)
	reaches(here, 2)
	others, othersBusy := asks(t, p, "object-store", 100, "p2", "p3", "p4", "p5", "p6", "p7")
	reaches(othersBusy, 592)
	reaches(here, 10)
	alarms, _ := asks(t, p, "alarming", 2, "p1")
	reaches(here, 12)
	letGo()
	reaches(one, 2)
	reaches(others, 8)
	reaches(alarms, 2)
}

// What comes all at once gets its turns, when answers come quickly.
func TestTurnsAreWaitedFor(t *testing.T) {
	endpoint, _, letGo := hanging(t)
	letGo()
	p, err := peek.New(nil, &still{endpoint: endpoint}, 10)
	require.NoError(t, err)
	answers, busy := asks(t, p, "object-store", 100, "p1", "p2")
	require.Eventually(t, func() bool { return answers.Load() == 200 }, 20*time.Second, 5*time.Millisecond)
	assert.Zero(t, busy.Load())
}
