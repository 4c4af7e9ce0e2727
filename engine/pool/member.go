package pool

import (
	"sync"
	"time"

	"github.com/picasso-faas/picasso/engine/contract"
)

// member is a sandbox of a pool.
type member struct {
	pool      *pool
	sandbox   contract.Sandbox
	active    int // calls in it
	idleSince time.Time
	spare     bool // is in the pool's list of those with room
	doomed    bool // takes no more calls
	frozen    bool

	freezing sync.Mutex // held, without the host's lock, while freezing or thawing
}

// watch drops the sandbox when it ends by itself.
func (h *Host) watch(m *member) {
	<-m.sandbox.Done()
	h.mu.Lock()
	defer h.mu.Unlock()
	if !m.doomed {
		m.pool.doom(m)
		m.pool.tend()
	}
}

func (m *member) dead() bool {
	select {
	case <-m.sandbox.Done():
		return true
	default:
		return false
	}
}

func (m *member) thaw() {
	m.freezing.Lock()
	defer m.freezing.Unlock()
	m.sandbox.Thaw()
}
