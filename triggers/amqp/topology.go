package amqp

import (
	"errors"
	"slices"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/sirupsen/logrus"
)

// topology makes queues and bindings what they should be, over one connection.
type topology struct {
	*Options
	conn   *amqp.Connection
	ch     *amqp.Channel // nil: none; the broker closes it with every refusal
	topics []string
	quorum bool
	known  *exchanges
	quiet  *quiet
}

const (
	deadSuffix   = ".dead"
	laterSuffix  = ".later"
	maxDead      = 10000
	maxDeadBytes = 100 << 20
)

// do does something on a channel.
func (t *topology) do(ask func(*amqp.Channel) error) (err error) {
	if t.ch == nil {
		if t.ch, err = t.conn.Channel(); err != nil {
			t.ch = nil
			return err
		}
	}
	if err = ask(t.ch); err != nil {
		_ = t.ch.Close()
		t.ch = nil
	}
	return err
}

// queues declares ours.
func (t *topology) queues() error {
	kind := amqp.QueueTypeClassic
	if t.quorum {
		kind = amqp.QueueTypeQuorum
	}
	// What is too much is dropped at the head, RabbitMQ's default: to refuse it
	// would give publishers an error.
	for _, name := range []string{t.Queue, t.Queue + laterSuffix} {
		if err := t.queue(name, amqp.Table{amqp.QueueTypeArg: kind, amqp.QueueMaxLenBytesArg: t.MaxBytes}); err != nil {
			return err
		}
	}
	return t.queue(t.Queue+deadSuffix, amqp.Table{
		amqp.QueueTypeArg: kind, amqp.QueueMaxLenBytesArg: int64(maxDeadBytes), amqp.QueueMaxLenArg: int64(maxDead),
	})
}

// queue declares one, and puts up with one that is different.
func (t *topology) queue(name string, args amqp.Table) error {
	if t.quorum {
		// RabbitMQ 4 drops what was delivered 20 times. How often is enough is our business.
		args[deliveryLimitArg] = int64(1 << 30)
	}
	err := t.do(func(ch *amqp.Channel) error {
		_, err := ch.QueueDeclare(name, true, false, false, false, args)
		return err
	})
	if refusal(err) != amqp.PreconditionFailed {
		return err
	}
	t.quiet.warn("a queue exists with other arguments than are configured, and is used as it is; to have it made anew, delete it while it is empty",
		reasonOf(err), logrus.Fields{"queue": name})
	return t.do(func(ch *amqp.Channel) error {
		_, err := ch.QueueDeclarePassive(name, true, false, false, false, nil)
		return err
	})
}

const deliveryLimitArg = "x-delivery-limit"

// bind binds our queue to all exchanges, and returns those that it could not be
// bound to. Errors: the connection is gone.
func (t *topology) bind() (missing []string, err error) {
	missing, err = t.bindTo(t.Exchanges)
	if err == nil && len(missing) > 0 {
		missing, err = t.bindTo(missing) // what was learnt of the last may help the first
	}
	return missing, err
}

func (t *topology) bindTo(names []string) (missing []string, err error) {
	for _, name := range names {
		err := t.prepare(name)
		for i := 0; err == nil && i < len(t.topics); i++ {
			err = t.do(func(ch *amqp.Channel) error { return ch.QueueBind(t.Queue, t.topics[i]+".*", name, false, nil) })
		}
		switch code := refusal(err); {
		case err == nil:
			continue
		case code == 0:
			return nil, err
		case code != amqp.NotFound:
			t.quiet.warn("an exchange cannot be bound; trying again", reasonOf(err), logrus.Fields{"exchange": name})
		}
		missing = append(missing, name)
	}
	slices.Sort(missing)
	return missing, nil
}

// reasonOf is what the broker said, or the error.
func reasonOf(err error) string {
	if e, ok := errors.AsType[*amqp.Error](err); ok {
		return e.Reason
	}
	return err.Error()
}
