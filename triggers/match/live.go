package match

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/picasso-faas/picasso"
)

// PollInterval is how often a Live asks for changes: together with the making
// of the index, a change is seen within a second.
const PollInterval = 500 * time.Millisecond

// Live is an Index that follows the triggers in a store.
type Live struct {
	store picasso.EventStore
	log   *logrus.Logger
	index atomic.Pointer[Index]
	ready chan struct{} // closed with the first index
}

// NewLive returns a Live, which knows nothing before Run.
func NewLive(store picasso.EventStore, log *logrus.Logger) *Live {
	return &Live{store: store, log: log, ready: make(chan struct{})}
}

// Run looks for changes every PollInterval until ctx ends. While the store does
// not answer, which is logged once, the index stays as it is. It must be called
// once only.
func (l *Live) Run(ctx context.Context) {
	var version int64
	away := false
	ticker := time.NewTicker(PollInterval)
	defer ticker.Stop()
	for ctx.Err() == nil {
		next, err := l.refresh(ctx, version)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !away:
			l.log.WithError(err).Warn("triggers of events are not read: the store does not answer")
		case err == nil && away:
			l.log.Info("triggers of events are read again")
		}
		version, away = next, err != nil
		select {
		case <-ticker.C:
		case <-ctx.Done():
		}
	}
}

// refresh makes a new index if there is anything new since the version, and
// returns the version that the index has then.
func (l *Live) refresh(ctx context.Context, version int64) (int64, error) {
	list, next, err := l.store.EventTriggers(ctx, version)
	switch {
	case err != nil:
		return version, err
	case next == version && l.index.Load() != nil:
		return version, nil
	}
	index, broken := New(list)
	if l.index.Swap(index) == nil {
		close(l.ready)
	}
	for _, b := range broken {
		l.fail(ctx, b)
	}
	return next, nil
}

// fail tells the owner of a trigger what is wrong with it. To tell is a change
// itself, which all processes hear of, so it is told once only.
func (l *Live) fail(ctx context.Context, b Broken) {
	if b.Trigger.Error != "" {
		return
	}
	log := l.log.WithFields(logrus.Fields{"trigger": b.Trigger.ID, "project": b.Trigger.ProjectID}).WithError(b.Err)
	log.Warn("trigger can never fire")
	if err := l.store.FailTrigger(ctx, b.Trigger.ID, b.Trigger.UpdatedAt, picasso.AsError(b.Err).Detail); err != nil {
		log.WithField("cause", err).Warn("what is wrong with a trigger was not stored")
	}
}

// Ready is closed when the triggers were read for the first time.
func (l *Live) Ready() <-chan struct{} { return l.ready }

// Index returns the index as it is now, and waits for the first one: before, no
// message may be judged. Errors: unavailable (ctx ended before).
func (l *Live) Index(ctx context.Context) (*Index, error) {
	select {
	case <-l.ready:
		return l.index.Load(), nil
	case <-ctx.Done():
		return nil, picasso.Errorf(picasso.CodeUnavailable, "triggers of events were not read yet").WithCause(ctx.Err())
	}
}
