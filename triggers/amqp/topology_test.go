package amqp

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhatIsExpectedOfAnExchange(t *testing.T) {
	for name, c := range map[string]struct {
		made    map[string]manner
		durable bool
		ok      bool
	}{
		"nothing is known":        {nil, false, false},
		"itself":                  {map[string]manner{"x": durable, "nova": transient}, true, true},
		"as the others":           {map[string]manner{"nova": transient, "keystone": transient}, false, true},
		"as the others, durable":  {map[string]manner{"nova": durable, "odd": foreign}, true, true},
		"the others do not agree": {map[string]manner{"nova": transient, "keystone": durable}, false, false},
		"others say nothing":      {map[string]manner{"odd": foreign}, false, false},
		"itself is no example":    {map[string]manner{"x": foreign, "nova": durable}, false, false},
	} {
		isDurable, ok := (&exchanges{made: c.made}).expected("x")
		assert.Equal(t, c.ok, ok, name)
		assert.Equal(t, c.durable && c.ok, isDurable && ok, name)
	}
}

// exists tells whether there is an exchange.
func (s *setup) exists(name string) bool {
	return s.channel().ExchangeDeclarePassive(name, amqp.ExchangeTopic, false, false, false, false, nil) == nil
}

func (s *setup) boundTo(r *running, n int) {
	s.Helper()
	require.Eventually(s, func() bool { return metric(s, r, "picasso_amqp_exchanges_bound") == float64(n) }, longEnough, 10*time.Millisecond)
}

func TestMissingExchangesAreMadeAsTheOthersAre(t *testing.T) {
	for name, isDurable := range map[string]bool{"transient": false, "durable": true} {
		t.Run(name, func(t *testing.T) {
			s := newSetup(t, "")
			s.Options.Exchanges = []string{t.Name() + " late", t.Name()}
			s.publisher(t.Name(), isDurable)
			box := &inbox{}
			s.boundTo(s.start(box), 2)
			s.publisher(t.Name()+" late", isDurable).send("its first one")
			box.waitFor(t, 1)
		})
	}
}

func TestMissingExchangesAreNotMadeAtRandom(t *testing.T) {
	for name, c := range map[string]struct {
		declare bool
		others  []bool // durable
	}{
		"nothing is known":   {true, nil},
		"others disagree":    {true, []bool{true, false}},
		"nothing is allowed": {false, []bool{true}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSetup(t, "")
			s.Options.Declare = c.declare
			for i, isDurable := range c.others {
				other := fmt.Sprint(t.Name(), i)
				s.publisher(other, isDurable)
				s.Options.Exchanges = append(s.Options.Exchanges, other)
			}
			box := &inbox{}
			r := s.start(box)
			s.boundTo(r, len(c.others))
			assert.False(t, s.exists(t.Name()))
			p := s.publisher(t.Name(), true) // does not fail
			s.boundTo(r, len(c.others)+1)
			p.send("after the first")
			box.waitFor(t, 1)
		})
	}
}

func TestOddExchangesAreBoundAsTheyAre(t *testing.T) {
	s := newSetup(t, "")
	require.NoError(t, s.channel().ExchangeDeclare(t.Name(), amqp.ExchangeFanout, true, false, false, false, nil))
	box := &inbox{}
	r := s.start(box)
	s.boundTo(r, 1)
	require.NoError(t, s.channel().PublishWithContext(t.Context(), t.Name(), "any", false, false, amqp.Publishing{Body: []byte("x")}))
	box.waitFor(t, 1)
	r.end()
	assert.Equal(t, foreign, r.known.made[t.Name()])
}

func TestBindingsAreMadeAgain(t *testing.T) {
	s := newSetup(t, "")
	s.publisher(t.Name(), false)
	box := &inbox{}
	r := s.start(box)
	require.NoError(t, s.channel().ExchangeDelete(t.Name(), false, false))
	require.Eventually(t, func() bool { return s.exists(t.Name()) }, longEnough, 10*time.Millisecond, "made as it was")
	s.boundTo(r, 1)
	require.Eventually(t, func() bool {
		s.publisher(t.Name(), false).send("x")
		return box.different() > 0
	}, longEnough, 50*time.Millisecond)
	assert.True(t, r.Connected())
}

func TestExchangesMayChangeTheirManner(t *testing.T) {
	s := newSetup(t, "")
	s.Options.Exchanges = append(s.Options.Exchanges, t.Name()+" other")
	s.publisher(t.Name(), false)
	s.publisher(t.Name()+" other", true)
	box := &inbox{}
	r := s.start(box, func(c *Consumer) { c.known.learn(t.Name(), durable) }) // as before an operator changed it
	s.boundTo(r, 2)
	r.end()
	assert.Equal(t, map[string]manner{t.Name(): transient, t.Name() + " other": durable}, r.known.made)
}

func TestAQueueWithOtherArgumentsIsUsedAsItIs(t *testing.T) {
	s := newSetup(t, "")
	p := s.publisher(t.Name(), false)
	_, err := s.channel().QueueDeclare(s.Options.Queue, true, false, false, false, amqp.Table{amqp.QueueMaxLenArg: 1000})
	require.NoError(t, err)
	box := &inbox{}
	s.start(box)
	p.send("one")
	box.waitFor(t, 1)
	lines := s.logged("delete it while it is empty")
	require.Len(t, lines, 1)
	assert.Equal(t, s.Options.Queue, lines[0].Data["queue"])
	assert.Contains(t, lines[0].Data["reason"], "inequivalent arg")
}

func TestADeletedQueueIsMadeAgain(t *testing.T) {
	s := newSetup(t, "")
	p := s.publisher(t.Name(), false)
	box := &inbox{}
	r := s.start(box)
	_, err := s.channel().QueueDelete(s.Options.Queue, false, false, false)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return len(s.logged("cannot be taken")) == 1 }, longEnough, 5*time.Millisecond)
	require.Eventually(t, r.Connected, longEnough, 5*time.Millisecond)
	p.send("one")
	box.waitFor(t, 1)
}

func TestTheQueueIsBounded(t *testing.T) {
	for name, quorum := range map[string]bool{"classic": false, "quorum": true} {
		t.Run(name, func(t *testing.T) {
			s := newSetup(t, "")
			s.Rabbit.Quorum = quorum
			s.Options.MaxBytes = 1 << 20
			p := s.publisher(t.Name(), false)
			s.start(&inbox{}).end()
			for i := range 40 { // nobody reads, and the publisher is never refused
				p.send(fmt.Sprint(i) + strings.Repeat(" ", 50<<10))
			}
			box := &inbox{}
			r := s.start(box)
			hasLast := func() bool {
				return slices.ContainsFunc(box.all(), func(m Message) bool { return strings.HasPrefix(string(m.Body), "39 ") })
			}
			require.Eventually(t, hasLast, longEnough, 10*time.Millisecond, "the latest is kept")
			require.Eventually(t, func() bool { return counted(t, r, outcomeDone) >= 18 }, longEnough, 10*time.Millisecond)
			assert.LessOrEqual(t, len(box.all()), 21)
		})
	}
}

func TestCutsUnderLoad(t *testing.T) {
	s := newSetup(t, "")
	p := s.publisher(t.Name(), false)
	box := &inbox{}
	r := s.start(box)
	const messages = 2000
	for i := range messages {
		if i%400 == 200 {
			r.cuts()
		}
		p.send(fmt.Sprint(i))
	}
	box.waitFor(t, messages)
	require.Eventually(t, func() bool { return s.ready(s.Options.Queue) == 0 }, longEnough, 10*time.Millisecond)
	assert.Zero(t, s.ready(s.Options.Queue+deadSuffix))
	assert.LessOrEqual(t, len(s.logged("cannot be taken")), 5)
}
