package pool

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestWanted(t *testing.T) {
	const ms = time.Millisecond
	tests := []struct {
		name string
		load load
		want int
	}{
		{"nothing to do", load{Concurrency: 1, Cores: 2}, 0},
		{"first call", load{Waiting: 1, Concurrency: 1, Cores: 2}, 1},
		{"first call, on its way", load{Waiting: 1, Starting: 1, Concurrency: 1, Cores: 2}, 0},
		{"cold burst: as many as cores", load{Waiting: 50, Concurrency: 1, Cores: 2}, 2},
		{"cold burst, under way", load{Waiting: 50, Starting: 2, Concurrency: 1, Cores: 2}, 0},
		{"cold burst on a large host", load{Waiting: 50, Concurrency: 1, Cores: 64}, 50},
		{"cold burst that fits into one", load{Waiting: 50, Concurrency: 100, Cores: 64}, 1},
		{"nothing known of the run yet", load{Waiting: 48, Alive: 2, Concurrency: 1, Cores: 2, Start: 100 * ms}, 0},
		{"short calls", load{Waiting: 48, Alive: 2, Concurrency: 1, Cores: 2, Run: 2 * ms, Start: 100 * ms}, 0},
		{"one short call", load{Waiting: 1, Alive: 1, Concurrency: 1, Cores: 2, Run: 99 * ms, Start: 100 * ms}, 0},
		{"short calls without a pause", load{Pressed: true, Waiting: 1, Alive: 3, Concurrency: 1, Cores: 2, Run: ms, Start: 100 * ms}, 1},
		{"short calls without a pause, one on its way", load{Pressed: true, Waiting: 9, Alive: 2, Starting: 1, Concurrency: 1, Cores: 2, Run: ms, Start: 100 * ms}, 0},
		{"short calls without a pause, two for each core", load{Pressed: true, Waiting: 28, Alive: 4, Concurrency: 1, Cores: 2, Run: ms, Start: 100 * ms}, 0},
		{"short calls without a pause, max", load{Pressed: true, Waiting: 28, Alive: 1, Max: 1, Concurrency: 1, Cores: 2, Run: ms, Start: 100 * ms}, 0},
		{"one long call", load{Waiting: 1, Alive: 1, Concurrency: 1, Cores: 2, Run: 101 * ms, Start: 100 * ms}, 1},
		{"one long call, on its way", load{Waiting: 1, Alive: 1, Starting: 1, Concurrency: 1, Cores: 2, Run: 5000 * ms, Start: 100 * ms}, 0},
		{"long calls: as fast as the host starts", load{Waiting: 48, Alive: 2, Concurrency: 1, Cores: 2, Run: 2000 * ms, Start: 100 * ms}, 4},
		{"long calls: enough on their way", load{Waiting: 40, Alive: 10, Starting: 4, Concurrency: 1, Cores: 2, Run: 2000 * ms, Start: 100 * ms}, 0},
		{"long calls: no more than calls", load{Waiting: 3, Alive: 40, Concurrency: 1, Cores: 2, Run: 2000 * ms, Start: 100 * ms}, 3},
		{"long calls: room in those on their way", load{Waiting: 10, Alive: 1, Starting: 1, Concurrency: 10, Cores: 2, Run: 2000 * ms, Start: 100 * ms}, 0},
		{"one more is enough", load{Waiting: 30, Alive: 2, Concurrency: 1, Cores: 8, Run: 10 * ms, Start: 100 * ms}, 1},
		{"several sandboxes for many at once", load{Waiting: 95, Alive: 1, Concurrency: 10, Cores: 16, Run: 2000 * ms, Start: 100 * ms}, 10},
		{"max", load{Waiting: 48, Alive: 2, Max: 3, Concurrency: 1, Cores: 8, Run: 2000 * ms, Start: 100 * ms}, 1},
		{"max reached", load{Waiting: 48, Alive: 2, Starting: 1, Max: 3, Concurrency: 1, Cores: 8, Run: 2000 * ms, Start: 100 * ms}, 0},
		{"min", load{Min: 3, Alive: 1, Starting: 1, Concurrency: 1, Cores: 2}, 1},
		{"min and max", load{Min: 3, Max: 2, Concurrency: 1, Cores: 2}, 2},
		{"one call each", load{Waiting: 7, Alive: 5, Starting: 2, OneCall: true, Concurrency: 1, Cores: 2}, 5},
		{"one call each and max", load{Waiting: 7, Alive: 5, Max: 6, OneCall: true, Concurrency: 1, Cores: 2}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { assert.Equal(t, tt.want, wanted(tt.load)) })
	}
}

func TestAverage(t *testing.T) {
	var a average
	a.add(100)
	assert.EqualValues(t, 100, a, "the first is all there is")
	a.add(200)
	assert.EqualValues(t, 120, a)
	for range 100 {
		a.add(10_000)
	}
	assert.InDelta(t, 10_000, float64(a), 10, "forgets")
}

func TestBackoff(t *testing.T) {
	now := time.Unix(0, 0)
	var b backoff
	assert.NoError(t, b.active(now))
	for _, ms := range []int{100, 200, 400, 800, 1600, 3200, 3200} {
		pause := time.Duration(ms) * time.Millisecond
		b.failed(assert.AnError, now)
		assert.ErrorIs(t, b.active(now.Add(pause-1)), assert.AnError)
		now = now.Add(pause)
		assert.NoError(t, b.active(now))
	}
	var docker backoff
	docker.failed(errClosing(), now)
	assert.NoError(t, docker.active(now), "unavailable passes by itself")
}
