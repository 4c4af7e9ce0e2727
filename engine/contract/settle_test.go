package contract

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/ring"
)

func TestExpects(t *testing.T) {
	hot := func() *hearing {
		var h hearing
		for range trial {
			h.heard(false)
		}
		return &h
	}
	now := picasso.Outcome{Started: time.Now()}
	assert.True(t, new(hearing).expects(&now), "nothing is known of it")

	h := hot()
	h.ended.Store(now.Started.UnixNano())
	assert.False(t, h.expects(&now), "it has proved silent")
	failed := now
	failed.Err = functionFailed("it failed")
	assert.True(t, h.expects(&failed))
	rested := picasso.Outcome{Started: now.Started.Add(2 * restedFor)}
	assert.True(t, h.expects(&rested))

	h.heard(true)
	for range trial - 1 {
		h.heard(false)
		h.ended.Store(now.Started.UnixNano())
		assert.True(t, h.expects(&now), "it has talked lately")
	}
	h.heard(false)
	h.ended.Store(now.Started.UnixNano())
	assert.False(t, h.expects(&now))
}

func TestAwaitQuiet(t *testing.T) {
	log := ring.New(100)
	_, _ = log.Write([]byte("late"))
	awaitQuiet(log, 0)
	awaitQuiet(log, log.End()) // ends, also when nothing comes
	assert.EqualValues(t, 4, log.End())
}
