package launch

import (
	"context"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/picasso-faas/picasso"
)

// heartbeatTimeout bounds one heartbeat.
const heartbeatTimeout = 5 * time.Second

// reporter tells whoever keeps the hosts, again and again, that this one is there.
type reporter struct {
	describe func(ctx context.Context) picasso.HostReport
	send     func(ctx context.Context, report *picasso.HostReport) (*picasso.HostRecord, error)
	obey     func(disabled bool) // what an operator has set; nil: others see to it
	every    time.Duration
	log      *logrus.Logger

	mu    sync.Mutex // one at a time: the last word stays the last
	heard *bool      // whether the last heartbeat was; nil before the first
	off   bool       // whether the host was disabled then
}

func (r *reporter) run(ctx context.Context) {
	tick := time.NewTicker(r.every)
	defer tick.Stop()
	for {
		r.beat(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// end says that the engine was stopped: nobody has to wait until it is given up.
func (r *reporter) end(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	report := r.describe(ctx)
	report.Fault = picasso.FaultStopped
	if _, err := r.send(ctx, &report); err != nil {
		r.log.WithError(err).Info("the API was not told that this engine is stopped")
	}
}

// beat sends one heartbeat. What it means is logged when it changes.
func (r *reporter) beat(ctx context.Context) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, heartbeatTimeout)
	defer cancel()
	report := r.describe(ctx)
	record, err := r.send(ctx, &report)
	if ctx.Err() == context.Canceled {
		return
	}
	was := r.heard
	heard := err == nil
	r.heard = &heard
	switch {
	case err != nil && (was == nil || *was):
		r.log.WithError(err).Error("the API does not take this host's heartbeat; no calls come here until it does")
	case err == nil && (was == nil || !*was):
		r.log.WithFields(logrus.Fields{"host": report.Name, "rpc": report.URL}).Info("this host is registered")
	}
	if err == nil && r.obey != nil {
		r.obey(record.Disabled)
	}
	if err == nil && record.Disabled != r.off {
		r.off = record.Disabled
		r.log.WithField("reason", record.DisabledReason).Warnf("an operator has set this host to disabled: %t", r.off)
	}
}
