package docker

import (
	"context"
	"time"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/sandbox"
)

const (
	// quietTime is how long after a start donors are not made: what was
	// started needs the processor now.
	quietTime = 250 * time.Millisecond
	// refillRetry is the pause after a donor could not be made.
	refillRetry = 5 * time.Second
)

// refillSoon asks for new donors in place of used ones.
func (d *Driver) refillSoon() {
	select {
	case d.refills <- struct{}{}:
	default: // asked for already
	}
}

// refill keeps donors ready until ctx ends. It gives way to starts.
func (d *Driver) refill(ctx context.Context) {
	d.refillSoon()
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.refills:
		}
		if !pause(ctx, quietTime) {
			return
		}
		for d.refillOne(ctx) {
		}
	}
}

// refillOne makes a donor, if one is missing and nothing is being started, and
// reports whether it did. Every start that ends asks again.
func (d *Driver) refillOne(ctx context.Context) bool {
	network, missing := d.missingDonor()
	if !missing || ctx.Err() != nil || !d.gate.TryAcquire(d.gateSize) {
		return false
	}
	d.gate.Release(d.gateSize - 1)
	defer d.gate.Release(1)
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestTime)
	defer cancel()
	n, err := d.makeDonor(bounded, network)
	if err != nil {
		d.log.WithError(err).Warn("Network namespace for coming sandboxes not prepared")
		time.AfterFunc(refillRetry, d.refillSoon)
		return false
	}
	d.discardDonors(d.donors.put(n))
	return true
}

// missingDonor says of which network a donor should be made. Functions without
// network are rare: one donor is enough for them.
func (d *Driver) missingDonor() (picasso.Network, bool) {
	switch wanted := d.config.PreparedNamespaces; {
	case d.donors.readyCount(picasso.NetworkEgress) < wanted:
		return picasso.NetworkEgress, true
	case d.donors.readyCount(picasso.NetworkNone) < min(wanted, 1):
		return picasso.NetworkNone, true
	default:
		return "", false
	}
}

// releaseDonor is called when the sandbox of a donor has ended.
func (d *Driver) releaseDonor(n *donor, exit sandbox.Exit) {
	if exit.Code == -1 { // it may still run, unknown to us
		d.discardDonor(n)
		return
	}
	d.discardDonors(d.donors.park(n, d.config.ReusedNamespaces))
}

func (d *Driver) discardDonors(donors []*donor) {
	for _, n := range donors {
		d.discardDonor(n)
	}
}

// discardDonor removes a donor in the background.
func (d *Driver) discardDonor(n *donor) {
	d.background.Go(func() {
		if n.space != nil {
			_ = n.space.close()
		}
		_ = d.removeContainer(n.name) // logged
		d.donors.forget(n.name)
	})
}

// pause waits and reports whether ctx still lasts.
func pause(ctx context.Context, duration time.Duration) bool {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
