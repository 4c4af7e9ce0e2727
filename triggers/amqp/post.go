package amqp

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

// post publishes to our own queues. It has a connection of its own: a broker
// that is short of memory or disk does not read any more from who publishes,
// and the acknowledgements of the other connection must get through.
type post struct {
	dialer  *dialer
	turn    chan struct{} // held by who opens or closes
	conn    *amqp.Connection
	ch      *amqp.Channel
	blocked atomic.Bool // the broker does not read
}

// confirmTimeout is how long the broker may take to have a message.
const confirmTimeout = 5 * time.Second

var (
	errBlocked = errors.New("the broker takes no messages now")
	errLost    = errors.New("the broker did not confirm the message")
)

func newPost(d *dialer) *post { return &post{dialer: d, turn: make(chan struct{}, 1)} }

// send returns when the queue has the message, perhaps twice.
func (p *post) send(ctx context.Context, queue string, message amqp.Publishing) error {
	ctx, cancel := context.WithTimeout(ctx, confirmTimeout)
	defer cancel()
	message.DeliveryMode = amqp.Persistent
	err := p.try(ctx, queue, message)
	if errors.Is(err, errLost) { // idle connections are lost unnoticed
		err = p.try(ctx, queue, message)
	}
	return err
}

func (p *post) try(ctx context.Context, queue string, message amqp.Publishing) error {
	ch, err := p.open(ctx)
	if err != nil {
		return err
	}
	if p.blocked.Load() {
		return errBlocked
	}
	confirmation, err := ch.PublishWithDeferredConfirmWithContext(ctx, "", queue, false, false, message)
	if err != nil {
		return errors.Join(errLost, err)
	}
	taken, err := confirmation.WaitContext(ctx)
	if err == nil && !taken {
		err = errLost
	}
	return err
}

// open returns the channel, on a new connection unless there is one.
func (p *post) open(ctx context.Context) (*amqp.Channel, error) {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if p.ch != nil && !p.ch.IsClosed() {
		return p.ch, nil
	}
	p.hangUp()
	conn, _, err := p.dialer.dial(ctx)
	if err != nil {
		return nil, err
	}
	p.conn = conn
	p.blocked.Store(false)
	go p.watch(conn.NotifyBlocked(make(chan amqp.Blocking, 1)))
	if p.ch, err = conn.Channel(); err == nil {
		err = p.ch.Confirm(false)
	}
	if err != nil {
		p.hangUp() // nobody may publish on a channel that confirms nothing
		return nil, err
	}
	return p.ch, nil
}

// watch follows what the broker says of one connection until that is closed.
func (p *post) watch(changes <-chan amqp.Blocking) {
	for change := range changes {
		p.blocked.Store(change.Active)
	}
}

// hangUp closes the connection. A broker that does not read does not answer either.
func (p *post) hangUp() {
	if p.conn != nil {
		_ = p.conn.CloseDeadline(time.Now().Add(time.Second))
		p.conn, p.ch = nil, nil
	}
}

// close ends the connection; a later send opens one again.
func (p *post) close() {
	p.turn <- struct{}{}
	p.hangUp()
	<-p.turn
}
