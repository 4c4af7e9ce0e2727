package ring

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSince(t *testing.T) {
	tests := []struct {
		name   string
		max    int
		writes []string
		start  int64
		want   string
	}{
		{"nothing written", 100, nil, 0, ""},
		{"nothing since", 100, []string{"abc"}, 3, ""},
		{"all", 100, []string{"abc", "def"}, 0, "abcdef"},
		{"part", 100, []string{"abc", "def"}, 2, "cdef"},
		{"exactly full", 100, []string{strings.Repeat("x", 100)}, 0, strings.Repeat("x", 100)},
		{"full, but the part is whole", 100, []string{strings.Repeat("x", 90), "0123456789abc"}, 90, "0123456789abc"},
		{"cut", 100, []string{strings.Repeat("x", 100), strings.Repeat("y", 30)}, 0,
			"[... 78 bytes cut ...]\n" + strings.Repeat("x", 22) + strings.Repeat("y", 30)},
		{"one write larger than everything", 100, []string{strings.Repeat("x", 950) + strings.Repeat("y", 50)}, 10,
			"[... 938 bytes cut ...]\n" + "xx" + strings.Repeat("y", 50)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := New(tt.max)
			total := 0
			for _, w := range tt.writes {
				n, err := l.Write([]byte(w))
				assert.NoError(t, err)
				assert.Equal(t, len(w), n)
				total += n
			}
			assert.Equal(t, int64(total), l.End())
			part, end := l.Since(tt.start)
			assert.Equal(t, tt.want, string(part))
			assert.LessOrEqual(t, len(part), tt.max)
			assert.Equal(t, int64(total), end)
		})
	}
}

// TestAgainstWholeOutput compares with keeping everything, over many ways of
// cutting the same output into writes.
func TestAgainstWholeOutput(t *testing.T) {
	const limit = 97
	for size := 1; size < 2*limit+3; size++ {
		l, whole := New(limit), ""
		for i := 0; len(whole) < 5*limit; i++ {
			w := strings.Repeat(fmt.Sprint(i%10), size)
			_, _ = l.Write([]byte(w))
			whole += w
			for _, start := range []int{0, len(whole) / 2, len(whole) - 30, len(whole) - 1} {
				part, _ := l.Since(int64(max(0, start)))
				got := string(part)
				if i := strings.IndexByte(got, '\n'); i >= 0 {
					got = got[i+1:]
				} else {
					assert.Equal(t, len(whole)-max(0, start), len(got), "cut without a mark")
				}
				assert.True(t, strings.HasSuffix(whole, got), "size %d start %d", size, start)
			}
		}
	}
}

// TestPartsFitTogether: between two parts taken while somebody writes, nothing
// is lost and nothing comes twice.
func TestPartsFitTogether(t *testing.T) {
	const lines = 20_000
	l, want := New(1<<20), strings.Repeat("line\n", lines)
	written := make(chan struct{})
	go func() {
		defer close(written)
		for range lines {
			_, _ = l.Write([]byte("line\n"))
		}
	}()
	var got strings.Builder
	for from, done := int64(0), false; !done; {
		select {
		case <-written:
			done = true
		default:
		}
		var part []byte
		part, from = l.Since(from)
		got.Write(part)
	}
	assert.True(t, got.String() == want, "%d bytes of %d", got.Len(), len(want))
}

func TestConcurrentWritersAndReaders(t *testing.T) {
	l := New(1 << 10)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 1000 {
				_, _ = l.Write([]byte("some line of output\n"))
				_, _ = l.Since(l.End() - 100)
			}
		})
	}
	wg.Wait()
	assert.Equal(t, int64(4*1000*20), l.End())
}
