package engine

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/sandbox"
)

const (
	checkEvery   = 2 * time.Second
	checkTimeout = 2 * time.Second
	maxFailed    = 2 // checks in a row until nothing is expected of the driver
	imagesEvery  = 5 // checks
	imagesTime   = 3 * time.Second
	maxImages    = 1000
)

// health is how the driver is, looked after in the background: a call must not
// wait for the answer.
type health struct {
	driver sandbox.Driver
	log    *logrus.Logger
	stop   context.CancelFunc
	done   chan struct{}

	failed int // checks in a row
	wrong  atomic.Pointer[string]
	here   atomic.Pointer[[]string]
}

func watchHealth(driver sandbox.Driver, log *logrus.Logger) *health {
	ctx, stop := context.WithCancel(context.Background())
	h := &health{driver: driver, log: log, stop: stop, done: make(chan struct{})}
	h.wrong.Store(new(string))
	h.here.Store(new([]string))
	go h.watch(ctx)
	return h
}

func (h *health) close() {
	h.stop()
	<-h.done
}

// fault is why nothing can be run now; empty: nothing.
func (h *health) fault() string { return *h.wrong.Load() }

func (h *health) images() []string { return *h.here.Load() }

func (h *health) watch(ctx context.Context) {
	defer close(h.done)
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	for n := 0; ; n++ {
		if h.check(ctx) && n%imagesEvery == 0 {
			h.list(ctx)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// check asks the driver, and reports whether all is well. What is wrong is logged
// when it begins and when it is over.
func (h *health) check(ctx context.Context) bool {
	bounded, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	err := h.driver.Check(bounded)
	if ctx.Err() != nil {
		return false
	}
	before, now := h.fault(), ""
	if err == nil {
		h.failed = 0
	} else if h.failed++; h.failed >= maxFailed {
		now = cmp.Or(picasso.AsError(err).Detail, "the container engine does not answer")
	}
	h.wrong.Store(&now)
	switch {
	case now != "" && before == "":
		h.log.WithError(err).Error("this host can run nothing now; it takes part again when that is over")
	case now == "" && before != "":
		h.log.Info("this host can run functions again")
	}
	return err == nil
}

// list finds out which images are here. A driver that is slow to tell is not
// ill; what was known stands.
func (h *health) list(ctx context.Context) {
	bounded, cancel := context.WithTimeout(ctx, imagesTime)
	defer cancel()
	found, err := h.driver.Images(bounded)
	if err != nil {
		if ctx.Err() == nil {
			h.log.WithError(err).Info("the images of this host could not be listed")
		}
		return
	}
	slices.Sort(found)
	found = slices.Compact(found)
	found = found[:min(len(found), maxImages)]
	h.here.Store(&found)
}
