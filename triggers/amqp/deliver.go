package amqp

import (
	"context"
	"maps"
	"runtime/debug"
	"sync"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/sirupsen/logrus"

	"github.com/picasso-faas/picasso"
)

const (
	// maxAttempts is how often a message may end the process, or its handler
	// panic or fail without a cause we know, before it is a dead letter.
	maxAttempts = 5
	firstHold   = 100 * time.Millisecond
	mostHold    = 5 * time.Second
	busyHold    = time.Second // of what has to wait still, so that a queue of it does not turn quickly
	// suspicion is how long a message that may end the process is watched alone:
	// it does that early, and one that hangs must not hold up the others.
	suspicion = 200 * time.Millisecond
)

// Headers of what we publish to our own queues.
const (
	headerExchange   = "picasso-exchange"    // where the message came from first
	headerRoutingKey = "picasso-routing-key" // and with which key
	headerAttempts   = "picasso-attempts"
	headerReason     = "picasso-reason" // of a dead letter
)

// letter is a message that is being handled.
type letter struct {
	Message
	delivery *amqp.Delivery
	acks     *acks  // of the channel it came by
	queue    string // it was taken from
	attempts int    // that failed for a reason in the message, as far as is known
}

// newLetter reads a delivery. What we published ourselves tells where it came
// from; of others, who may write to their own exchange only, that is not believed.
func newLetter(d *amqp.Delivery, acks *acks, queue string) *letter {
	l := &letter{delivery: d, acks: acks, queue: queue, Message: Message{Exchange: d.Exchange, RoutingKey: d.RoutingKey, Body: d.Body, Redelivered: d.Redelivered}}
	if exchange, ok := d.Headers[headerExchange].(string); ok && d.Exchange == "" {
		l.Exchange = exchange
		l.RoutingKey, _ = d.Headers[headerRoutingKey].(string)
		attempts, _ := d.Headers[headerAttempts].(int32)
		l.attempts = max(0, int(attempts))
		l.Redelivered = true
	}
	return l
}

// deliver handles one message and then lets go of it. alive ends with the
// connection, and the message then comes again by itself; after the end of work
// there are no further attempts.
func (c *Consumer) deliver(alive, work context.Context, l *letter) {
	if l.delivery.Redelivered {
		// Whoever had it before did not come to its end, maybe because of it. The
		// queue does not count that (classic ones do not), so the message does.
		l.attempts++
		if alive.Err() != nil || c.giveUp(alive, l, "its handling did not come to an end") || c.putBack(alive, l) {
			return
		}
	}
	for c.try(alive, work, l) {
		if alive.Err() != nil || work.Err() != nil {
			return // it comes again
		}
	}
}

// try has a message handled until that comes to an end or others are to come
// first, and reports whether it is still in hand.
func (c *Consumer) try(alive, work context.Context, l *letter) bool {
	end := time.Now().Add(c.holdFor)
	for hold := firstHold; ; hold = min(2*hold, mostHold) {
		settled, err := c.attempt(alive, l)
		if settled {
			return false
		}
		c.metrics.retries.Inc()
		if picasso.CodeOf(err) == picasso.CodeBusy {
			return !c.setAside(alive, work, l)
		}
		if time.Now().Add(hold).After(end) || !c.hold(alive, work, hold) {
			return !c.putBack(alive, l)
		}
	}
}

// attempt handles a message once, and reports whether that came to an end. A
// suspect that may end this process takes few others with it, because suspects
// begin, and those that take no time end, one after another.
func (c *Consumer) attempt(alive context.Context, l *letter) (settled bool, err error) {
	if l.attempts > 0 {
		c.suspects.Lock()
		end := sync.OnceFunc(c.suspects.Unlock)
		defer time.AfterFunc(suspicion, end).Stop()
		defer end()
	}
	err = c.handle(alive, l)
	return c.settle(alive, l, err), err
}

// handle has the handler called.
func (c *Consumer) handle(ctx context.Context, l *letter) (err error) {
	defer func() {
		if p := recover(); p != nil {
			c.quiet.warn("a notification made its handler panic", string(debug.Stack()), l.fields())
			err = &picasso.Error{Code: picasso.CodeInternal, Detail: "its handler panicked"}
		}
	}()
	return c.handler.Handle(ctx, l.Message)
}

// settle lets go of a message whose handling came to an end, and reports that it did.
func (c *Consumer) settle(ctx context.Context, l *letter, err error) bool {
	code := picasso.CodeOf(err)
	switch {
	case ctx.Err() != nil:
		return true // it comes again
	case err == nil:
		c.ack(l, outcomeDone)
		return true
	case code == picasso.CodeInvalid:
		return c.bury(ctx, l, picasso.AsError(err).Detail)
	}
	c.quiet.warn("a notification cannot be handled now; trying again", err.Error(), l.fields())
	if code != picasso.CodeInternal {
		l.attempts = 0 // it is not to blame
		return false
	}
	l.attempts++
	return c.giveUp(ctx, l, "its handling failed: "+picasso.AsError(err).Detail)
}

// hold waits, and reports whether another attempt is to be made.
func (c *Consumer) hold(alive, work context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-alive.Done():
		return false
	case <-work.Done():
		return false
	case <-timer.C:
		return true
	}
}

// giveUp makes a dead letter of what has had its attempts.
func (c *Consumer) giveUp(ctx context.Context, l *letter, reason string) bool {
	return l.attempts >= maxAttempts && c.bury(ctx, l, reason)
}

// bury moves a message to the dead letters, and reports whether it is there.
func (c *Consumer) bury(ctx context.Context, l *letter, reason string) bool {
	c.quiet.warn("a notification cannot be read; it is moved to the dead letters", reason, l.fields())
	if len(reason) > quietBytes {
		reason = reason[:quietBytes]
	}
	return c.move(ctx, l, c.options.Queue+deadSuffix, amqp.Table{headerReason: reason}, outcomeDead)
}

// putBack moves a message to the end of the queue, so that others come before
// it, and reports whether it is there. The broker can do neither this nor the
// counting of attempts for a classic queue.
func (c *Consumer) putBack(ctx context.Context, l *letter) bool {
	if l.attempts > 0 { // or the copy, which is here at once, could end the process before the acknowledgement is out
		c.suspects.Lock()
		defer c.suspects.Unlock()
	}
	return c.move(ctx, l, l.queue, amqp.Table{headerAttempts: int32(l.attempts)}, outcomeReturned) //nolint:gosec // a few
}

// setAside moves a message to the end of the queue of what has to wait, and
// reports whether it is there. Only there, or when it cannot be moved, does it
// hold up others, which wait for the like.
func (c *Consumer) setAside(alive, work context.Context, l *letter) bool {
	later := c.options.Queue + laterSuffix
	if l.queue != later && c.move(alive, l, later, nil, outcomeLater) {
		return true
	}
	c.hold(alive, work, busyHold)
	return l.queue == later && c.move(alive, l, later, nil, outcomeLater)
}

// move publishes a copy and, when the broker has it, lets go of the message. If the
// process ends in between there are two.
func (c *Consumer) move(ctx context.Context, l *letter, queue string, headers amqp.Table, outcome string) bool {
	all := amqp.Table{headerExchange: l.Exchange, headerRoutingKey: l.RoutingKey}
	maps.Copy(all, headers)
	err := c.post.send(ctx, queue, amqp.Publishing{
		Headers: all, ContentType: l.delivery.ContentType, ContentEncoding: l.delivery.ContentEncoding, Body: l.Body,
	})
	if err != nil {
		if ctx.Err() == nil {
			c.quiet.warn("a notification cannot be moved to another place", err.Error(), logrus.Fields{"queue": queue})
		}
		return false
	}
	c.ack(l, outcome)
	return true
}

// ack lets go of a message, and of what is a suspect or has a copy elsewhere at
// once. If the connection is gone it comes again.
func (c *Consumer) ack(l *letter, outcome string) {
	if outcome == outcomeDone && l.attempts == 0 {
		l.acks.add(l.delivery.DeliveryTag)
		return
	}
	defer l.acks.settled(l.delivery.DeliveryTag)
	if l.delivery.Ack(false) == nil {
		c.metrics.messages.WithLabelValues(outcome).Inc()
	}
}

func (l *letter) fields() logrus.Fields {
	return logrus.Fields{"exchange": l.Exchange, "routing_key": l.RoutingKey}
}
