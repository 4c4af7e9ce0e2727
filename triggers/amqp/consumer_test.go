package amqp

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

var (
	errPoison = picasso.Errorf(picasso.CodeInvalid, "payload: is not JSON")
	errAway   = picasso.Errorf(picasso.CodeUnavailable, "database: does not answer")
)

func TestEverybodyGetsACopy(t *testing.T) {
	for name, isDurable := range map[string]bool{"transient": false, "durable": true} {
		t.Run(name, func(t *testing.T) {
			s := newSetup(t, "")
			p := s.publisher(t.Name(), isDurable)
			box := &inbox{}
			s.start(box)
			p.send("one", "two", "three")
			box.waitFor(t, 3)
			assert.Equal(t, 3, s.ready("notifications.info "+s.Name()), "what Ceilometer gets")
			for _, m := range box.all() {
				assert.Equal(t, Message{Exchange: t.Name(), RoutingKey: "notifications.info", Body: m.Body}, m)
			}
			require.Eventually(t, func() bool { return s.ready(s.Options.Queue) == 0 }, longEnough, 10*time.Millisecond)
		})
	}
}

func TestEveryPriorityOfEveryTopicIsTakenAndNothingElse(t *testing.T) {
	s := newSetup(t, "")
	s.Transport.Topics = []string{"notifications", "functions"}
	p := s.publisher(t.Name(), false)
	box := &inbox{}
	s.start(box)
	for _, key := range []string{"notifications.error", "functions.sample", "compute.host-1", "notifications", "notifications.info"} {
		require.NoError(t, p.trySend(key, key))
	}
	box.waitFor(t, 3)
	assert.Equal(t, map[string]int{"notifications.error": 1, "functions.sample": 1, "notifications.info": 1}, box.times)
}

func TestTwoConsumersShareTheQueue(t *testing.T) {
	s := newSetup(t, "")
	p := s.publisher(t.Name(), false)
	var boxes [2]inbox
	s.start(&boxes[0])
	s.start(&boxes[1])
	for i := range 200 {
		p.send(fmt.Sprint(i))
	}
	require.Eventually(t, func() bool { return len(boxes[0].all())+len(boxes[1].all()) == 200 }, longEnough, 5*time.Millisecond)
	assert.NotEmpty(t, boxes[0].all())
	assert.NotEmpty(t, boxes[1].all())
}

func TestMessagesWaitForAConsumer(t *testing.T) {
	for name, quorum := range map[string]bool{"classic": false, "quorum": true} {
		t.Run(name, func(t *testing.T) {
			s := newSetup(t, "")
			s.Rabbit.Quorum = quorum
			p := s.publisher(t.Name(), false)
			s.start(&inbox{}).end()
			p.send("one", "two")
			box := &inbox{}
			s.start(box)
			box.waitFor(t, 2)
			assert.Empty(t, s.logged("other arguments"), "it declares what it declared before")
		})
	}
}

func TestPoisonGoesToTheDeadLetters(t *testing.T) {
	s := newSetup(t, "")
	p := s.publisher(t.Name(), false)
	box := &inbox{handle: func(_ context.Context, m Message) error {
		if strings.HasPrefix(string(m.Body), "poison") {
			return errPoison
		}
		return nil
	}}
	r := s.start(box)
	const flood = 300
	for i := range flood {
		p.send(fmt.Sprintf("poison %d", i))
	}
	p.send("good")
	box.waitFor(t, 1)
	require.Eventually(t, func() bool { return s.ready(s.Options.Queue+deadSuffix) == flood }, longEnough, 10*time.Millisecond)
	assert.Len(t, s.logged("dead letters"), 1, "a flood of poison does not flood the log")

	d, ok, err := s.channel().Get(s.Options.Queue+deadSuffix, true)
	require.NoError(t, err)
	require.True(t, ok)
	assert.Contains(t, string(d.Body), "poison")
	assert.Equal(t, amqp.Table{
		headerExchange: t.Name(), headerRoutingKey: "notifications.info", headerReason: "payload: is not JSON",
	}, d.Headers)
	assert.Equal(t, "application/json", d.ContentType)
	assert.Equal(t, amqp.Persistent, d.DeliveryMode)
	for _, entry := range s.logs.AllEntries() {
		text, err := entry.String()
		require.NoError(t, err)
		assert.NotContains(t, text, "poison", "bodies are not logged")
	}
	assert.Equal(t, float64(flood), counted(t, r, outcomeDead))
	assert.Equal(t, float64(1), counted(t, r, outcomeDone))

	// Who has made them readable moves them back; they are as they were.
	box.handle = nil
	r.end()
	s.start(box)
	require.NoError(t, s.channel().PublishWithContext(t.Context(), "", s.Options.Queue, false, false, amqp.Publishing{Headers: d.Headers, Body: d.Body}))
	box.waitFor(t, 2)
	all := box.all()
	assert.Equal(t, Message{Exchange: t.Name(), RoutingKey: "notifications.info", Body: d.Body, Redelivered: true}, all[len(all)-1])
}

func TestNobodyElseSaysWhereAMessageCameFrom(t *testing.T) {
	s := newSetup(t, "")
	p := s.publisher(t.Name(), false)
	box := &inbox{}
	s.start(box)
	require.NoError(t, p.ch.PublishWithContext(t.Context(), p.exchange, "notifications.info", false, false, amqp.Publishing{
		Headers: amqp.Table{headerExchange: "keystone", headerRoutingKey: "forged", headerAttempts: int32(maxAttempts)}, Body: []byte("x")}))
	box.waitFor(t, 1)
	assert.Equal(t, t.Name(), box.all()[0].Exchange)
	assert.Equal(t, "notifications.info", box.all()[0].RoutingKey)
}

func TestWhatCannotBeHandledNowIsTriedAgain(t *testing.T) {
	s := newSetup(t, "")
	s.Options.Prefetch = 2
	p := s.publisher(t.Name(), false)
	var away atomic.Bool
	away.Store(true)
	box := &inbox{handle: func(_ context.Context, m Message) error {
		if away.Load() && string(m.Body) != "good" {
			return fmt.Errorf("looking it up: %w", errAway)
		}
		return nil
	}}
	r := s.start(box, func(c *Consumer) { c.holdFor = 150 * time.Millisecond })
	p.send("first", "second", "good")
	box.waitFor(t, 1)
	assert.Equal(t, "good", string(box.all()[0].Body), "those that cannot be handled do not block the others for ever")
	require.Eventually(t, func() bool { return counted(t, r, outcomeReturned) > 3*maxAttempts }, longEnough, 10*time.Millisecond)
	away.Store(false)
	box.waitFor(t, 3)
	require.Eventually(t, func() bool { return counted(t, r, outcomeDone) == 3 }, longEnough, 10*time.Millisecond)
	assert.Zero(t, s.ready(s.Options.Queue+deadSuffix), "however long it took, nobody gives up")
	assert.Len(t, s.logged("cannot be handled now"), 1)
	for _, m := range box.all() {
		assert.Equal(t, t.Name(), m.Exchange, "also after a return to the queue")
	}
}

func TestWhatFailsForNoKnownReasonIsGivenUp(t *testing.T) {
	for name, handle := range map[string]func() error{
		"panic":    func() error { panic("no") },
		"internal": func() error { return errors.New("no") },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSetup(t, "")
			p := s.publisher(t.Name(), false)
			var attempts atomic.Int32
			box := &inbox{handle: func(_ context.Context, m Message) error {
				if string(m.Body) == "good" {
					return nil
				}
				attempts.Add(1)
				return handle()
			}}
			s.start(box, func(c *Consumer) { c.holdFor = 250 * time.Millisecond })
			p.send("bad", "good")
			box.waitFor(t, 1)
			require.Eventually(t, func() bool { return s.ready(s.Options.Queue+deadSuffix) == 1 }, longEnough, 10*time.Millisecond)
			assert.EqualValues(t, maxAttempts, attempts.Load(), "also across returns to the queue")
		})
	}
}

// TestWhatEndsTheProcessIsGivenUp cuts the connection whenever the message is
// handled, which to the broker is the death of the process.
func TestWhatEndsTheProcessIsGivenUp(t *testing.T) {
	for name, quorum := range map[string]bool{"classic": false, "quorum": true} {
		t.Run(name, func(t *testing.T) {
			s := newSetup(t, "")
			s.Rabbit.Quorum = quorum
			p := s.publisher(t.Name(), false)
			var r *running
			var deaths atomic.Int32
			started := make(chan struct{})
			box := &inbox{handle: func(ctx context.Context, m Message) error {
				<-started
				if string(m.Body) != "deadly" {
					return nil
				}
				deaths.Add(1)
				r.cuts()
				<-ctx.Done()
				return ctx.Err()
			}}
			r = s.start(box)
			close(started)
			p.send("deadly")
			for i := range 50 {
				p.send(fmt.Sprint(i))
			}
			box.waitFor(t, 50)
			// Where a connection was cut before an acknowledgement was read, there are two of
			// a message, and one may be there that was handled, too.
			dead := map[string]bool{}
			require.Eventually(t, func() bool {
				d, ok, err := s.channel().Get(s.Options.Queue+deadSuffix, true)
				if err == nil && ok {
					dead[string(d.Body)] = true
				}
				return dead["deadly"]
			}, longEnough, 10*time.Millisecond)
			assert.GreaterOrEqual(t, deaths.Load(), int32(maxAttempts))
			assert.LessOrEqual(t, deaths.Load(), int32(4*maxAttempts), "it is not tried for ever")
		})
	}
}
