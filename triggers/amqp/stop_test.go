package amqp

import (
	"context"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// counted is how many messages had an outcome.
func counted(t testing.TB, r *running, outcome string) float64 {
	t.Helper()
	return metric(t, r, "picasso_amqp_messages_total", outcome)
}

// metric is a value that the Consumer shows, 0 when it does not.
func metric(t testing.TB, r *running, name string, label ...string) float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(r.Metrics()...)
	families, err := registry.Gather()
	require.NoError(t, err)
	for _, family := range families {
		for _, m := range family.GetMetric() {
			labels := m.GetLabel()
			if family.GetName() == name && (len(label) == 0 || labels[0].GetValue() == label[0]) {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return 0
}

func TestWhatIsBeingHandledIsFinished(t *testing.T) {
	s := newSetup(t, "")
	p := s.publisher(t.Name(), false)
	begun, goOn := make(chan struct{}), make(chan struct{})
	box := &inbox{handle: func(context.Context, Message) error {
		begun <- struct{}{}
		<-goOn
		return nil
	}}
	r := s.start(box)
	p.send("one", "two")
	<-begun
	<-begun
	r.stop()
	require.Eventually(t, func() bool { return consumers(s) == 0 }, longEnough, 10*time.Millisecond)
	p.send("three")
	close(goOn)
	r.end()
	assert.Equal(t, 2, box.different())
	assert.Equal(t, 1, s.ready(s.Options.Queue), "what came later waits for another consumer")
	assert.False(t, r.Connected())
}

func consumers(s *setup) int {
	ch := s.channel()
	defer func() { _ = ch.Close() }()
	q, err := ch.QueueDeclarePassive(s.Options.Queue, true, false, false, false, nil)
	require.NoError(s, err)
	return q.Consumers
}

func TestPatienceEnds(t *testing.T) {
	s := newSetup(t, "")
	p := s.publisher(t.Name(), false)
	begun := make(chan struct{}, 1)
	box := &inbox{handle: func(ctx context.Context, _ Message) error {
		begun <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}}
	r := s.start(box)
	p.send("one")
	<-begun
	r.stop()
	r.rush()
	r.end()
	require.Eventually(t, func() bool { return s.ready(s.Options.Queue) == 1 }, longEnough, 10*time.Millisecond)

	box.handle = nil
	s.start(box)
	box.waitFor(t, 1)
	assert.True(t, box.all()[0].Redelivered)
}

func TestWhatIsHeldGoesBackWhenItStops(t *testing.T) {
	s := newSetup(t, "")
	p := s.publisher(t.Name(), false)
	r := s.start(&inbox{handle: func(context.Context, Message) error { return errAway }})
	p.send("one")
	require.Eventually(t, func() bool { return metric(t, r, "picasso_amqp_retries_total") > 1 }, longEnough, 5*time.Millisecond)
	r.end()
	assert.Equal(t, 1, s.ready(s.Options.Queue))
	d, ok, err := s.channel().Get(s.Options.Queue, true)
	require.NoError(t, err)
	require.True(t, ok)
	assert.False(t, d.Redelivered, "it is not to blame")
	assert.EqualValues(t, 0, d.Headers[headerAttempts])
}

func TestMetrics(t *testing.T) {
	s := newSetup(t, "")
	p := s.publisher(t.Name(), false)
	box := &inbox{}
	r := s.start(box)
	p.send("one")
	box.waitFor(t, 1)
	require.Eventually(t, func() bool { return counted(t, r, outcomeDone) == 1 }, longEnough, 5*time.Millisecond)
	assert.Equal(t, 1.0, metric(t, r, "picasso_amqp_connected"))
	assert.Equal(t, 1.0, metric(t, r, "picasso_amqp_exchanges_bound"))
	r.end()
	assert.Zero(t, metric(t, r, "picasso_amqp_connected"))
}
