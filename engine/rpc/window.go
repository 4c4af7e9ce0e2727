package rpc

import "sync"

// A window remembers which numbers of a session have been used: the latest
// windowSize of them, in any order, as requests overtake each other on many
// connections. It is that of RFC 6479, a ring of words of which the one that
// is being moved into is cleared.
type window struct {
	mu   sync.Mutex
	last uint64 // greatest number so far
	seen [windowWords]uint64
}

const (
	windowWords = 256 // a power of two
	windowSize  = (windowWords - 1) * 64
)

// admission is what a window says to a number.
type admission int

const (
	fresh    admission = iota // it is the first with this number
	outdated                  // it is too far behind to tell
	repeated                  // it has been there before
)

// admit uses up the number n.
func (w *window) admit(n uint64) admission {
	w.mu.Lock()
	defer w.mu.Unlock()
	word := n / 64
	switch {
	case n == 0: // is never given
		return repeated
	case n > w.last:
		for i := w.last/64 + 1; i <= word && i <= w.last/64+windowWords; i++ {
			w.seen[i%windowWords] = 0
		}
		w.last = n
	case w.last-n >= windowSize:
		return outdated
	}
	bit := uint64(1) << (n % 64)
	if w.seen[word%windowWords]&bit != 0 {
		return repeated
	}
	w.seen[word%windowWords] |= bit
	return fresh
}
