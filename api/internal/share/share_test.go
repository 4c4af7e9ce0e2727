package share

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOneProjectCannotTakeAll(t *testing.T) {
	p := New(10, 6)
	assert.True(t, p.Take("alpha", 6))
	assert.False(t, p.Take("alpha", 1), "more than its share")
	assert.True(t, p.Take("beta", 4))
	assert.False(t, p.Take("gamma", 1), "nothing is left")
	assert.EqualValues(t, 10, p.Taken())
	p.Give("alpha", 6)
	assert.False(t, p.Take("gamma", 7))
	assert.True(t, p.Take("gamma", 6))
	p.Give("beta", 4)
	p.Give("gamma", 6)
	assert.Zero(t, p.Taken())
	assert.Empty(t, p.by, "who has nothing is forgotten")
}

func TestManyAtOnce(t *testing.T) {
	p := New(4, 4)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 1000 {
				if p.Take("alpha", 1) {
					assert.LessOrEqual(t, p.Taken(), int64(4))
					p.Give("alpha", 1)
				}
			}
		})
	}
	all.Wait()
	assert.Zero(t, p.Taken())
}
