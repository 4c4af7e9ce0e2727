package queue

import (
	"math"
	"sync"
	"time"
)

// brakes hold back functions that the platform has no room for, so that a full
// host is not asked again with everything that is queued: after a failure of
// the platform a function gets half as many places as it holds, and after
// several in a row none for a pause that doubles with each. Each success gives it one
// more place up to half of what it held when it had trouble, and then a part of
// one, so that all its places together succeed before there is one more. This is
// how TCP avoids congestion (RFC 5681).
type brakes struct {
	mu         sync.Mutex
	byFunction map[string]*brake
}

// brake is what holds a function back.
type brake struct {
	places   float64 // it may hold
	goal     float64 // up to which places grow quickly
	failures int     // in a row
	until    time.Time
}

// failed is called when the platform failed an execution of a function that
// holds so many places.
func (b *brakes) failed(functionID string, holds int, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.byFunction[functionID]
	if k == nil {
		k = &brake{places: math.MaxInt32}
		b.byFunction[functionID] = k
	}
	if now.Before(k.until) {
		return // of the same moment as the one before
	}
	k.places = max(1, min(k.places, float64(holds))/2)
	if k.failures == 0 {
		k.goal = k.places
	}
	k.until = now.Add(sameMoment)
	if k.failures > 0 {
		k.until = now.Add(doubled(platformMin, k.failures-1, platformMax))
	}
	k.failures++
}

// sameMoment is how long the failures of a moment may take to come in.
const sameMoment = 20 * time.Millisecond

// worked is called when an execution of the function was not failed by the
// platform. most is how many places it could ever get.
func (b *brakes) worked(functionID string, most int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.byFunction[functionID]
	if k == nil {
		return
	}
	k.failures = 0
	if k.places < k.goal {
		k.places++
	} else {
		k.places += 1 / k.places
	}
	if k.places >= float64(most) {
		delete(b.byFunction, functionID)
	}
}

// room is how many more places a function may take that holds so many.
func (b *brakes) room(functionID string, holds int, now time.Time) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.byFunction[functionID]
	switch {
	case k == nil:
		return math.MaxInt
	case now.Before(k.until):
		return 0
	}
	return max(0, int(k.places)-holds)
}

// forget drops the brakes of functions that have not been heard of for long.
func (b *brakes) forget(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id, k := range b.byFunction {
		if now.Sub(k.until) > 10*platformMax {
			delete(b.byFunction, id)
		}
	}
}
