package ring

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func text(log *Log) string {
	part, _ := log.Since(0)
	return string(part)
}

func write(w io.Writer, text string) { _, _ = io.WriteString(w, text) }

const patience = 10 * time.Second

// awaiting begins to await a mark and returns it.
func awaiting(t *testing.T, m *Marks, count int) (mark string, ended <-chan bool) {
	t.Helper()
	put, end := make(chan string, 1), make(chan bool, 1)
	go func() {
		came, _ := m.Await(func(mark []byte) (int, bool) { put <- string(mark); return count, true }, nil, patience)
		end <- came
	}()
	return <-put, end
}

func TestMarks(t *testing.T) {
	for _, tt := range []struct {
		name, out string // M is the mark, P its first bytes, Q the rest of it, | the end of a write
		want      string
	}{
		{"a mark", "M", ""},
		{"between lines", "one\nMtwo\n", "one\ntwo\n"},
		{"cut in two", "one\nP|Qtwo\n", "one\ntwo\n"},
		{"cut in two, and a later text", "P|Q|two\n", "two\n"},
		{"what looks like one", "P|x\nM", "Px\n"},
		{"begins twice", "PP|Q", "P"},
		{"zeros", "\x00|\x00|\x00M\x00", "\x00\x00\x00\x00"},
		{"the start alone, in one", "PMx", "Px"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, cut := range []int{1, 3, len("\x00nonce"), len("\x00nonce") + numberLen - 1} {
				log := New(1 << 10)
				m := NewMarks(log, "nonce")
				stream := m.Stream()
				mark, ended := awaiting(t, m, 1)
				fill := strings.NewReplacer("M", mark, "P", mark[:cut], "Q", mark[cut:])
				for piece := range strings.SplitSeq(fill.Replace(tt.out), "|") {
					write(stream, piece)
				}
				assert.True(t, <-ended) // from then on nothing is held back
				assert.Equal(t, fill.Replace(tt.want), text(log), cut)
			}
		})
	}
}

// TestMarksByteByByte: no boundary of writes matters.
func TestMarksByteByByte(t *testing.T) {
	log := New(1 << 10)
	m := NewMarks(log, "nonce")
	out, err := m.Stream(), m.Stream()
	for range 3 {
		mark, ended := awaiting(t, m, 2)
		for _, b := range "out\x00\n" + mark {
			write(out, string(b))
		}
		assert.Empty(t, ended, "there are two")
		for _, b := range mark {
			write(err, string(b))
		}
		assert.True(t, <-ended)
	}
	assert.Equal(t, strings.Repeat("out\x00\n", 3), text(log))
}

// TestMarksOfOne: the wait of a call is ended by its own mark only.
func TestMarksOfOne(t *testing.T) {
	log := New(1 << 10)
	m := NewMarks(log, "nonce")
	stream := m.Stream()
	first, firstEnded := awaiting(t, m, 1)
	second, secondEnded := awaiting(t, m, 1)
	write(stream, second+"x")
	assert.True(t, <-secondEnded)
	assert.Empty(t, firstEnded)
	write(stream, first)
	assert.True(t, <-firstEnded)
	assert.Equal(t, "x", text(log))
}

// TestMarksHoldNothing: what only looks like a mark is not held back when
// no mark is to come.
func TestMarksHoldNothing(t *testing.T) {
	log := New(1 << 10)
	m := NewMarks(log, "nonce")
	out, err := m.Stream(), m.Stream()
	write(out, "\x00")
	assert.Equal(t, "\x00", text(log), "none was put in")
	m.Await(func([]byte) (int, bool) { write(out, "\x00non"); return 0, false }, nil, patience)
	assert.Equal(t, "\x00\x00non", text(log), "it could not be put in")
	mark, ended := awaiting(t, m, 1)
	write(err, "\x00")
	write(out, mark)
	assert.True(t, <-ended)
	assert.Equal(t, "\x00\x00non\x00", text(log), "it has come out")
}

func TestMarksThatDoNotComeOut(t *testing.T) {
	log := New(1 << 10)
	m := NewMarks(log, "nonce")
	stream := m.Stream()
	var late string
	put := func(mark []byte) (int, bool) { late = string(mark); return 1, true }
	came, all := m.Await(put, nil, 0)
	assert.False(t, came)
	assert.True(t, all)
	write(stream, "a"+late+"b")
	assert.Equal(t, "ab", text(log), "late, and no part of a log either")

	over := make(chan struct{})
	close(over)
	came, _ = m.Await(put, over, patience)
	assert.True(t, came, "nothing more can come")
	came, all = m.Await(func([]byte) (int, bool) { return 0, false }, nil, patience)
	assert.True(t, came)
	assert.False(t, all)
	assert.Empty(t, m.waiting)
}

// FuzzMarks: a function writes whatever it likes, and whatever of its marks;
// all that is not a mark is in the log, in its order, and nothing is held for ever.
func FuzzMarks(f *testing.F) {
	f.Add([]byte("hello\x00nonce"), byte(3), true)
	f.Add([]byte("\x00nonce0000000000000001\x00nonce000000000000000f"), byte(1), true)
	f.Add([]byte("\x00nonce00000000000000zz\x00\x00nonc"), byte(9), false)
	f.Fuzz(func(t *testing.T, out []byte, step byte, forge bool) {
		log := New(1 << 20)
		m := NewMarks(log, "nonce")
		stream := m.Stream()
		forgery := strings.Contains(string(out), "\x00nonce")
		if !forge && forgery {
			t.Skip("of honest functions")
		}
		mark, ended := awaiting(t, m, 1)
		all := string(out) + mark
		for len(all) > 0 {
			n := min(len(all), 1+int(step))
			write(stream, all[:n])
			all = all[n:]
		}
		require.True(t, <-ended)
		if !forgery {
			require.Equal(t, string(out), text(log))
		}
		require.LessOrEqual(t, log.End(), int64(len(out)+len(mark)))
		require.Empty(t, m.streams[0].held)
	})
}
