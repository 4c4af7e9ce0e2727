package db_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/db"
	"github.com/picasso-faas/picasso/db/dbtest"
)

const (
	trustees = 8  // who change things at once
	changes  = 80 // that each tries
)

// TestTrustsAreKept: two processes change functions and triggers at random.
// Every trust that was ever made is then either in use or dropped, and none both.
func TestTrustsAreKept(t *testing.T) {
	eachDatabase(t, func(t *testing.T, connection string, _ *sql.DB) {
		stores := []*db.Store{dbtest.Open(t, connection), dbtest.Open(t, connection)}
		made := &sync.Map{}
		var clock atomic.Int64
		var all sync.WaitGroup
		for n := range trustees {
			all.Go(func() {
				c := &changer{T: t, Store: stores[n%2], rand: rand.New(rand.NewPCG(uint64(n), 1)), made: made, clock: &clock}
				for range changes {
					c.change(t.Context())
				}
			})
		}
		all.Wait()
		wantKept(t, stores[0], made)
	})
}

// changer is one who changes things.
type changer struct {
	*testing.T
	*db.Store
	rand  *rand.Rand
	made  *sync.Map // ids of trusts
	clock *atomic.Int64
}

// change does one of everything that has to do with trusts.
func (c *changer) change(ctx context.Context) {
	project, name := fmt.Sprint("p", c.rand.IntN(2)), fmt.Sprint("n", c.rand.IntN(4))
	switch dice := c.rand.IntN(100); {
	case dice < 20:
		fn := newFunction(name)
		fn.ProjectID, fn.Trust, fn.UpdatedAt = project, c.trust(nil), c.now()
		c.keep(ctx, fn.Trust, nil, c.CreateFunction(ctx, fn))
	case dice < 50:
		c.changeFunction(ctx, project, name)
	case dice < 70:
		c.createTrigger(ctx, project, name)
	case dice < 99:
		c.changeTrigger(ctx, project, name)
	default:
		_, err := c.RemoveProject(ctx, project)
		c.refusable(err)
	}
}

func (c *changer) changeFunction(ctx context.Context, project, name string) {
	fn, err := c.Function(ctx, project, name)
	if c.refusable(err); err != nil {
		return
	}
	if c.rand.IntN(5) == 0 {
		c.refusable(c.DeleteFunction(ctx, project, fn.ID))
		return
	}
	before, old := fn.UpdatedAt, fn.Trust
	fn.Trust, fn.UpdatedAt = c.trust(old), c.now()
	c.keep(ctx, fn.Trust, old, c.UpdateFunction(ctx, fn, before))
}

func (c *changer) createTrigger(ctx context.Context, project, name string) {
	at := c.now()
	t := &picasso.Trigger{ID: uuid.NewString(), ProjectID: project, Trust: c.trust(nil), CreatedAt: at, UpdatedAt: at, TriggerSpec: picasso.TriggerSpec{
		Name: fmt.Sprint("t", c.rand.IntN(6)), Function: name, Type: picasso.TriggerAlarm, Enabled: true, Alarm: &picasso.Alarm{},
	}}
	c.keep(ctx, t.Trust, nil, c.CreateTrigger(ctx, t))
}

func (c *changer) changeTrigger(ctx context.Context, project, function string) {
	t, err := c.Trigger(ctx, project, fmt.Sprint("t", c.rand.IntN(6)))
	if c.refusable(err); err != nil {
		return
	}
	switch c.rand.IntN(5) {
	case 0:
		c.refusable(c.DeleteTrigger(ctx, project, t.ID))
	case 1:
		c.refusable(c.FailTrigger(ctx, t.ID, t.UpdatedAt, "it did"))
	default:
		before, old := t.UpdatedAt, t.Trust
		t.Function, t.Trust, t.UpdatedAt = function, c.trust(old), c.now()
		c.keep(ctx, t.Trust, old, c.UpdateTrigger(ctx, t, before))
	}
}

// trust is a new one, none, or the old.
func (c *changer) trust(old *picasso.Trust) *picasso.Trust {
	switch c.rand.IntN(4) {
	case 0:
		return nil
	case 1:
		return old
	}
	made := &picasso.Trust{ID: uuid.NewString(), UserID: "alice"}
	c.made.Store(made.ID, true)
	return made
}

// keep does what whoever makes trusts does: one that was not stored is dropped.
func (c *changer) keep(ctx context.Context, trust, old *picasso.Trust, err error) {
	c.refusable(err)
	if err != nil && trust != nil && trust != old {
		assert.NoError(c, c.DropTrust(ctx, trust.ID))
	}
}

// refusable: nothing breaks, however much happens at once.
func (c *changer) refusable(err error) {
	if err != nil {
		assert.Contains(c, []picasso.Code{picasso.CodeConflict, picasso.CodeNotFound}, picasso.CodeOf(err), "%v", err)
	}
}

// now never repeats itself, or the guard of an update would see no change.
func (c *changer) now() time.Time {
	return time.Date(2026, 3, 29, 0, 0, 0, int(c.clock.Add(1))*1000, time.UTC)
}

func wantKept(t *testing.T, s *db.Store, made *sync.Map) {
	t.Helper()
	var want, got []string
	made.Range(func(id, _ any) bool { want = append(want, id.(string)); return true })
	got, err := s.DroppedTrusts(t.Context(), 10_000)
	require.NoError(t, err)
	dropped := len(got)
	fns, _, err := s.Functions(t.Context(), picasso.FunctionFilter{}, picasso.Page{})
	require.NoError(t, err)
	for _, fn := range fns {
		if fn.Trust != nil {
			got = append(got, fn.Trust.ID)
		}
	}
	triggers, _, err := s.Triggers(t.Context(), picasso.TriggerFilter{}, picasso.Page{})
	require.NoError(t, err)
	for _, trigger := range triggers {
		if trigger.Trust != nil {
			got = append(got, trigger.Trust.ID)
		}
	}
	assert.ElementsMatch(t, want, got)
	t.Logf("%d trusts, %d of them dropped", len(want), dropped)
}
