package lookup

import (
	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/picasso-faas/picasso/api/internal/weight"
)

// shelf keeps the entries used last, up to a number of bytes. Only one goroutine
// at a time may change it; any may read.
type shelf struct {
	*lru.Cache[string, *entry] // its own bound is never passed, for every function weighs something
	bytes, maxBytes            int
}

// newShelf errs when maxBytes is too little for one function.
func newShelf(maxBytes int) (*shelf, error) {
	entries, err := lru.New[string, *entry](maxBytes / weight.Least)
	return &shelf{Cache: entries, maxBytes: maxBytes}, err
}

func (s *shelf) put(id string, e *entry) {
	s.drop(id)
	bytes := weight.Function(e.fn)
	if bytes > s.maxBytes {
		return
	}
	for s.bytes+bytes > s.maxBytes {
		_, oldest, _ := s.RemoveOldest()
		s.bytes -= weight.Function(oldest.fn)
	}
	s.bytes += bytes
	s.Add(id, e)
}

func (s *shelf) drop(id string) {
	if old, ok := s.Peek(id); ok {
		s.bytes -= weight.Function(old.fn)
		s.Remove(id)
	}
}
