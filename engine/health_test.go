package engine

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/sandbox"
)

// ailing is a driver that is ill when the test says so.
type ailing struct {
	sandbox.Driver
	ill  atomic.Pointer[string]
	slow atomic.Bool // to list its images
}

func (a *ailing) Check(context.Context) error {
	if what := a.ill.Load(); what != nil {
		return picasso.Errorf(picasso.CodeUnavailable, "%s", *what)
	}
	return nil
}

func (a *ailing) Images(context.Context) ([]string, error) {
	if a.slow.Load() {
		return nil, context.DeadlineExceeded
	}
	return []string{"b@sha256:1", "a@sha256:2", "b@sha256:1"}, nil
}

func TestHealth(t *testing.T) {
	log, logged := test.NewNullLogger()
	driver := &ailing{}
	h := watchHealth(driver, log)
	h.close() // from here on the test checks
	logged.Reset()
	h.failed = 0
	require.True(t, h.check(t.Context()))
	h.list(t.Context())
	require.Empty(t, h.fault())
	require.Equal(t, []string{"a@sha256:2", "b@sha256:1"}, h.images())

	driver.slow.Store(true)
	h.list(t.Context())
	require.Empty(t, h.fault(), "slow is not ill")
	require.Len(t, h.images(), 2, "what was known stands")
	logged.Reset()

	hangs := "the container engine does not answer"
	driver.ill.Store(&hangs)
	require.False(t, h.check(t.Context()))
	require.Empty(t, h.fault(), "once is nothing yet")
	for range 3 {
		h.check(t.Context())
	}
	require.Contains(t, h.fault(), "does not answer")
	require.Len(t, logged.AllEntries(), 1, "once")
	driver.ill.Store(nil)
	h.check(t.Context())
	require.Empty(t, h.fault())
	require.Len(t, logged.AllEntries(), 2)
	driver.ill.Store(&hangs)
	h.check(t.Context())
	require.Empty(t, h.fault(), "in a row")
}
