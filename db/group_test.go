package db

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// letter is what the groups of these tests write.
type letter struct {
	number, size int
}

// post writes letters as told and remembers the batches.
type post struct {
	group[letter]

	mu      sync.Mutex
	batches [][]letter
}

func newPost(write func(batch []letter) ([]error, error)) *post {
	p := &post{}
	p.group = group[letter]{size: func(l letter) int { return l.size }, write: func(ctx context.Context, batch []letter) ([]error, error) {
		p.mu.Lock()
		p.batches = append(p.batches, slices.Clone(batch))
		p.mu.Unlock()
		return write(batch)
	}}
	return p
}

func (p *post) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.batches)
}

// queued is how many wait for the next batch.
func (p *post) queued() int {
	p.group.mu.Lock()
	defer p.group.mu.Unlock()
	return len(p.waiting)
}

func (p *post) busy() bool {
	p.group.mu.Lock()
	defer p.group.mu.Unlock()
	return p.writing
}

// held is a post whose first batch is written when release is called.
func held(write func(batch []letter) ([]error, error)) (p *post, release func()) {
	gate := make(chan struct{})
	var first sync.Once
	p = newPost(func(batch []letter) ([]error, error) {
		first.Do(func() { <-gate })
		return write(batch)
	})
	return p, func() { close(gate) }
}

func stored([]letter) ([]error, error) { return nil, nil }

// sendAll starts a caller for each letter, one after the other, and returns what
// becomes of them. p is held.
func sendAll(t *testing.T, p *post, letters []letter) (wait func() []error) {
	t.Helper()
	errs := make([]error, len(letters))
	var all sync.WaitGroup
	for i, l := range letters {
		all.Go(func() { errs[i] = p.do(t.Context(), l) })
		require.Eventually(t, func() bool { return p.queued() == i && p.count() == 1 }, time.Minute, 10*time.Microsecond)
	}
	return func() []error { all.Wait(); return errs }
}

func letters(count, size int) (list []letter) {
	for i := range count {
		list = append(list, letter{i, size})
	}
	return list
}

func TestGroupLoneCaller(t *testing.T) {
	p := newPost(stored)
	for i := range 3 {
		require.NoError(t, p.do(t.Context(), letter{number: i}))
	}
	assert.Equal(t, 3, p.count())
	require.Eventually(t, func() bool { return !p.busy() }, time.Minute, 10*time.Microsecond, "nothing is left running")
}

// TestGroupGathers: what comes while a batch is being written is the next one.
func TestGroupGathers(t *testing.T) {
	p, release := held(stored)
	wait := sendAll(t, p, letters(100, 1))
	release()
	for _, err := range wait() {
		require.NoError(t, err)
	}
	require.Equal(t, 2, p.count())
	assert.Equal(t, letters(100, 1)[1:], p.batches[1], "in the order they came")
}

func TestGroupIsBounded(t *testing.T) {
	tests := []struct {
		name    string
		letters []letter
		want    []int // the sizes of the batches
	}{
		{"rows", letters(2*rowsPerGroup+2, 1), []int{1, rowsPerGroup, rowsPerGroup, 1}},
		{"bytes", letters(6, bytesPerGroup/2), []int{1, 2, 2, 1}},
		{"one that is larger goes alone", letters(3, bytesPerGroup*2), []int{1, 1, 1}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, release := held(stored)
			wait := sendAll(t, p, test.letters)
			release()
			wait()
			var sizes []int
			for _, batch := range p.batches {
				sizes = append(sizes, len(batch))
			}
			assert.Equal(t, test.want, sizes)
		})
	}
}

// TestGroupFailsOneByOne: who is refused does not take the others with him.
func TestGroupFailsOneByOne(t *testing.T) {
	bad := errors.New("no such street")
	p, release := held(func(batch []letter) ([]error, error) {
		if slices.ContainsFunc(batch, func(l letter) bool { return l.number%3 == 1 }) {
			return nil, bad
		}
		return nil, nil
	})
	wait := sendAll(t, p, letters(10, 1))
	release()
	for i, err := range wait() {
		if i%3 == 1 {
			assert.ErrorIs(t, err, bad)
		} else {
			assert.NoError(t, err)
		}
	}
	assert.Equal(t, 1+1+9, p.count())
}

// TestGroupUnavailable: nobody is tried again where nobody answers.
func TestGroupUnavailable(t *testing.T) {
	p, release := held(func([]letter) ([]error, error) { return nil, domainError(context.DeadlineExceeded, "") })
	wait := sendAll(t, p, letters(10, 1))
	release()
	for _, err := range wait() {
		assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(err))
	}
	assert.Equal(t, 2, p.count())
}

// TestGroupTellsEach: an error for one is for nobody else.
func TestGroupTellsEach(t *testing.T) {
	gone := errors.New("moved away")
	p, release := held(func(batch []letter) ([]error, error) {
		errs := make([]error, len(batch))
		for i, l := range batch {
			if l.number == 5 {
				errs[i] = gone
			}
		}
		return errs, nil
	})
	wait := sendAll(t, p, letters(10, 1))
	release()
	for i, err := range wait() {
		assert.Equal(t, i == 5, err != nil, "%v", err)
	}
	assert.Equal(t, 2, p.count())
}

// TestGroupCallerLeaves: who leaves while waiting is not written, who leaves
// while being written does not stop the others.
func TestGroupCallerLeaves(t *testing.T) {
	p, release := held(stored)
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 2)
	go func() { left <- p.do(ctx, letter{number: 100}) }()
	require.Eventually(t, func() bool { return p.count() == 1 }, time.Minute, 10*time.Microsecond)
	go func() { left <- p.do(ctx, letter{number: 101}) }()
	require.Eventually(t, func() bool { return p.queued() == 1 }, time.Minute, 10*time.Microsecond)
	stays := make(chan error, 1)
	go func() { stays <- p.do(t.Context(), letter{number: 102}) }()
	require.Eventually(t, func() bool { return p.queued() == 2 }, time.Minute, 10*time.Microsecond)
	leave()
	for range 2 {
		assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(<-left))
	}
	release()
	require.NoError(t, <-stays)
	assert.Equal(t, [][]letter{{{number: 100}}, {{number: 102}}}, p.batches)
	assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(p.do(ctx, letter{})), "gone before he came")
	assert.Equal(t, 2, p.count())
}
