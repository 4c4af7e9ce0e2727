package db

import (
	"context"
	"slices"
	"sync"

	"github.com/picasso-faas/picasso"
)

const (
	rowsPerGroup  = 256     // written in one transaction at most
	bytesPerGroup = 8 << 20 // as far as it is not one item
)

// group writes what many goroutines have at the same time in one transaction,
// since committing is what takes the time: while one batch is being written,
// the next one gathers. Nobody waits for a batch to fill, so a lone caller has
// its own at once.
type group[T any] struct {
	// write stores a batch, all or none, unless it returns an error for an
	// item: then that one has been left out. It must be fit to be called again.
	write func(ctx context.Context, batch []T) (each []error, err error)
	size  func(item T) int // bytes, about

	mu      sync.Mutex // guards what follows; never held across I/O
	waiting []*member[T]
	writing bool
}

// member is one caller.
type member[T any] struct {
	item T
	done chan error // takes one without anybody there
}

// do stores the item and returns its error. When ctx ends first that is
// unavailable; an item that is being written then may be stored all the same.
func (g *group[T]) do(ctx context.Context, item T) error {
	if err := ctx.Err(); err != nil {
		return domainError(err, "")
	}
	m := &member[T]{item: item, done: make(chan error, 1)}
	g.mu.Lock()
	g.waiting = append(g.waiting, m)
	if !g.writing {
		g.writing = true
		go g.run()
	}
	g.mu.Unlock()
	select {
	case err := <-m.done:
		return err
	case <-ctx.Done():
		g.withdraw(m)
		return domainError(ctx.Err(), "")
	}
}

// withdraw lets nobody write the item unless somebody is at it.
func (g *group[T]) withdraw(m *member[T]) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.waiting = slices.DeleteFunc(g.waiting, func(other *member[T]) bool { return other == m })
}

// run writes batches until nobody waits.
func (g *group[T]) run() {
	for batch := g.take(); len(batch) > 0; batch = g.take() {
		items := make([]T, len(batch))
		for i, m := range batch {
			items[i] = m.item
		}
		for i, err := range g.store(items) {
			batch[i].done <- err
		}
	}
}

// take returns the next batch. With an empty one, the writing has ended.
func (g *group[T]) take() []*member[T] {
	g.mu.Lock()
	defer g.mu.Unlock()
	n, bytes := 0, 0
	for n < len(g.waiting) && n < rowsPerGroup {
		if bytes += g.size(g.waiting[n].item); n > 0 && bytes > bytesPerGroup {
			break
		}
		n++
	}
	batch := slices.Clone(g.waiting[:n])
	g.waiting = slices.Delete(g.waiting, 0, n)
	g.writing = n > 0
	return batch
}

// store writes the batch. When that fails for what is in it, each item is
// written alone, so that it fails nobody but its own caller. No caller's
// context is used: each can leave, and the others stay.
func (g *group[T]) store(items []T) []error {
	each, err := g.write(context.Background(), items)
	switch {
	case err == nil && each != nil:
		return each
	case err == nil:
		return make([]error, len(items))
	case len(items) == 1:
		return []error{err}
	}
	each = make([]error, len(items))
	for i := range items {
		if picasso.CodeOf(err) == picasso.CodeUnavailable {
			each[i] = err
			continue
		}
		each[i] = g.store(items[i : i+1])[0]
	}
	return each
}
