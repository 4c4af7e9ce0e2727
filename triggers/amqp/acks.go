package amqp

import (
	"context"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"
)

// acks acknowledges the messages of one channel. Whatever was handled while the
// last acknowledgement was being written goes out with the next one, so that
// there are few of them under load and no wait without. An acknowledgement of
// several means all up to a tag, so only tags that line up share one: a message that
// takes long has those behind it acknowledged one by one.
type acks struct {
	out   amqp.Acknowledger
	count func(messages int) // of those that add was told of
	wake  chan struct{}

	mu      sync.Mutex
	handled []uint64 // to be acknowledged
	apart   []uint64 // acknowledged by others

	flushing sync.Mutex          // guards what follows, and the order of acknowledgements
	floor    uint64              // tags count from 1, and up to here all are acknowledged
	above    map[uint64]struct{} // acknowledged as well; in the minute that the longest takes, some MB at worst
}

func newAcks(out amqp.Acknowledger, count func(messages int)) *acks {
	return &acks{out: out, count: count, wake: make(chan struct{}, 1), above: map[uint64]struct{}{}}
}

// add has a message acknowledged soon.
func (a *acks) add(tag uint64) { a.note(&a.handled, tag) }

// settled notes that a message was acknowledged by itself.
func (a *acks) settled(tag uint64) { a.note(&a.apart, tag) }

func (a *acks) note(list *[]uint64, tag uint64) {
	a.mu.Lock()
	*list = append(*list, tag)
	a.mu.Unlock()
	select {
	case a.wake <- struct{}{}:
	default: // it is being woken
	}
}

// run acknowledges until ctx ends.
func (a *acks) run(ctx context.Context) {
	for {
		select {
		case <-a.wake:
			a.flush()
		case <-ctx.Done():
			return
		}
	}
}

// flush acknowledges what was handled. If the connection is gone it all comes again.
func (a *acks) flush() {
	a.flushing.Lock()
	defer a.flushing.Unlock()
	a.mu.Lock()
	handled, apart := a.handled, a.apart
	a.handled, a.apart = nil, nil
	a.mu.Unlock()

	for _, tag := range append(apart, handled...) {
		a.above[tag] = struct{}{}
	}
	a.rise()
	together, last := 0, uint64(0)
	for _, tag := range handled {
		if tag <= a.floor { // the last has to be one that is not acknowledged yet
			together, last = together+1, max(last, tag)
		} else if a.out.Ack(tag, false) == nil {
			a.count(1)
		}
	}
	if together > 0 && a.out.Ack(last, true) == nil {
		a.count(together)
	}
}

// rise moves the floor up to the first tag that is not acknowledged.
func (a *acks) rise() {
	for {
		if _, found := a.above[a.floor+1]; !found {
			return
		}
		a.floor++
		delete(a.above, a.floor)
	}
}
