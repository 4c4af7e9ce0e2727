package quota

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

func TestRoom(t *testing.T) {
	for name, c := range map[string]struct{ limit, processes, told, others, want int }{
		"alone":                   {10, 1, 3, 0, 10},
		"nothing runs":            {10, 2, 0, 0, 5},
		"it has all of the load":  {10, 2, 5, 0, 7},
		"the others have it":      {10, 2, 0, 10, 5},
		"all is taken":            {10, 2, 6, 4, 6},
		"too much runs":           {10, 2, 8, 7, 5},
		"more processes than may": {1, 3, 0, 1, 1},
	} {
		assert.Equal(t, c.want, room(c.limit, c.processes, c.told, c.others), name)
	}
}

const (
	project = "p"
	steps   = 10 // between two times that a process tells
)

// usages is a picasso.UsageStore of calls, whose time goes by in steps.
type usages struct {
	picasso.UsageStore
	now  int
	told map[string]told
}

type told struct{ calls, at int }

func (u *usages) ShareUsage(_ context.Context, process string, calls map[string]int, alive time.Duration) (map[string]int, int, error) {
	u.told[process] = told{calls[project], u.now}
	sum, processes := 0, 0
	for other, row := range u.told {
		if other != process && u.now-row.at <= steps*int(alive/interval) {
			sum += row.calls
			processes++
		}
	}
	return map[string]int{project: sum}, processes, nil
}

func newUsages() *usages { return &usages{told: map[string]told{}} }

// fill takes all that may be had.
func (c *Calls) fill() (n int) {
	for c.Take(project) {
		n++
	}
	return n
}

// TestJoin: a process that comes to others has one call until they know of it; one that
// is alone has all of them as soon as it knows that.
func TestJoin(t *testing.T) {
	const limit = 10
	store, log := newUsages(), logrus.New()
	first, second := New(limit, store, log), New(limit, store, log)
	assert.Equal(t, 1, first.fill())
	require.NoError(t, first.Share(t.Context()))
	assert.Equal(t, limit-1, first.fill(), "it is alone")
	assert.Equal(t, 1, second.fill())
	require.NoError(t, second.Share(t.Context()))
	assert.Equal(t, 0, second.fill())
	require.NoError(t, first.Share(t.Context()))
	first.Give(project)
	assert.Equal(t, 0, first.fill(), "the other one has its place")
	require.NoError(t, second.Share(t.Context()))
	assert.Equal(t, limit/2-1, second.fill())
}

// TestMoreAndMore: each process that comes while the calls of those before it last may add
// its even part.
func TestMoreAndMore(t *testing.T) {
	const limit = 60
	store, log := newUsages(), logrus.New()
	var calls []*Calls
	for n := 1; n <= 5; n++ {
		calls = append(calls, New(limit, store, log))
		most := 0
		for range 2 {
			for _, p := range calls {
				p.fill()
				require.NoError(t, p.Share(t.Context()))
			}
		}
		for _, p := range calls {
			p.fill()
			most += p.own[project]
		}
		assert.Equal(t, []int{60, 90, 110, 125, 137}[n-1], most, "%d processes", n)
	}
}

// TestBound: processes that come and go, and tell each other at any time, under a load that
// goes up and down anywhere, never run more than twice the limit and what those add that have
// come meanwhile, and no more than it soon after all have as much to do as they may.
func TestBound(t *testing.T) {
	for _, c := range []struct {
		limit, processes int
		come             bool
	}{
		{10, 2, false}, {10, 3, false}, {7, 4, false}, {100, 5, false}, {5, 5, false}, {200, 8, false},
		{10, 2, true}, {10, 3, true}, {7, 4, true}, {100, 5, true}, {5, 5, true}, {200, 8, true},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			w := &world{
				t: t, store: newUsages(), random: rand.New(rand.NewPCG(uint64(c.limit), uint64(c.processes))),
				limit: c.limit, come: c.come, calls: make([]*Calls, c.processes),
			}
			most := 0
			for step := range 6_000 {
				sum := w.step(step, step%1000 >= 500)
				most = max(most, sum)
				require.LessOrEqual(t, sum, 2*c.limit+w.added, "step %d", step)
				if step%1000 > 800 && sum > c.limit {
					t.Fatalf("%d run in step %d, under steady load", sum, step)
				}
			}
			t.Logf("limit %d, %d processes: at most %d", c.limit, c.processes, most)
		})
	}
}

// world is processes that have something to do.
type world struct {
	t      *testing.T
	store  *usages
	random *rand.Rand
	limit  int
	come   bool     // and go
	calls  []*Calls // nil: it is not there
	added  int      // by those that have come since no more than the limit ran
}

// step returns how many calls run after it.
func (w *world) step(now int, steady bool) (sum int) {
	w.store.now = now
	for i, p := range w.calls {
		switch {
		case p == nil && (!w.come || w.once(50)):
			p = New(w.limit, w.store, logrus.New())
		case w.come && !steady && w.once(200):
			p = nil
		}
		if w.calls[i] = p; p == nil {
			continue
		}
		if (now+i*steps/len(w.calls))%steps == 0 {
			w.share(p)
		}
		w.work(p, steady)
		sum += p.own[project]
	}
	if sum <= w.limit {
		w.added = 0
	}
	return sum
}

func (w *world) once(in int) bool { return w.random.IntN(in) == 0 }

func (w *world) share(p *Calls) {
	before := p.counted
	require.NoError(w.t, p.Share(w.t.Context()))
	if w.come && p.counted && !before {
		w.added += max(1, w.limit/p.processes)
	}
}

func (w *world) work(p *Calls, steady bool) {
	for range min(p.own[project], w.random.IntN(p.own[project]/4+2)) {
		p.Give(project)
	}
	if steady || w.once(30) {
		p.fill()
	}
	if !steady && w.once(50) {
		for p.own[project] > 0 {
			p.Give(project)
		}
	}
}
