package queue

import (
	"context"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/picasso-faas/picasso"
)

const (
	scribeEvery   = time.Second
	maxBatchBytes = 4 << 20
	maxBatchParts = 256
)

// scribe stores the logs of what runs: pieces of live ones every second, and
// what is left when an attempt has ended. It alone writes to the store, many
// logs at a time.
type scribe struct {
	store   picasso.LogStore
	log     *logrus.Logger
	dropped func() // counts a piece
	endings chan *ending

	mu      sync.Mutex
	live    map[*liveLog]struct{}
	failing bool
}

// ending is a log that is complete.
type ending struct {
	*liveLog
	log  []byte
	done chan error
}

func newScribe(store picasso.LogStore, log *logrus.Logger, dropped func()) *scribe {
	return &scribe{store: store, log: log, dropped: dropped, endings: make(chan *ending), live: map[*liveLog]struct{}{}}
}

func (s *scribe) begin(l *liveLog) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live[l] = struct{}{}
}

// end stores the rest of a log. Errors: unavailable, also when ctx ends.
func (s *scribe) end(ctx context.Context, l *liveLog, log []byte) error {
	s.mu.Lock()
	delete(s.live, l)
	s.mu.Unlock()
	if l.silent(log) {
		return nil
	}
	e := &ending{liveLog: l, log: log, done: make(chan error, 1)}
	select {
	case s.endings <- e:
	case <-ctx.Done():
		return picasso.Errorf(picasso.CodeUnavailable, "the log could not be stored in time")
	}
	return <-e.done // the store does not hang
}

func (s *scribe) run(ctx context.Context) {
	tick := time.NewTicker(scribeEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.pieces(ctx)
		case e := <-s.endings:
			s.finish(ctx, s.gather(e))
		}
	}
}

// pieces stores what has come of live logs.
func (s *scribe) pieces(ctx context.Context) {
	var b batch
	for _, l := range s.lives() {
		if part, some := l.piece(); some {
			b.add(part, func(err error) {
				l.settled(&part, err == nil)
				if err != nil {
					s.dropped()
				}
			})
		}
		if b.full() {
			s.write(ctx, &b)
		}
	}
	s.write(ctx, &b)
}

func (s *scribe) lives() []*liveLog {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*liveLog, 0, len(s.live))
	for l := range s.live {
		all = append(all, l)
	}
	return all
}

// gather takes what else has ended by now.
func (s *scribe) gather(first *ending) []*ending {
	all := []*ending{first}
	for {
		select {
		case e := <-s.endings:
			all = append(all, e)
		default:
			return all
		}
	}
}

func (s *scribe) finish(ctx context.Context, ended []*ending) {
	var b batch
	for _, e := range ended {
		part, some := e.rest(e.log)
		if !some {
			e.done <- nil
			continue
		}
		b.add(part, func(err error) { e.done <- err })
		if b.full() {
			s.write(ctx, &b)
		}
	}
	s.write(ctx, &b)
}

// batch is parts that are stored together.
type batch struct {
	parts []picasso.LogPart
	done  []func(error) // of each part
	bytes int
}

func (b *batch) add(part picasso.LogPart, done func(error)) {
	b.parts, b.done = append(b.parts, part), append(b.done, done)
	b.bytes += len(part.Text)
}

func (b *batch) full() bool { return b.bytes >= maxBatchBytes || len(b.parts) >= maxBatchParts }

// write stores a batch and empties it. When the store refuses it for another
// reason than being unavailable, each part is tried by itself.
func (s *scribe) write(ctx context.Context, b *batch) {
	defer func() { *b = batch{} }()
	if len(b.parts) == 0 {
		return
	}
	err := s.store.AppendLogs(ctx, b.parts)
	s.report(err)
	for i, done := range b.done {
		one := err
		if err != nil && picasso.CodeOf(err) != picasso.CodeUnavailable && len(b.parts) > 1 {
			one = s.store.AppendLogs(ctx, b.parts[i:i+1])
		}
		done(one)
	}
}

// report logs when the store begins and ceases to take logs.
func (s *scribe) report(err error) {
	s.mu.Lock()
	changed := s.failing != (err != nil)
	s.failing = err != nil
	s.mu.Unlock()
	switch {
	case changed && err != nil:
		s.log.WithError(err).Warn("logs of executions cannot be stored")
	case changed:
		s.log.Info("logs of executions are being stored again")
	}
}
