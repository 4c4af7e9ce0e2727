package dispatch

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// warmed is how many sandboxes each host of the function was asked for since the
// last time. -1: none, which it need not be told.
func (c *cluster) warmed(fn *picasso.Function) (n []int) {
	for _, e := range c.ranked(fn) {
		e.set(func(f *fake) {
			sum := 0
			for _, min := range f.warmed {
				if sum += min; min == 0 {
					sum = -1
				}
			}
			n, f.warmed = append(n, sum), nil
		})
	}
	return n
}

func TestWarmIsDivided(t *testing.T) {
	c, fn := newCluster(t, "a", "b", "c"), function("f")
	for _, test := range []struct {
		least, most int
		want        []int
	}{{3, 0, []int{3, 0, 0}}, {1, 3, []int{1, 0, 0}}, {3, 4, []int{2, 1, 0}}, {4, 4, []int{2, 1, 1}}} {
		fn.MinSandboxes, fn.MaxSandboxes = test.least, test.most
		require.NoError(t, c.Warm(t.Context(), fn))
		assert.Equal(t, test.want, c.warmed(fn), "%d of %d", test.least, test.most)
	}
	fn.MinSandboxes, fn.MaxSandboxes = 2, 0
	c.ranked(fn)[0].set(func(f *fake) { f.dead = true })
	require.NoError(t, c.Warm(t.Context(), fn))
	assert.Equal(t, []int{2, 2, 0}, c.warmed(fn), "the next one where the first does not answer")
	fn.HostTags = []string{"gpu"}
	assert.ErrorContains(t, c.Warm(t.Context(), fn), "host_tags")
}

// TestWarmGoesWhereThereIsMemory: each host has it for eight.
func TestWarmGoesWhereThereIsMemory(t *testing.T) {
	calls := func(r *picasso.HostRecord) { r.MemoryUsedMB, r.Sandboxes = r.MemoryMB, 8 }
	idle := func(r *picasso.HostRecord) { calls(r); r.SandboxesIdle = 8 }
	own := func(r *picasso.HostRecord) { idle(r); r.Functions, r.Inventoried = []string{"f"}, 1 }
	for name, test := range map[string]struct {
		least, most int
		first       func(r *picasso.HostRecord)
		want        []int
	}{
		"more than a host has":         {20, 0, nil, []int{8, 8, 4}},
		"more than all have":           {30, 0, nil, []int{8, 8, 8}},
		"full of calls":                {3, 0, calls, []int{0, 3, 0}},
		"full of others that are idle": {3, 0, idle, []int{0, 3, 0}},
		"others have to give way":      {20, 0, idle, []int{4, 8, 8}},
		"it is warm there":             {3, 0, own, []int{3, 0, 0}},
		"shares":                       {9, 12, calls, []int{0, 4, 4}},
	} {
		t.Run(name, func(t *testing.T) {
			c, fn := newCluster(t, "a", "b", "c"), function("f")
			fn.MemoryMB, fn.MinSandboxes, fn.MaxSandboxes = 512, test.least, test.most
			if test.first != nil {
				c.store.set(c.names(fn)[0], test.first)
				c.refresh(t)
			}
			require.NoError(t, c.Warm(t.Context(), fn))
			assert.Equal(t, test.want, c.warmed(fn))
		})
	}
}

// TestWarmWithoutASuspect: the other hosts keep to their shares, and those that have
// none are not asked.
func TestWarmWithoutASuspect(t *testing.T) {
	c, fn := newCluster(t, "a", "b", "c", "d"), function("f")
	fn.MinSandboxes, fn.MaxSandboxes = 3, 3
	c.ranked(fn)[1].set(func(f *fake) { f.dead = true })
	for _, m := range c.view.Load().members {
		if m.name == c.names(fn)[1] {
			c.suspect(m, "as the test has it")
		}
	}
	require.NoError(t, c.Warm(t.Context(), fn))
	assert.Equal(t, []int{1, 0, 1, 0}, c.warmed(fn))
}

func TestNoneIsWarm(t *testing.T) {
	c, fn := newCluster(t, "a"), function("f")
	fn.MinSandboxes = 1
	c.store.set("a", func(r *picasso.HostRecord) { r.MemoryUsedMB = r.MemoryMB })
	c.refresh(t)
	assert.ErrorContains(t, c.Warm(t.Context(), fn), "memory")
	c.engine("a/1").set(func(f *fake) { f.dead = true })
	c.suspect(c.view.Load().members[0], "as the test has it")
	assert.ErrorContains(t, c.Warm(t.Context(), fn), "answers")
	assert.Equal(t, []int{0}, c.warmed(fn))
}
