package amqp

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/sirupsen/logrus"
)

// session is one connection, from which messages are taken.
type session struct {
	*Consumer
	conn      *amqp.Connection
	ch        *amqp.Channel // of the messages; everything else has its own
	acks      *acks
	topology  *topology
	lanes     []*lane
	cancelled <-chan string      // the broker ended the consumer, as when the queue was deleted
	closed    <-chan *amqp.Error // the broker closed the channel, or the connection is gone
	handlers  sync.WaitGroup
	again     atomic.Int64 // messages that were delivered before
}

// lane is a queue that messages are taken from.
type lane struct {
	queue    string
	slots    int // how many messages are worked on at once
	messages <-chan amqp.Delivery
}

var errCancelled = errors.New("the broker ended the consumer, as it does when the queue is deleted")

// lastMoments is how long handlers that were cancelled may take to end.
const lastMoments = 2 * time.Second

// open connects, sees to queues and bindings, and has messages come.
func (c *Consumer) open(ctx context.Context) (*session, error) {
	conn, address, err := c.dialer.dial(ctx)
	if err != nil {
		return nil, err
	}
	s := &session{Consumer: c, conn: conn, topology: &topology{
		Options: &c.options, topics: c.topics, conn: conn, quorum: c.quorum, known: c.known, quiet: c.quiet,
	}}
	missing, err := s.attach()
	if err != nil {
		_ = conn.CloseDeadline(time.Now().Add(time.Second))
		return nil, err
	}
	c.attached.Store(true)
	c.log.WithFields(logrus.Fields{"broker": address, "queue": c.options.Queue, "missing_exchanges": missing}).Info("notifications are being taken")
	return s, nil
}

func (s *session) attach() (missing []string, err error) {
	if err := s.topology.queues(); err != nil {
		return nil, err
	}
	if missing, err = s.bind(); err != nil {
		return nil, err
	}
	if s.ch, err = s.conn.Channel(); err != nil {
		return nil, err
	}
	s.acks = newAcks(s.ch, func(n int) { s.metrics.messages.WithLabelValues(outcomeDone).Add(float64(n)) })
	s.cancelled = s.ch.NotifyCancel(make(chan string, 1))
	s.closed = s.ch.NotifyClose(make(chan *amqp.Error, 1))
	s.lanes = []*lane{
		{queue: s.options.Queue, slots: s.options.Prefetch},
		{queue: s.options.Queue + laterSuffix, slots: max(1, s.options.Prefetch/4)},
	}
	for _, l := range s.lanes {
		if err := s.ch.Qos(l.slots, 0, false); err != nil { // of the consumer that follows
			return nil, err
		}
		// The tag needs to be unique on its channel only.
		if l.messages, err = s.ch.Consume(l.queue, l.queue, false, false, false, false, nil); err != nil {
			return nil, err
		}
	}
	return missing, nil
}

func (s *session) bind() (missing []string, err error) {
	missing, err = s.topology.bind()
	if err == nil {
		s.metrics.bound.Store(int64(len(s.options.Exchanges) - len(missing)))
	}
	return missing, err
}

// run hands out messages until work ends, which is no error, or the connection.
func (s *session) run(work, patience context.Context) error {
	defer s.attached.Store(false)
	alive, end := context.WithCancel(context.WithoutCancel(work))
	var looking sync.WaitGroup
	looking.Go(func() { s.lookAfter(alive) })
	looking.Go(func() { s.acks.run(alive) })
	defer looking.Wait() // it writes what the next session reads
	defer func() { _ = s.conn.CloseDeadline(time.Now().Add(time.Second)) }()
	defer end()
	for _, l := range s.lanes {
		for range l.slots { // long-lived ones: most messages take less time than to grow a stack
			s.handlers.Go(func() { s.work(alive, work, l) })
		}
	}
	select {
	case <-s.cancelled:
		return errCancelled
	case err := <-s.closed:
		if err == nil {
			return amqp.ErrClosed
		}
		return err
	case <-work.Done():
	}
	stop := context.AfterFunc(patience, func() { _ = s.conn.CloseDeadline(time.Now().Add(lastMoments)) })
	defer stop()
	s.drain(alive, work)
	s.wait(patience, end)
	s.acks.flush()
	return nil
}

// work handles messages one after the other.
func (s *session) work(alive, work context.Context, l *lane) {
	for {
		select {
		case d, open := <-l.messages:
			if !open {
				return
			}
			s.lineUp(alive, work, &d)
			s.deliver(alive, work, newLetter(&d, s.acks, l.queue))
		case <-work.Done():
			return // drain takes the others
		}
	}
}

// lineUp reverses the order of what comes again. A message that ended the process
// comes before those that waited behind it; behind them, it ends the process
// when they are done with.
func (s *session) lineUp(alive, work context.Context, d *amqp.Delivery) {
	if d.Redelivered {
		before := time.Duration(s.again.Add(1)) * time.Millisecond
		s.hold(alive, work, max(0, lineUpFor-before))
	}
}

// lineUpFor is how long the first of those waits.
const lineUpFor = 200 * time.Millisecond

// lookAfter sees to bindings again and again: exchanges appear with the first
// notification of their publisher, and may be deleted and made anew.
func (s *session) lookAfter(alive context.Context) {
	tick := time.NewTicker(s.look)
	defer tick.Stop()
	for {
		select {
		case <-alive.Done():
			return
		case <-tick.C:
		}
		if _, err := s.bind(); err != nil {
			return // with the connection
		}
	}
}

// drain has no further messages come, and hands out those that are here.
func (s *session) drain(alive, work context.Context) {
	for _, l := range s.lanes {
		if s.ch.Cancel(l.queue, false) != nil {
			return
		}
		for d := range l.messages {
			s.handlers.Go(func() { s.deliver(alive, work, newLetter(&d, s.acks, l.queue)) })
		}
	}
}

// wait gives handlers until patience ends.
func (s *session) wait(patience context.Context, end context.CancelFunc) {
	done := make(chan struct{})
	go func() { s.handlers.Wait(); close(done) }()
	select {
	case <-done:
		return
	case <-patience.Done():
	}
	end()
	timer := time.NewTimer(lastMoments)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
		s.log.Warn("notifications were being handled still; they come again")
	}
}
