package queue

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestBrakes(t *testing.T) {
	b := &brakes{byFunction: map[string]*brake{}}
	now := created()
	assert.Equal(t, math.MaxInt, b.room("f", 40, now), "nothing is known against it")

	b.failed("f", 40, now)
	assert.Zero(t, b.room("f", 10, now), "it rests")
	b.failed("f", 39, now.Add(time.Millisecond))
	now = now.Add(sameMoment)
	assert.Equal(t, 10, b.room("f", 10, now), "half of what it held, for many failures at once")
	assert.Zero(t, b.room("f", 30, now))
	assert.Equal(t, math.MaxInt, b.room("g", 40, now), "others are not concerned")

	for n := range 20 { // it goes on failing
		b.failed("f", 1, now)
		pause := doubled(200*time.Millisecond, n, platformMax)
		assert.Zero(t, b.room("f", 0, now.Add(pause-1)))
		now = now.Add(pause)
		assert.Positive(t, b.room("f", 0, now), "one is always tried")
	}
	assert.Equal(t, 1, b.room("f", 0, now))

	for n := range 19 {
		b.worked("f", 30)
		assert.Equal(t, n+2, b.room("f", 0, now), "quickly to what went well")
	}
	for range 20 {
		assert.Equal(t, 20, b.room("f", 0, now))
		b.worked("f", 30)
	}
	b.worked("f", 30)
	assert.Equal(t, 21, b.room("f", 0, now), "slowly beyond it")
	for range 10 * 30 {
		b.worked("f", 30)
	}
	assert.Equal(t, math.MaxInt, b.room("f", 100, now))
	assert.Empty(t, b.byFunction)
}

func TestBrakesAreForgotten(t *testing.T) {
	b := &brakes{byFunction: map[string]*brake{}}
	b.failed("f", 4, created())
	b.forget(created().Add(time.Minute))
	assert.NotEmpty(t, b.byFunction)
	b.forget(created().Add(time.Hour))
	assert.Empty(t, b.byFunction)
}
