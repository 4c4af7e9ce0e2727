package amqp

import amqp "github.com/rabbitmq/amqp091-go"

// manner is how an exchange of another service is made. oslo.messaging
// declares what it publishes to; if the exchange is there and made otherwise
// than its configuration says, the broker refuses, and the service can neither notify
// nor, on most exchanges, work at all.
type manner int

const (
	unknown manner = iota
	transient
	durable
	foreign // not as oslo.messaging makes it, or we may not declare it
)

func mannerOf(isDurable bool) manner {
	if isDurable {
		return durable
	}
	return transient
}

// exchanges remembers, beyond connections, how those that exist are made.
type exchanges struct {
	made map[string]manner
}

func (e *exchanges) learn(name string, m manner) {
	if e.made == nil {
		e.made = map[string]manner{}
	}
	e.made[name] = m
}

// expected is how an exchange is made, or would be by its publisher: as all
// others are, since publishers declare one common queue ("notifications.info")
// besides and so must agree. Not ok: nobody knows.
func (e *exchanges) expected(name string) (isDurable, ok bool) {
	if m := e.made[name]; m != unknown {
		return m == durable, m != foreign
	}
	common := unknown
	for _, m := range e.made {
		switch {
		case m == foreign:
		case common == unknown:
			common = m
		case m != common:
			return false, false
		}
	}
	return common == durable, common != unknown
}

// prepare finds the exchange, or makes one where it is known how, and learns.
// Errors: those of the broker, 404 when there is none.
func (t *topology) prepare(name string) error {
	if !t.Declare || t.known.made[name] == foreign {
		return t.find(name)
	}
	isDurable, ok := t.known.expected(name)
	if !ok {
		if err := t.find(name); err != nil {
			return err
		}
	}
	for _, try := range []bool{isDurable, !isDurable} {
		err := t.do(func(ch *amqp.Channel) error {
			return ch.ExchangeDeclare(name, amqp.ExchangeTopic, try, false, false, false, nil)
		})
		if err == nil {
			t.known.learn(name, mannerOf(try))
			return nil
		}
		// Refused for being made otherwise means that it exists: trying the
		// other way does not make it.
		if refusal(err) != amqp.PreconditionFailed {
			if refusal(err) == 0 {
				return err
			}
			break
		}
	}
	t.known.learn(name, foreign)
	return t.find(name)
}

// find asks for an exchange without regard to how it is made.
func (t *topology) find(name string) error {
	return t.do(func(ch *amqp.Channel) error {
		return ch.ExchangeDeclarePassive(name, amqp.ExchangeTopic, false, false, false, false, nil)
	})
}
