package dispatch

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/picasso-faas/picasso"
)

// inRotation are the names of the hosts that take calls.
func (c *cluster) inRotation() (names []string) {
	for _, m := range c.view.Load().members {
		names = append(names, m.name)
	}
	return names
}

func TestBeforeTheFirstLook(t *testing.T) {
	c := newCluster(t)
	out, _ := c.call(t, function("f"), "")
	assert.Contains(t, out.Err.Detail, "no compute host takes calls")
	fresh := c.another(t)
	out = fresh.Invoke(t.Context(), callOf(function("f"), ""), httptest.NewRecorder())
	assert.Equal(t, picasso.CodeUnavailable, codeOf(out))
	assert.Contains(t, out.Err.Detail, "not known")
	assert.Positive(t, out.Err.RetryAfter)
	_, err := fresh.Host(t.Context())
	assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(err))
	assert.Error(t, fresh.Warm(t.Context(), function("f")))
	_, err = fresh.ResolveImage(t.Context(), "i")
	assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(err))
}

// TestWhatTakesAHostOut, and brings it back.
func TestWhatTakesAHostOut(t *testing.T) {
	for name, change := range map[string]func(r *picasso.HostRecord){
		"disabled":      func(r *picasso.HostRecord) { r.Disabled = true },
		"draining":      func(r *picasso.HostRecord) { r.Draining = true },
		"fault":         func(r *picasso.HostRecord) { r.Fault = "Docker hangs" },
		"new protocol":  func(r *picasso.HostRecord) { r.MinProtocol, r.MaxProtocol, r.Incarnation = 3, 4, "/2" },
		"no address":    func(r *picasso.HostRecord) { r.URL, r.Incarnation = "", "/2" },
		"stale, silent": func(r *picasso.HostRecord) { r.Age = 11 * time.Second },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, "a", "b")
			c.engine("b/1").set(func(f *fake) { f.dead = true })
			c.store.set("b", change)
			c.refresh(t)
			assert.Equal(t, []string{"a"}, c.inRotation())
			c.store.put(record("b"))
			c.refresh(t)
			assert.Equal(t, []string{"a", "b"}, c.inRotation())
		})
	}
}

// TestStaleButAnswering: where heartbeats do not get through, the engine is asked.
func TestStaleButAnswering(t *testing.T) {
	c := newCluster(t, "a")
	age := func(d time.Duration) {
		c.store.set("a", func(r *picasso.HostRecord) { r.Age = d })
		require.NoError(t, c.Refresh(t.Context()))
	}
	age(6 * time.Second)
	c.supervise(t.Context()) // asks in advance
	c.work.Wait()
	age(time.Hour)
	assert.Equal(t, []string{"a"}, c.inRotation(), "never out of rotation")

	c.clock.add(freshAnswer + time.Second)
	require.NoError(t, c.Refresh(t.Context()))
	assert.Empty(t, c.inRotation(), "that answer is old")
	c.supervise(t.Context())
	c.work.Wait()
	c.supervise(t.Context())
	assert.Equal(t, []string{"a"}, c.inRotation())

	for name, change := range map[string]func(h *picasso.Host){
		"draining": func(h *picasso.Host) { h.Draining = true },
		"fault":    func(h *picasso.Host) { h.Fault = "Docker hangs" },
	} {
		c.engine("a/1").set(func(f *fake) { change(&f.host) })
		c.work.Wait()
		c.supervise(t.Context())
		c.work.Wait()
		c.supervise(t.Context())
		assert.Empty(t, c.inRotation(), name)
		c.engine("a/1").set(func(f *fake) { f.host = picasso.Host{} })
		c.work.Wait()
		c.supervise(t.Context())
		c.work.Wait()
		c.supervise(t.Context())
		assert.Equal(t, []string{"a"}, c.inRotation(), name)
	}
	c.store.set("a", func(r *picasso.HostRecord) { r.Disabled = true })
	require.NoError(t, c.Refresh(t.Context()))
	assert.Empty(t, c.inRotation(), "the operator's word stands")
}

// TestLongDown: a host that is gone for good is asked more and more rarely, and one that
// sends a heartbeat at once.
func TestLongDown(t *testing.T) {
	c := newCluster(t, "a")
	a := c.engine("a/1")
	a.set(func(f *fake) { f.dead = true })
	probes := func(age, during time.Duration) (n int) {
		before := a.probes()
		for end := age + during; age < end; age += time.Second {
			c.store.set("a", func(r *picasso.HostRecord) { r.Age = age })
			c.refresh(t)
			c.work.Wait()
			c.clock.add(time.Second)
		}
		return a.probes() - before
	}
	assert.Equal(t, 24, probes(6*time.Second, 24*time.Second), "each second")
	assert.Contains(t, []int{3, 4}, probes(35*time.Second, 15*time.Second))
	assert.Contains(t, []int{2, 3}, probes(24*time.Hour, 2*time.Minute))
	a.set(func(f *fake) { f.dead = false })
	assert.Equal(t, 1, probes(0, time.Second), "it sends heartbeats again")
	assert.Equal(t, []string{"a"}, c.inRotation())
}

// TestStoreDown: the hosts known stay in rotation.
func TestStoreDown(t *testing.T) {
	c := newCluster(t, "a")
	c.store.fail(errors.New("gone"))
	require.Error(t, c.Refresh(t.Context()))
	c.refreshOrLog(t.Context())
	c.supervise(t.Context())
	out, _ := c.call(t, function("f"), "")
	assert.Nil(t, out.Err)
	c.store.fail(nil)
	c.refreshOrLog(t.Context())
	assert.Equal(t, []string{"a"}, c.inRotation())
}

// TestIncarnation: an engine that was started anew is another one. Calls that the
// old one has still come to their end.
func TestIncarnation(t *testing.T) {
	c, fn := newCluster(t, "a"), function("f")
	old, hold := c.engine("a/1"), make(chan struct{})
	old.set(func(f *fake) {
		f.invoke = func(ctx context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
			<-hold
			return answer200(ctx, call, w)
		}
	})
	outs := make(chan picasso.Outcome)
	go func() { outs <- c.Invoke(context.Background(), callOf(fn, ""), httptest.NewRecorder()) }()
	require.Eventually(t, func() bool { return len(old.seen()) == 1 }, patience, time.Millisecond)
	c.store.set("a", func(r *picasso.HostRecord) { r.Incarnation = "/2" })
	c.refresh(t)
	assert.False(t, old.isClosed())
	out, _ := c.call(t, fn, "")
	require.Nil(t, out.Err)
	assert.Len(t, c.engine("a/2").seen(), 1)
	close(hold)
	assert.Nil(t, (<-outs).Err)
	c.refresh(t)
	assert.True(t, old.isClosed())
	assert.False(t, c.engine("a/2").isClosed())
}

// TestHostDisappears from the store.
func TestHostDisappears(t *testing.T) {
	c, fn := newCluster(t, "a", "b"), function("f")
	gone := c.names(fn)[0]
	_, _ = c.call(t, fn, "")
	c.store.mu.Lock()
	delete(c.store.records, gone)
	c.store.mu.Unlock()
	c.refresh(t)
	assert.NotContains(t, c.inRotation(), gone)
	assert.True(t, c.engine(gone+"/1").isClosed())
	out, _ := c.call(t, fn, "")
	assert.Nil(t, out.Err)
}

// TestInventoriesAreReadWhenTheyChange, and only then.
func TestInventoriesAreReadWhenTheyChange(t *testing.T) {
	c := newCluster(t, "a", "b")
	assert.Equal(t, 2, c.store.asked)
	c.refresh(t)
	assert.Equal(t, 2, c.store.asked)
	c.store.set("b", func(r *picasso.HostRecord) { r.Inventoried, r.Images = 5, []string{"sha256:i"} })
	c.refresh(t)
	assert.Equal(t, 3, c.store.asked)
	fn := function("f")
	_, _ = c.call(t, fn, "")
	assert.Len(t, c.engine("b/1").seen(), 1, "where the image is")
}

// TestSuspect: a host that takes no calls is passed by until it answers.
func TestSuspect(t *testing.T) {
	c, fn := newCluster(t, "a", "b"), function("f")
	engines := c.ranked(fn)
	engines[0].set(func(f *fake) { f.dead, f.invoke = true, fails(picasso.CodeUnavailable) })
	for range 3 {
		out, _ := c.call(t, fn, "x")
		require.Nil(t, out.Err)
	}
	assert.Len(t, engines[0].seen(), 1, "asked once")
	c.refresh(t)
	c.work.Wait()
	_, _ = c.call(t, fn, "x")
	assert.Len(t, engines[0].seen(), 1, "it did not answer the probe")

	engines[0].set(func(f *fake) { f.dead, f.invoke, f.host.Draining = false, nil, true })
	c.refresh(t)
	c.work.Wait()
	_, _ = c.call(t, fn, "x")
	assert.Len(t, engines[0].seen(), 1, "it is being stopped")
	engines[0].set(func(f *fake) { f.host.Draining = false })
	c.refresh(t)
	c.work.Wait()
	c.clock.add(warmFor) // or the other one is the warm one
	_, _ = c.call(t, fn, "x")
	assert.Len(t, engines[0].seen(), 2)
}

// TestSilent: an engine that says nothing of a call for a second is passed by; one
// that does, or of a version that never does, is not.
func TestSilent(t *testing.T) {
	for name, test := range map[string]struct {
		version int
		sign    func(call *picasso.Call, w http.ResponseWriter)
		silent  bool
	}{
		"silent":      {2, func(*picasso.Call, http.ResponseWriter) {}, true},
		"waiting":     {2, func(call *picasso.Call, _ http.ResponseWriter) { call.Progress(picasso.ProgressWaiting) }, false},
		"answering":   {2, func(_ *picasso.Call, w http.ResponseWriter) { _, _ = w.Write([]byte("x")) }, false},
		"old version": {1, func(*picasso.Call, http.ResponseWriter) {}, false},
	} {
		t.Run(name, func(t *testing.T) {
			c, fn := newCluster(t), function("f")
			r := record("a")
			r.MaxProtocol = test.version
			c.store.put(r)
			c.refresh(t)
			begun, hold := make(chan struct{}), make(chan struct{})
			c.engine("a/1").set(func(f *fake) {
				f.dead = true
				f.invoke = func(_ context.Context, call *picasso.Call, w http.ResponseWriter) picasso.Outcome {
					test.sign(call, w)
					close(begun)
					<-hold
					return picasso.Outcome{}
				}
			})
			outs := make(chan picasso.Outcome)
			go func() { outs <- c.Invoke(context.Background(), callOf(fn, ""), httptest.NewRecorder()) }()
			<-begun
			c.supervise(t.Context())
			m := c.view.Load().members[0]
			assert.False(t, m.suspect.Load(), "a second is not over")
			c.clock.add(ackTimeout + time.Millisecond)
			c.supervise(t.Context())
			assert.Equal(t, test.silent, m.suspect.Load())
			close(hold)
			<-outs
		})
	}
}

func TestControl(t *testing.T) {
	c := newCluster(t, "a", "b", "c")
	require.NoError(t, c.Cancel(t.Context(), "e"))
	c.store.set("b", func(r *picasso.HostRecord) { r.Disabled = true })
	c.refresh(t)
	require.NoError(t, c.Retire(t.Context(), "f", 3))
	for _, name := range []string{"a/1", "b/1", "c/1"} {
		assert.Equal(t, []string{"cancel e", "retire f"}, c.engine(name).heard(), "those that take no calls too")
	}
	c.engine("b/1").set(func(f *fake) { f.dead = true })
	assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(c.Retire(t.Context(), "f", 3)))
	assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(c.Cancel(t.Context(), "e")))
	assert.Len(t, c.engine("c/1").heard(), 4, "the others hear of it all the same")
}

func TestResolveImage(t *testing.T) {
	c := newCluster(t, "a", "b", "c")
	c.store.set("c", func(r *picasso.HostRecord) { r.Projects = []string{"other"} })
	c.refresh(t)
	found, err := c.ResolveImage(t.Context(), "ref")
	require.NoError(t, err)
	assert.Equal(t, "ref@sha256:0", found)
	_, _ = c.ResolveImage(t.Context(), "ref")
	first, second := c.engine("a/1"), c.engine("b/1")
	if len(first.heard()) == 0 {
		first, second = second, first
	}
	assert.Len(t, first.heard(), 2, "the same host")
	first.set(func(f *fake) { f.dead = true })
	_, err = c.ResolveImage(t.Context(), "ref")
	require.NoError(t, err)
	assert.Len(t, second.heard(), 1)
	_, err = c.ResolveImage(t.Context(), "missing")
	assert.Equal(t, picasso.CodeImageUnavailable, picasso.CodeOf(err))
	second.set(func(f *fake) { f.dead = true })
	_, err = c.ResolveImage(t.Context(), "ref")
	assert.Equal(t, picasso.CodeUnavailable, picasso.CodeOf(err))
	assert.Empty(t, c.engine("c/1").heard(), "it is another project's")
}

func TestNoneIsExplained(t *testing.T) {
	c := newCluster(t, "a", "b")
	c.store.set("a", func(r *picasso.HostRecord) { r.Projects = []string{"own"} })
	c.refresh(t)
	fn := function("f")
	fn.HostTags = []string{"gpu"}
	out, _ := c.call(t, fn, "")
	assert.Contains(t, out.Err.Detail, `host_tags: no compute host that takes calls has all of ["gpu"]`)
	fn = function("g")
	fn.ProjectID = "own"
	c.store.set("a", func(r *picasso.HostRecord) { r.Disabled = true })
	c.refresh(t)
	out, _ = c.call(t, fn, "")
	assert.Contains(t, out.Err.Detail, "that are the project's own")
	c.store.set("a", func(r *picasso.HostRecord) { r.Disabled = false })
	c.store.set("b", func(r *picasso.HostRecord) { r.Disabled = true })
	c.refresh(t)
	out, _ = c.call(t, function("h"), "")
	assert.Contains(t, out.Err.Detail, "other projects' own")
}

func TestHostIsTheSum(t *testing.T) {
	c := newCluster(t, "a", "b", "c")
	for i, name := range []string{"a", "b", "c"} {
		c.store.set(name, func(r *picasso.HostRecord) { r.Sandboxes, r.ColdStarts, r.CallsRunning = 1+i, 10, 2 })
	}
	c.store.set("c", func(r *picasso.HostRecord) { r.Age = time.Hour })
	c.engine("c/1").set(func(f *fake) { f.dead = true })
	c.refresh(t)
	host, err := c.Host(t.Context())
	require.NoError(t, err)
	assert.Equal(t, picasso.Host{Cores: 8, MemoryMB: 8192, Sandboxes: 3, ColdStarts: 20, CallsRunning: 4}, host)
}

// TestRunAndClose: hosts are found without being told, and let go.
func TestRunAndClose(t *testing.T) {
	c := newCluster(t)
	c.cfg.Poll = time.Millisecond
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.Run(ctx)
	}()
	c.store.put(record("a"))
	require.Eventually(t, func() bool { return slices.Equal([]string{"a"}, c.inRotation()) }, patience, time.Millisecond)
	stop()
	<-done
	c.Close()
	assert.True(t, c.engine("a/1").isClosed())
	out, _ := c.call(t, function("f"), "")
	assert.Equal(t, picasso.CodeUnavailable, codeOf(out))
}
