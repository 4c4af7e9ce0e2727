package dispatch

import (
	"context"

	"github.com/picasso-faas/picasso"
)

// maxWarms is how many hosts in a row may fail to answer before a function is not
// warmed this time: somebody may wait for it.
const maxWarms = 3

// Warm implements picasso.Engine: on the first hosts of the function, as much on
// each as its share allows and there is memory for.
func (d *Dispatcher) Warm(ctx context.Context, fn *picasso.Function) error {
	v := d.view.Load()
	if v == nil {
		return errUnknown()
	}
	order := v.Order(fn)
	var err error
	for range maxWarms {
		parts, left := v.warmParts(fn, order)
		switch {
		case left < fn.MinSandboxes:
		case err != nil:
			return err
		default:
			return v.errCold(fn, order)
		}
		if err = d.warmAt(ctx, v, fn, order, parts); picasso.CodeOf(err) != picasso.CodeUnavailable || ctx.Err() != nil {
			return err
		}
	}
	return err
}

// warmParts divides min_sandboxes among the hosts in the order of the function,
// first where no other sandbox has to give way. left is what no host has memory for.
func (v *view) warmParts(fn *picasso.Function, order []int32) (parts []int, left int) {
	parts, left = make([]int, len(order)), fn.MinSandboxes
	for _, evicting := range []bool{false, true} {
		for place, host := range order {
			m := v.members[host]
			if left == 0 || m.suspect.Load() {
				continue
			}
			most := m.facts.Load().room(fn, evicting)
			if fn.MaxSandboxes > 0 {
				most = min(most, Share(fn.MaxSandboxes, len(order), place))
			}
			more := max(0, min(left, most-parts[place]))
			parts[place] += more
			left -= more
		}
	}
	return parts, left
}

// room is how many sandboxes of the function the host has memory for. What is idle
// counts where it may be the function's own, or others' may give way.
func (f *facts) room(fn *picasso.Function, evicting bool) int {
	free := f.freeMB
	if evicting || f.has(fn.ID) {
		free += f.idleMB
	}
	return free / max(fn.MemoryMB, 1)
}

// warmAt tells each host its part, until one does not answer.
func (d *Dispatcher) warmAt(ctx context.Context, v *view, fn *picasso.Function, order []int32, parts []int) error {
	for place, part := range parts {
		if part == 0 {
			continue
		}
		of, m := *fn, v.members[order[place]]
		of.MinSandboxes = part
		if err := m.engine.Warm(ctx, &of); err != nil {
			d.notice(m, err)
			return err
		}
	}
	return nil
}

// errCold tells why no host keeps a sandbox of the function.
func (v *view) errCold(fn *picasso.Function, order []int32) *picasso.Error {
	for _, host := range order {
		if !v.members[host].suspect.Load() {
			return retry(picasso.Errorf(picasso.CodeUnavailable, "min_sandboxes: no compute host for the function has memory for one"))
		}
	}
	return v.errNone(fn)
}
