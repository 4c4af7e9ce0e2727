package queue

import (
	"context"
	"time"

	"github.com/picasso-faas/picasso"
)

// renewAgain is the pause after a renewal that the store did not answer.
const renewAgain = time.Second

// keepLeases renews the leases of all that runs until ctx ends.
func (r *Runner) keepLeases(ctx context.Context) {
	for pause := r.Lease / 3; sleep(ctx, pause); {
		pause = r.Lease / 3
		if err := r.renew(ctx); err != nil && ctx.Err() == nil {
			r.Log.WithError(err).Warn("leases of executions cannot be renewed; trying again")
			pause = min(pause, renewAgain)
		}
	}
}

// renew renews every lease, and cancels what is not ours any more.
func (r *Runner) renew(ctx context.Context) error {
	held := r.ledger.all()
	if len(held) == 0 {
		return nil
	}
	leases := make([]picasso.Lease, len(held))
	for i, h := range held {
		leases[i] = h.Lease
	}
	until := r.Now().Add(r.Lease)
	lost, err := r.Queue.Renew(ctx, leases, r.Lease)
	if err != nil {
		return err
	}
	r.ledger.renewed(held, until)
	for _, lease := range lost {
		if h := r.ledger.find(lease); h != nil && !h.lost.Swap(true) {
			r.metrics.lost.Inc()
			go r.cancel(ctx, h)
		}
	}
	return nil
}

// cancelTimeout bounds how long the engine is asked to cancel.
const cancelTimeout = 5 * time.Second

// cancel ends our run of an execution, and no other that somebody has begun since.
func (r *Runner) cancel(ctx context.Context, h *holding) {
	h.stop()
	if h.Destination != "" || h.invoked.Load() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelTimeout)
	defer cancel()
	if err := r.Engine.Cancel(ctx, h.Lease.String()); err != nil {
		r.logFor(h).WithError(err).Warn("an execution could not be cancelled; it goes on until it has ended")
	}
}
