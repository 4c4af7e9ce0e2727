// Package match finds the triggers that a notification fires: by type of event,
// project, exchange and topic, and by filters on its fields.
//
// An Index is made once of all triggers and only read after that, so that any
// number of goroutines match without waiting for each other, and what matches
// nothing costs no look into the database. Live keeps one up to date.
package match

import (
	"slices"
	"strings"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/triggers/oslomsg"
)

// The types of event that swift and alarm triggers hear of: each is sent by one
// service only.
const (
	SwiftRequest    = "objectstore.http.request" // of ceilometermiddleware
	AlarmTransition = "alarm.state_transition"   // of Aodh
)

// Source is where a message was published.
type Source struct {
	Exchange string
	Topic    string // the routing key without the priority, as "notifications"
}

// SourceOf returns the source of a message by its routing key, <topic>.<priority>.
func SourceOf(exchange, routingKey string) Source {
	topic := routingKey
	if end := strings.LastIndexByte(routingKey, '.'); end >= 0 {
		topic = routingKey[:end]
	}
	return Source{Exchange: exchange, Topic: topic}
}

// Index is a set of triggers that notifications are matched with. It is safe
// for use by many.
type Index struct {
	projects map[string]*project
	everyone []rule             // of triggers with AllProjects
	wanted   map[class]struct{} // see Wants
}

// project is what there is of one project. Each list is for itself: ten
// thousand swift triggers cost an alarm nothing.
type project struct {
	swift  []*picasso.Trigger
	alarms []*picasso.Trigger
	rules  []rule
}

// class is what events are told apart by at first sight.
type class struct {
	exchange string // empty: any
	service  string // the type's first part, as "compute", or anyService
}

const anyService = "*"

// Broken is a trigger that can never be matched.
type Broken struct {
	Trigger *picasso.Trigger
	Err     error // invalid, naming the field
}

// New makes an index of triggers of the types swift, notification and alarm;
// others are left out. Those that are broken are returned instead. The list
// belongs to the index from now on.
func New(list []picasso.Trigger) (*Index, []Broken) {
	x := &Index{projects: map[string]*project{}, wanted: map[class]struct{}{}}
	var broken []Broken
	for i := range list {
		if err := x.add(&list[i]); err != nil {
			broken = append(broken, Broken{&list[i], err})
		}
	}
	for _, p := range x.projects { // so that nobody appends to what Match hands out
		p.swift, p.alarms = slices.Clip(p.swift), slices.Clip(p.alarms)
	}
	return x, broken
}

func (x *Index) add(t *picasso.Trigger) error {
	switch t.Type {
	case picasso.TriggerSwift:
		p := x.project(t.ProjectID)
		p.swift = append(p.swift, t)
		x.want("", SwiftRequest)
	case picasso.TriggerAlarm:
		p := x.project(t.ProjectID)
		p.alarms = append(p.alarms, t)
		x.want("", AlarmTransition)
	case picasso.TriggerNotification:
		r, err := newRule(t)
		if err != nil {
			return err
		}
		if t.Notification.AllProjects {
			x.everyone = append(x.everyone, r)
		} else {
			p := x.project(t.ProjectID)
			p.rules = append(p.rules, r)
		}
		x.want(r.exchange, r.eventType)
	}
	return nil
}

func (x *Index) project(id string) *project {
	p := x.projects[id]
	if p == nil {
		p = &project{}
		x.projects[id] = p
	}
	return p
}

// want notes that there is a trigger for a type, or a pattern of types.
func (x *Index) want(exchange, pattern string) {
	service := serviceOf(pattern)
	if strings.ContainsAny(service, "*?") {
		service = anyService
	}
	x.wanted[class{exchange, service}] = struct{}{}
}

func serviceOf(eventType string) string {
	service, _, _ := strings.Cut(eventType, ".")
	return service
}

// Wants reports whether any trigger may hear of such an event, whatever its
// project and payload. It is what spares the others from being looked at: no
// for certain, or perhaps.
func (x *Index) Wants(exchange, eventType string) bool {
	service := serviceOf(eventType)
	for _, c := range [...]class{{"", service}, {exchange, service}, {"", anyService}, {exchange, anyService}} {
		if _, found := x.wanted[c]; found {
			return true
		}
	}
	return false
}

// Match returns the triggers that fire, as far as it is known here: of a
// project's swift and alarm triggers all, whatever their container, names and
// states. Notifications that nobody owns only fire triggers with AllProjects.
// The list and its triggers are shared and must not be changed.
func (x *Index) Match(src Source, n *oslomsg.Notification, projectID string, owned bool) []*picasso.Trigger {
	var list []*picasso.Trigger
	if p := x.projects[projectID]; p != nil && owned {
		switch n.EventType {
		case SwiftRequest:
			list = p.swift
		case AlarmTransition:
			list = p.alarms
		}
		list = appendMatching(list, p.rules, src, n)
	}
	return appendMatching(list, x.everyone, src, n)
}

func appendMatching(list []*picasso.Trigger, rules []rule, src Source, n *oslomsg.Notification) []*picasso.Trigger {
	for i := range rules {
		if rules[i].matches(src, n) {
			list = append(list, rules[i].trigger)
		}
	}
	return list
}
