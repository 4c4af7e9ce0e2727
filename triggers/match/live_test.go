package match_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/db"
	"github.com/picasso-faas/picasso/db/dbtest"
	"github.com/picasso-faas/picasso/triggers/match"
	"github.com/picasso-faas/picasso/triggers/triggerstest"
)

// flaky is a store that can be away.
type flaky struct {
	*db.Store
	away  atomic.Bool
	asked atomic.Int64
}

func (f *flaky) EventTriggers(ctx context.Context, since int64) ([]picasso.Trigger, int64, error) {
	f.asked.Add(1)
	if f.away.Load() {
		return nil, since, picasso.Errorf(picasso.CodeUnavailable, "away")
	}
	return f.Store.EventTriggers(ctx, since)
}

// kit is a Live that runs on a store with a function.
type kit struct {
	testing.TB
	store *flaky
	fn    *picasso.Function
	live  *match.Live
	said  *test.Hook
}

func newKit(t testing.TB, store *db.Store) *kit {
	t.Helper()
	k := &kit{TB: t, store: &flaky{Store: store}, fn: triggerstest.Function(t, store, "p")}
	var log *logrus.Logger
	log, k.said = test.NewNullLogger()
	k.live = match.NewLive(k.store, log)
	return k
}

// run runs it until the test ends.
func (k *kit) run() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { k.live.Run(ctx); close(done) }()
	k.Cleanup(func() { cancel(); <-done })
}

// create stores a notification trigger for everything of the project.
func (k *kit) create(edit ...func(*picasso.Notification)) *picasso.Trigger {
	k.Helper()
	t := notification(triggerstest.NewID(), "p", "*", edit...)
	t.Name, t.Function, t.FunctionID, t.Enabled = "t-"+t.ID, k.fn.ID, k.fn.ID, true
	t.CreatedAt = time.Now().UTC().Truncate(time.Microsecond)
	t.UpdatedAt = t.CreatedAt
	require.NoError(k, k.store.CreateTrigger(context.Background(), &t))
	return &t
}

// fired are the triggers that an event of the project fires now.
func (k *kit) fired() []string {
	x, err := k.live.Index(context.Background())
	require.NoError(k, err)
	return ids(x.Match(match.Source{}, event(k, "x", `{}`), "p", true))
}

func (k *kit) await(what func() bool) {
	k.Helper()
	require.Eventually(k, what, triggerstest.Patience, 5*time.Millisecond)
}

func TestLive(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { live(t, dbtest.SQLite(t)) })
	t.Run("MariaDB", func(t *testing.T) { live(t, dbtest.MariaDB(t)) })
}

func live(t *testing.T, store *db.Store) {
	k := newKit(t, store)
	first := k.create()
	k.run()
	<-k.live.Ready()
	assert.Equal(t, []string{first.ID}, k.fired())

	second := k.create()
	k.await(func() bool { return len(k.fired()) == 2 })
	require.NoError(t, k.store.DeleteTrigger(t.Context(), "p", first.ID))
	k.await(func() bool { return len(k.fired()) == 1 })
	assert.Equal(t, []string{second.ID}, k.fired())

	changed, before := *second, second.UpdatedAt
	changed.Enabled, changed.UpdatedAt = false, before.Add(time.Second)
	require.NoError(t, k.store.UpdateTrigger(t.Context(), &changed, before))
	k.await(func() bool { return len(k.fired()) == 0 })
	assert.Empty(t, k.said.AllEntries())
}

// TestLiveOfNothing is ready, too.
func TestLiveOfNothing(t *testing.T) {
	k := newKit(t, dbtest.SQLite(t))
	k.run()
	assert.Empty(t, k.fired())
}

// TestLiveKeepsIndex when nothing has changed.
func TestLiveKeepsIndex(t *testing.T) {
	k := newKit(t, dbtest.SQLite(t))
	k.run()
	first, err := k.live.Index(t.Context())
	require.NoError(t, err)
	k.await(func() bool { return k.store.asked.Load() > 3 })
	again, err := k.live.Index(t.Context())
	require.NoError(t, err)
	assert.Same(t, first, again)
}

// TestLiveStoreAway: no message is judged before the first index, and what was
// known stays when the store goes. It is logged once.
func TestLiveStoreAway(t *testing.T) {
	k := newKit(t, dbtest.SQLite(t))
	trigger := k.create()
	k.store.away.Store(true)
	k.run()
	k.await(func() bool { return k.store.asked.Load() > 2 })
	select {
	case <-k.live.Ready():
		t.Fatal("ready without triggers")
	default:
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := k.live.Index(ctx)
	assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(err))
	require.ErrorIs(t, err, context.Canceled)
	assert.Len(t, k.said.AllEntries(), 1)

	k.store.away.Store(false)
	assert.Equal(t, []string{trigger.ID}, k.fired(), "waits for the store")
	k.await(func() bool { return len(k.said.AllEntries()) == 2 })
	k.store.away.Store(true)
	asked := k.store.asked.Load()
	k.await(func() bool { return k.store.asked.Load() > asked+1 })
	assert.Equal(t, []string{trigger.ID}, k.fired())
	k.await(func() bool { return len(k.said.AllEntries()) == 3 })
}

// TestLiveBroken tells the owner once, and goes on with the others.
func TestLiveBroken(t *testing.T) {
	k := newKit(t, dbtest.SQLite(t))
	good := k.create()
	bad := k.create(filtered("payload.a", `{"like": "x"}`)) // as the API would refuse it
	k.run()
	assert.Equal(t, []string{good.ID}, k.fired())
	k.await(func() bool {
		stored, err := k.store.Trigger(t.Context(), "p", bad.ID)
		return err == nil && stored.Error == "notification.filter[payload.a].like: is not one of prefix, suffix, exists, gt, gte, lt, lte"
	})
	more := k.create()
	k.await(func() bool { return len(k.fired()) == 2 })
	assert.ElementsMatch(t, []string{good.ID, more.ID}, k.fired())
	assert.Len(t, k.said.AllEntries(), 1, "the change that it was told by is no news")
}

// TestLiveBrokenAndAway: what cannot be told now is not forgotten.
func TestLiveBrokenAndAway(t *testing.T) {
	broken := notification("bad", "p", "*", filtered("payload.a", `[]`))
	log, said := test.NewNullLogger()
	live := match.NewLive(deaf{list: []picasso.Trigger{broken}}, log)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { live.Run(ctx); close(done) }()
	require.Eventually(t, func() bool { return len(said.AllEntries()) >= 2 }, triggerstest.Patience, time.Millisecond)
	cancel()
	<-done
	assert.Equal(t, "trigger can never fire", said.AllEntries()[0].Message)
	assert.Equal(t, "what is wrong with a trigger was not stored", said.AllEntries()[1].Message)
}

// deaf is a store that takes nothing.
type deaf struct {
	picasso.EventStore
	list []picasso.Trigger
}

func (d deaf) EventTriggers(context.Context, int64) ([]picasso.Trigger, int64, error) {
	return d.list, 1, nil
}

func (deaf) FailTrigger(context.Context, string, time.Time, string) error {
	return errors.New("deaf")
}
