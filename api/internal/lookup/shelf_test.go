package lookup

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

func weighing(kib int) *entry {
	return &entry{fn: &picasso.Function{FunctionSpec: picasso.FunctionSpec{
		Config: map[string]string{"A": strings.Repeat("x", kib<<10)},
	}}}
}

func TestTheShelfIsBoundedByBytes(t *testing.T) {
	s, err := newShelf(100 << 10)
	require.NoError(t, err)
	for i := range 20 {
		s.put(fmt.Sprint(i), weighing(30))
		s.Get("0") // which keeps it
	}
	assert.ElementsMatch(t, []string{"0", "18", "19"}, s.Keys())
	s.put("0", weighing(1))
	assert.Len(t, s.Keys(), 3, "what is replaced weighs nothing any more")
	s.put("20", weighing(30))
	assert.Len(t, s.Keys(), 4)
	s.put("whale", weighing(200))
	assert.Len(t, s.Keys(), 4, "too heavy to be kept at all")

	for i := range 1000 {
		s.put(fmt.Sprint(i), &entry{fn: &picasso.Function{}})
	}
	assert.Len(t, s.Keys(), 100)
	for _, id := range s.Keys() {
		s.drop(id)
	}
	assert.Zero(t, s.bytes)
}
