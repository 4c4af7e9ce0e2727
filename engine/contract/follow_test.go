package contract

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso/engine/enginetest"
	"github.com/picasso-faas/picasso/engine/ring"
)

func TestFollow(t *testing.T) {
	log := ring.New(100)
	write := func(text string) { _, _ = log.Write([]byte(text)) }
	write("of an earlier call\n")
	start := log.End()
	var to enginetest.Buffer
	f := follow(log, start, 100, &to)
	write("one\n")
	require.Eventually(t, func() bool { return to.String() == "one\n" }, 10*time.Second, time.Millisecond)
	write("two\n")
	require.Eventually(t, func() bool { return to.String() == "one\ntwo\n" }, 10*time.Second, time.Millisecond)
	write("three\n")
	f.finish(log.Since(start))
	assert.Equal(t, "one\ntwo\nthree\n", to.String())
	write("of a later call\n")
	f.stop()
	assert.Equal(t, "one\ntwo\nthree\n", to.String())
}

// TestFollowMoreThanALogHolds: what was passed on is the beginning, without a gap.
func TestFollowMoreThanALogHolds(t *testing.T) {
	log := ring.New(100)
	var to enginetest.Buffer
	f := follow(log, 0, 100, &to)
	_, _ = log.Write([]byte("beginning\n"))
	require.Eventually(t, func() bool { return to.String() == "beginning\n" }, 10*time.Second, time.Millisecond)
	for range 50 {
		_, _ = log.Write([]byte("and on\n"))
	}
	f.finish(log.Since(0))
	assert.Equal(t, "beginning\n", to.String())
}

func TestFollowForNobody(t *testing.T) {
	f := follow(ring.New(100), 0, 100, nil)
	f.stop()
	f.finish(nil, 0)
}
