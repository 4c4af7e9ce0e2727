package dispatch

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/picasso-faas/picasso"
)

// table is all hosts of the store that can be spoken to.
type table struct {
	mu         sync.Mutex
	closed     bool
	members    map[string]*member // by name
	dedicated  []string           // projects with hosts of their own
	leaving    []*member          // replaced or deleted, with calls in them
	complaints map[string]string  // by name, why a host cannot be spoken to: said once
	storeFails bool
}

// empty takes all members out, for good.
func (t *table) empty() []*member {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := t.leaving
	for _, m := range t.members {
		all = append(all, m)
	}
	t.closed, t.members, t.leaving = true, map[string]*member{}, nil
	return all
}

// all returns the members that fit, by name.
func (t *table) all(fits func(*member) bool) []*member {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.sorted(fits)
}

// sorted is all, with mu held.
func (t *table) sorted(fits func(*member) bool) (found []*member) {
	for _, m := range t.members {
		if fits(m) {
			found = append(found, m)
		}
	}
	slices.SortFunc(found, func(a, b *member) int { return strings.Compare(a.name, b.name) })
	return found
}

// Refresh reads the store. When that fails the hosts known before stay in view.
// Errors: unavailable.
func (d *Dispatcher) Refresh(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, max(d.cfg.GiveUp, probeTimeout))
	defer cancel()
	records, err := d.cfg.Hosts.Hosts(ctx)
	if err != nil {
		return err
	}
	changed := d.take(records)
	if len(changed) > 0 {
		var inventories map[string]picasso.Inventory
		inventories, err = d.cfg.Hosts.Inventories(ctx, slices.Collect(maps.Keys(changed)))
		d.takeInventories(changed, inventories)
	}
	d.rebuild()
	return err
}

func (d *Dispatcher) refreshOrLog(ctx context.Context) {
	err := d.Refresh(ctx)
	if ctx.Err() != nil {
		return
	}
	d.table.mu.Lock()
	before := d.table.storeFails
	d.table.storeFails = err != nil
	d.table.mu.Unlock()
	switch {
	case err != nil && !before:
		d.log.WithError(err).Error("the hosts cannot be read from the store; those known stay in rotation")
	case err == nil && before:
		d.log.Info("the hosts can be read from the store again")
	}
}

// take takes in what the store says, and returns the members whose inventory is
// another one by now, by the ids of the hosts.
func (d *Dispatcher) take(records []picasso.HostRecord) map[string]*member {
	t := &d.table
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil
	}
	t.dedicated = nil
	changed, present := map[string]*member{}, make(map[string]bool, len(records))
	for i := range records {
		record := &records[i]
		present[record.Name] = true
		t.dedicated = append(t.dedicated, record.Projects...)
		m := d.memberFor(record)
		if m == nil {
			continue
		}
		m.record = *record
		old := m.facts.Load()
		m.facts.Store(factsOf(&record.Host, old.Inventory))
		if m.inventoried != record.Inventoried && record.State(d.cfg.GiveUp) != picasso.HostDown {
			changed[record.ID] = m
		}
	}
	for name, m := range t.members {
		if !present[name] {
			d.leave(m)
		}
	}
	return changed
}

// memberFor returns the member of a record; nil when it cannot be spoken to.
func (d *Dispatcher) memberFor(record *picasso.HostRecord) *member {
	t := &d.table
	m := t.members[record.Name]
	if m != nil && m.incarnation == record.Incarnation {
		return m
	}
	if m != nil {
		d.leave(m)
	}
	version := min(d.cfg.MaxProtocol, record.MaxProtocol)
	if version < max(d.cfg.MinProtocol, record.MinProtocol) {
		d.complain(record, "it speaks no version of the protocol that this process does", nil)
		return nil
	}
	engine, err := d.cfg.Dial(record)
	if err != nil {
		d.complain(record, "what it says of its address is of no use", err)
		return nil
	}
	delete(t.complaints, record.Name)
	m = &member{
		name: record.Name, incarnation: record.Incarnation, engine: engine,
		acks: version >= ackProtocol, inventoried: -1,
	}
	m.facts.Store(&facts{})
	t.members[record.Name] = m
	return m
}

func (d *Dispatcher) complain(record *picasso.HostRecord, complaint string, err error) {
	if d.table.complaints[record.Name] != complaint+record.Incarnation {
		d.table.complaints[record.Name] = complaint + record.Incarnation
		d.log.WithError(err).WithField("host", record.Name).Error("a host cannot be used: " + complaint)
	}
}

// leave lets a member go, its connections when its calls have ended.
func (d *Dispatcher) leave(m *member) {
	delete(d.table.members, m.name)
	d.table.leaving = append(d.table.leaving, m)
}

// closeLeft closes the members that have left and have no calls any more.
func (d *Dispatcher) closeLeft() {
	t := &d.table
	t.mu.Lock()
	defer t.mu.Unlock()
	t.leaving = slices.DeleteFunc(t.leaving, func(m *member) bool {
		over := m.inFlight.Load() == 0
		if over {
			m.engine.Close()
		}
		return over
	})
}

func (d *Dispatcher) takeInventories(changed map[string]*member, inventories map[string]picasso.Inventory) {
	d.table.mu.Lock()
	defer d.table.mu.Unlock()
	for id, m := range changed {
		if inventory, ok := inventories[id]; ok {
			m.inventoried = m.record.Inventoried
			m.facts.Store(factsOf(&m.record.Host, inventory))
		}
	}
}

// rebuild makes a new view when the hosts in rotation are others than before.
func (d *Dispatcher) rebuild() {
	t := &d.table
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	now := d.cfg.Now()
	members := t.sorted(func(m *member) bool { return m.state(now, d.cfg.GiveUp) == picasso.HostUp })
	hosts := make([]Candidate, len(members))
	for i, m := range members {
		hosts[i] = m.candidate()
	}
	before, next := d.view.Load(), &view{View: NewView(hosts, t.dedicated), members: members}
	if before == nil || !before.same(next) {
		d.view.Store(next)
		d.logChange(before, next)
	}
}

func (d *Dispatcher) logChange(before, after *view) {
	if before == nil {
		before = &view{}
	}
	for _, m := range before.members {
		if !slices.Contains(after.members, m) {
			d.log.WithField("host", m.name).WithField("incarnation", m.incarnation).Warn("host out of rotation")
		}
	}
	for _, m := range after.members {
		if !slices.Contains(before.members, m) {
			d.log.WithField("host", m.name).WithField("incarnation", m.incarnation).Info("host in rotation")
		}
	}
}
