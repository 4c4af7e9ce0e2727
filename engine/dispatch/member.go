package dispatch

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/picasso-faas/picasso"
)

// member is one run of the engine of a host.
type member struct {
	name, incarnation string
	engine            Engine
	acks              bool // it tells of each call soon that it has it

	record      picasso.HostRecord // guarded by table.mu
	inventoried int64              // guarded by table.mu; the inventory of facts is that; -1: none yet
	probed      time.Time          // guarded by table.mu; when it was last asked how it is

	facts    atomic.Pointer[facts]
	inFlight atomic.Int64

	suspect  atomic.Bool
	probing  atomic.Bool
	answered atomic.Pointer[answer] // to the last probe that it answered
}

// facts are what a host said of itself last.
type facts struct {
	freeMB, idleMB int
	picasso.Inventory
}

type answer struct {
	at   time.Time
	host picasso.Host
}

// factsOf reads the last heartbeat. How much of the memory is idle is not in it:
// as much as of the sandboxes.
func factsOf(h *picasso.Host, inventory picasso.Inventory) *facts {
	f := &facts{freeMB: max(h.MemoryMB-h.MemoryUsedMB, 0), Inventory: inventory}
	if h.Sandboxes > 0 {
		f.idleMB = h.MemoryUsedMB * h.SandboxesIdle / h.Sandboxes
	}
	return f
}

func (f *facts) has(functionID string) bool {
	_, found := slices.BinarySearch(f.Functions, functionID)
	return found
}

func (f *facts) hasImage(digest string) bool {
	_, found := slices.BinarySearch(f.Images, digest)
	return found
}

// freshAnswer is how long an answer to a probe stands for heartbeats that do not come.
const freshAnswer = 3 * time.Second

// state is that of the record, but for a host whose heartbeats do not get
// through while the engine itself says that it is well.
func (m *member) state(now time.Time, giveUp time.Duration) picasso.HostState {
	state := m.record.State(giveUp)
	a := m.answered.Load()
	if state != picasso.HostDown || m.record.Fault != "" || a == nil || now.Sub(a.at) > freshAnswer {
		return state
	}
	switch {
	case a.host.Fault != "":
		return picasso.HostDown
	case m.record.Disabled || m.record.Draining || a.host.Draining:
		return picasso.HostDraining
	}
	return picasso.HostUp
}

func (m *member) candidate() Candidate {
	r := &m.record
	return Candidate{Name: m.name, Cores: r.Cores, MemoryMB: r.MemoryMB, Tags: r.Tags, Projects: r.Projects}
}
