package dispatch

import (
	"context"
	"time"

	"github.com/picasso-faas/picasso"
)

const (
	probeTimeout = time.Second
	ackTimeout   = time.Second // after which a call that an engine has said nothing of makes it suspect
	longDown     = 3           // times Config.GiveUp, after which a host is rarely asked
	maxPause     = time.Minute // between two probes of such a host
)

// supervise looks after hosts that may be lost, and after those that have left.
func (d *Dispatcher) supervise(context.Context) {
	for _, m := range d.trips.silent(d.cfg.Now().Add(-ackTimeout)) {
		d.suspect(m, "it says nothing of a call")
	}
	now := d.cfg.Now()
	for _, m := range d.table.all(func(m *member) bool { return m.due(now, d.cfg.GiveUp) }) {
		d.probeSoon(m)
	}
	d.closeLeft()
	d.rebuild()
}

// due tells whether a host is to be asked now how it is: one that is suspect, or whose
// heartbeat has been missing for so long that it is better to know by now.
func (m *member) due(now time.Time, giveUp time.Duration) bool {
	return (m.suspect.Load() || m.record.Age > giveUp/2) && now.Sub(m.probed) >= m.pause(now, giveUp)
}

// pause is how long the host is left alone after a probe. The longer nothing was heard
// of it the longer, for it may be gone for good.
func (m *member) pause(now time.Time, giveUp time.Duration) time.Duration {
	silent := m.record.Age
	if a := m.answered.Load(); a != nil {
		silent = min(silent, now.Sub(a.at))
	}
	if silent < longDown*giveUp {
		return 0
	}
	return min(silent/10, maxPause)
}

// suspect lets other hosts come first until the host answers a probe.
func (d *Dispatcher) suspect(m *member, why string) {
	if m.suspect.CompareAndSwap(false, true) {
		d.log.WithField("host", m.name).WithField("reason", why).Warn("host is passed by until it answers")
		d.probeSoon(m)
	}
}

func (d *Dispatcher) probeSoon(m *member) {
	d.table.mu.Lock()
	defer d.table.mu.Unlock()
	if !d.table.closed && m.probing.CompareAndSwap(false, true) {
		m.probed = d.cfg.Now()
		d.work.Go(func() {
			defer m.probing.Store(false)
			d.probe(m)
		})
	}
}

// probe asks the engine itself. That it is still the same one is for its key to tell.
func (d *Dispatcher) probe(m *member) {
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	defer cancel()
	host, err := m.engine.Host(ctx)
	if err != nil {
		d.suspect(m, "it does not answer")
		return
	}
	m.answered.Store(&answer{at: d.cfg.Now(), host: host})
	if host.Draining || host.Fault != "" {
		return // the next heartbeat, or the next probe, will tell more
	}
	if m.suspect.CompareAndSwap(true, false) {
		d.log.WithField("host", m.name).Info("host answers again")
	}
}

// Host implements picasso.Engine: the sum of what the hosts said last. Errors:
// unavailable, before the store was read.
func (d *Dispatcher) Host(context.Context) (picasso.Host, error) {
	if d.view.Load() == nil {
		return picasso.Host{}, errUnknown()
	}
	d.table.mu.Lock()
	defer d.table.mu.Unlock()
	var sum picasso.Host
	for _, m := range d.table.members {
		h := &m.record.Host
		if m.state(d.cfg.Now(), d.cfg.GiveUp) == picasso.HostDown {
			continue
		}
		sum.Cores += h.Cores
		sum.MemoryMB += h.MemoryMB
		sum.MemoryUsedMB += h.MemoryUsedMB
		sum.Sandboxes += h.Sandboxes
		sum.SandboxesIdle += h.SandboxesIdle
		sum.CallsRunning += h.CallsRunning
		sum.CallsWaiting += h.CallsWaiting
		sum.ColdStarts += h.ColdStarts
	}
	return sum, nil
}
