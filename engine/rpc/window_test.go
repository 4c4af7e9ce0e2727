package rpc

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWindow(t *testing.T) {
	tests := map[string]struct {
		before []uint64
		n      uint64
		want   admission
	}{
		"the first":                         {nil, 1, fresh},
		"none":                              {nil, 0, repeated},
		"the next":                          {[]uint64{1}, 2, fresh},
		"again":                             {[]uint64{1}, 1, repeated},
		"again after others":                {[]uint64{1, 2, 300}, 2, repeated},
		"overtaken":                         {[]uint64{5}, 3, fresh},
		"overtaken by 4096":                 {[]uint64{5000}, 5000 - 4096, fresh},
		"at the end of the window":          {[]uint64{windowSize + 1}, 2, fresh},
		"behind the window":                 {[]uint64{windowSize + 1}, 1, outdated},
		"again behind the window":           {[]uint64{1, windowSize + 1}, 1, outdated},
		"far ahead":                         {[]uint64{1}, 1 << 40, fresh},
		"in the same place of the ring":     {[]uint64{1}, 1 + windowWords*64, fresh},
		"after a leap over the whole ring":  {[]uint64{1, 2, 1 << 40}, 1<<40 - 63, fresh},
		"again after a leap":                {[]uint64{1, 1 << 40}, 1 << 40, repeated},
		"again in the word that is cleared": {[]uint64{64, 65, 64 + windowWords*64}, 64 + windowWords*64, repeated},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var w window
			for _, n := range tt.before {
				require.Equal(t, fresh, w.admit(n))
			}
			require.Equal(t, tt.want, w.admit(tt.n))
			if tt.want == fresh {
				require.Equal(t, repeated, w.admit(tt.n))
			}
		})
	}
}

// TestWindowAgainstASet: in whatever order numbers come, each is admitted once,
// and only what is too far behind is not at all.
func TestWindowAgainstASet(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var w window
	seen, last := map[uint64]bool{}, uint64(0)
	for range 100_000 {
		n := uint64(1)
		if last > 0 {
			n = max(1, last+50-random.Uint64N(min(last+49, 2*windowSize)))
		}
		want := fresh
		switch {
		case n <= last && last-n >= windowSize:
			want = outdated
		case seen[n]:
			want = repeated
		}
		require.Equal(t, want, w.admit(n), "%d after %d", n, last)
		if want == fresh {
			seen[n] = true
		}
		last = max(last, n)
	}
}
