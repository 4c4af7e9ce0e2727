// Package amqp takes notifications of OpenStack's services from RabbitMQ.
//
// It has a queue of its own, bound beside those of Ceilometer and others, so
// that everybody gets a full copy: nothing is taken away from anybody, and
// nothing is ever published to an exchange of another service. A [Consumer]
// keeps the queue, its bindings and its connection as they should be, whatever
// the brokers do, and hands each message to a [Handler]. A message leaves the
// queue when its handler has said so, and not before: it is handled at least
// once, and a second time after a crash. What nobody can read, or what ends the
// process that reads it time and again, is moved to a second queue, with the
// reason beside it. A third one has what waits for something that only it needs,
// as an answer of a service to one project: whoever waits holds up few others.
package amqp

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"
)

// Message is one notification as it came.
type Message struct {
	Exchange    string // of the service, as "nova"
	RoutingKey  string // "<topic>.<priority>", as "notifications.info"
	Body        []byte // not trusted; belongs to the handler
	Redelivered bool   // it may have been handled before
}

// Handler does what a message asks for.
type Handler interface {
	// Handle returns nil when the message is done with: what came of it is
	// committed, or it concerns nobody. It is called by many goroutines at once.
	// Errors: invalid (nobody can ever read it: it goes to the dead letters,
	// with the error's detail as the reason), internal (so does it after a few
	// more attempts), busy (it has to wait for something that others do not need:
	// they come first), any other (it is handled again later). The last two are
	// tried for as long as it takes.
	Handle(ctx context.Context, m Message) error
}

// Consumer takes messages from the queue.
type Consumer struct {
	options  Options
	topics   []string
	quorum   bool // the kind of our queues
	dialer   *dialer
	handler  Handler
	log      *logrus.Logger
	jitter   func() float64 // from 0 to 1
	holdFor  time.Duration  // how long a message that cannot be handled now is kept before it goes to the end of the queue
	look     time.Duration  // between two looks at queues and bindings
	known    *exchanges     // what was learnt of them
	post     *post
	quiet    *quiet
	metrics  *metrics
	suspects sync.Mutex  // held while a message begins to be handled that may end the process
	attached atomic.Bool // to a queue, now
}

// New returns a Consumer, which does nothing before Run. Errors: invalid,
// naming the option.
func New(cfg Config, handler Handler, log *logrus.Logger) (*Consumer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	d, err := newDialer(&cfg)
	if err != nil {
		return nil, err
	}
	c := &Consumer{
		options: cfg.Options, topics: cfg.Transport.Topics, quorum: d.quorum, dialer: d, handler: handler, log: log,
		jitter: rand.Float64, holdFor: 30 * time.Second, look: 5 * time.Second,
		known: &exchanges{}, post: newPost(d), quiet: newQuiet(log),
	}
	c.metrics = newMetrics(c)
	return c, nil
}

// Connected reports whether messages can come now.
func (c *Consumer) Connected() bool { return c.attached.Load() }
