package dispatch

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/picasso-faas/picasso"
)

const (
	atOnce      = 32 // hosts that are told something at the same time
	maxResolves = 4  // hosts that are asked for an image
)

// Cancel implements picasso.Engine: at the host that has the call as far as it
// is known here, otherwise at all.
func (d *Dispatcher) Cancel(ctx context.Context, executionID string) error {
	at, found := d.trips.cancel(executionID)
	if !found {
		at = d.reachable()
	}
	return tell(at, func(m *member) error { return m.engine.Cancel(ctx, executionID) })
}

// Retire implements picasso.Engine, on all hosts.
func (d *Dispatcher) Retire(ctx context.Context, functionID string, below int64) error {
	return tell(d.reachable(), func(m *member) error { return m.engine.Retire(ctx, functionID, below) })
}

// tell tells all members, and returns the first error.
func tell(members []*member, what func(m *member) error) error {
	var group errgroup.Group
	group.SetLimit(atOnce)
	for _, m := range members {
		group.Go(func() error { return what(m) })
	}
	return group.Wait()
}

// reachable returns all hosts but those that are down.
func (d *Dispatcher) reachable() []*member {
	now := d.cfg.Now()
	return d.table.all(func(m *member) bool { return m.state(now, d.cfg.GiveUp) != picasso.HostDown })
}

// ResolveImage implements picasso.Engine: on the same hosts for the same
// reference, or on those that have it where it is a digest.
func (d *Dispatcher) ResolveImage(ctx context.Context, ref string) (string, error) {
	v := d.view.Load()
	if v == nil {
		return "", errUnknown()
	}
	order := v.order(ref, func(host *Candidate) bool { return len(host.Projects) == 0 })
	if len(order) == 0 {
		order = v.order(ref, func(*Candidate) bool { return true })
	}
	slices.SortStableFunc(order, func(a, b int32) int { return v.members[a].resolves(ref) - v.members[b].resolves(ref) })
	var err error = ErrNoHost()
	for _, host := range order[:min(len(order), maxResolves)] {
		var digest string
		m := v.members[host]
		if digest, err = m.engine.ResolveImage(ctx, ref); picasso.CodeOf(err) != picasso.CodeUnavailable || ctx.Err() != nil {
			return digest, err
		}
		d.notice(m, err)
	}
	return "", err
}

// resolves orders hosts for a reference; the lowest is best.
func (m *member) resolves(ref string) int {
	switch {
	case m.suspect.Load():
		return 2
	case m.facts.Load().hasImage(ref):
		return 0
	}
	return 1
}

// notice takes in that an engine did not do what it was told.
func (d *Dispatcher) notice(m *member, err error) {
	if picasso.CodeOf(err) == picasso.CodeUnavailable {
		d.suspect(m, "it does not answer")
	}
}

// errNone tells why no host may have the function.
func (v *view) errNone(fn *picasso.Function) *picasso.Error {
	if len(v.hosts) == 0 {
		return ErrNoHost()
	}
	untagged := *fn
	untagged.HostTags = nil
	_, own := v.dedicated[fn.ProjectID]
	switch {
	case len(v.Order(fn)) > 0:
		return retry(picasso.Errorf(picasso.CodeUnavailable, "no compute host for the function answers"))
	case len(v.Order(&untagged)) > 0:
		return retry(picasso.Errorf(picasso.CodeUnavailable, "host_tags: no compute host that takes calls has all of %q", fn.HostTags))
	case own:
		return retry(picasso.Errorf(picasso.CodeUnavailable, "none of the compute hosts that are the project's own takes calls"))
	}
	return retry(picasso.Errorf(picasso.CodeUnavailable, "the compute hosts that take calls are other projects' own"))
}

// ErrNoHost is the error of a call for which there is no host that takes any.
func ErrNoHost() *picasso.Error {
	return retry(picasso.Errorf(picasso.CodeUnavailable, "no compute host takes calls"))
}

func errUnknown() *picasso.Error {
	return retry(picasso.Errorf(picasso.CodeUnavailable, "the compute hosts are not known at the moment"))
}

func errCancelled() *picasso.Error {
	return picasso.Errorf(picasso.CodeCancelled, "it was cancelled while it waited for a sandbox")
}

func retry(e *picasso.Error) *picasso.Error { return e.WithRetryAfter(time.Second) }
