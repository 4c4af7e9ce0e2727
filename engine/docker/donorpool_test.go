package docker

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/engine/sandbox"
)

func TestDonorPool(t *testing.T) {
	p := donorPool{all: map[string]*donor{}}
	added := func(name string, network picasso.Network) *donor {
		n := &donor{name: name, network: network}
		p.add(n)
		return n
	}
	mine, others := sandbox.Owner{FunctionID: "mine"}, sandbox.Owner{FunctionID: "others"}
	first, second := added("first", picasso.NetworkEgress), added("second", picasso.NetworkEgress)
	none := added("none", picasso.NetworkNone)
	for _, n := range []*donor{first, second, none} {
		assert.Empty(t, p.put(n))
	}
	assert.Equal(t, 2, p.readyCount(picasso.NetworkEgress))
	assert.Same(t, none, p.take(mine, picasso.NetworkNone))
	assert.Nil(t, p.take(mine, picasso.NetworkNone), "in use")

	second.owner = mine
	require.Same(t, second, p.take(mine, picasso.NetworkEgress))
	assert.Empty(t, p.park(second, 1))
	assert.Same(t, first, p.take(others, picasso.NetworkEgress), "a used one is for its owner only")
	assert.Nil(t, p.take(others, picasso.NetworkEgress))
	assert.Same(t, second, p.take(mine, picasso.NetworkEgress))

	first.owner = others
	assert.Empty(t, p.park(first, 1))
	assert.Equal(t, []*donor{first}, p.park(second, 1), "the oldest makes room")
	assert.Same(t, second, p.ended("second"), "one that waits is to be discarded")
	assert.Nil(t, p.take(mine, picasso.NetworkEgress))
	assert.Nil(t, p.ended("none"), "one in use is discarded when it is given back")
	assert.Equal(t, []*donor{none}, p.park(none, 9))
	assert.Nil(t, p.ended("stranger"))
	p.forget("first")
	assert.False(t, p.known("first"))
	assert.Empty(t, p.drain())
}
