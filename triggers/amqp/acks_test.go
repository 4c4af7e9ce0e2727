package amqp

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ledger is the broker's side of acknowledgements: a tag that it does not know
// (any more) has it close the channel.
type ledger struct {
	*testing.T
	open    map[uint64]bool // delivered, not acknowledged; whether it was handled
	written int
}

func (l *ledger) Ack(tag uint64, multiple bool) error {
	l.written++
	_, known := l.open[tag]
	require.True(l, known, "unknown delivery tag %d", tag)
	for other, handled := range l.open {
		if other == tag || multiple && other < tag {
			require.True(l, handled, "message %d was not handled", other)
			delete(l.open, other)
		}
	}
	return nil
}

func (l *ledger) Nack(uint64, bool, bool) error { panic("not used") }
func (l *ledger) Reject(uint64, bool) error     { panic("not used") }

// TestAcksCoverWhatWasHandledAndNothingElse handles messages in any order, some of
// them acknowledged by themselves, in batches of any size.
func TestAcksCoverWhatWasHandledAndNothingElse(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // the same in each run
		broker, counted := &ledger{T: t, open: map[uint64]bool{}}, 0
		a := newAcks(broker, func(n int) { counted += n })
		var next uint64
		var inHand []uint64
		alone := 0
		for next < 300 || len(inHand) > 0 {
			if next < 300 && (len(inHand) == 0 || len(inHand) < 20 && random.IntN(2) == 0) {
				next++
				broker.open[next] = false
				inHand = append(inHand, next)
				continue
			}
			i := random.IntN(len(inHand))
			tag := inHand[i]
			inHand = slices.Delete(inHand, i, i+1)
			broker.open[tag] = true
			if random.IntN(10) == 0 {
				alone++
				require.NoError(t, broker.Ack(tag, false))
				a.settled(tag)
			} else {
				a.add(tag)
			}
			if random.IntN(5) == 0 {
				a.flush()
			}
		}
		a.flush()
		require.Empty(t, broker.open)
		require.Equal(t, 300-alone, counted)
		require.EqualValues(t, 300, a.floor)
		require.Empty(t, a.above, "nothing is kept of what is done with")
	}
}

func TestAcksGoTogether(t *testing.T) {
	broker := &ledger{T: t, open: map[uint64]bool{}}
	a := newAcks(broker, func(int) {})
	for tag := range uint64(100) {
		broker.open[tag+1] = true
		a.add(tag + 1)
	}
	a.flush()
	assert.Empty(t, broker.open)
	assert.Equal(t, 1, broker.written)
}
