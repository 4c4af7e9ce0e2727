package peek

import (
	"context"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

const (
	knownBounds = 10_000
	// A turn is waited for while they come quickly, as when somebody uploads a lot.
	turnPatience = time.Second
	// Who waited in vain tells the others, who then wait no more.
	jamTime = 10 * time.Second
)

// turns bounds how many ask a service at once, of one project and in all: who
// gets no answer, or slow ones, holds up few.
type turns struct {
	most   int
	bounds *lru.Cache[string, *bound] // one that is forgotten while it is in use lets a few more in
}

func newTurns(most int) *turns {
	bounds, _ := lru.New[string, *bound](knownBounds) // fails only for a size below 1
	return &turns{most: max(1, most), bounds: bounds}
}

// take waits for a turn and returns how it ends, nil when there is none now.
func (t *turns) take(ctx context.Context, service, projectID string) (end func()) {
	own, all := t.bound(service+" "+projectID, max(1, t.most/5)), t.bound(service, t.most)
	if !own.take(ctx) {
		return nil
	}
	if !all.take(ctx) {
		<-own.taken
		return nil
	}
	return func() { <-own.taken; <-all.taken }
}

func (t *turns) bound(key string, most int) *bound {
	b, found := t.bounds.Get(key)
	if !found {
		b = &bound{taken: make(chan struct{}, most)}
		if before, there, _ := t.bounds.PeekOrAdd(key, b); there {
			b = before
		}
	}
	return b
}

// bound is so many turns.
type bound struct {
	taken  chan struct{}
	jammed atomic.Bool
}

func (b *bound) take(ctx context.Context) bool {
	select {
	case b.taken <- struct{}{}:
		return true
	default:
	}
	if b.jammed.Load() {
		return false
	}
	timer := time.NewTimer(turnPatience)
	defer timer.Stop()
	select {
	case b.taken <- struct{}{}:
		return true
	case <-ctx.Done():
	case <-timer.C:
		if b.jammed.CompareAndSwap(false, true) {
			time.AfterFunc(jamTime, func() { b.jammed.Store(false) })
		}
	}
	return false
}
