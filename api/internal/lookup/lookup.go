// Package lookup keeps functions in memory, in front of the store, so that a
// hot call asks no database.
//
// A function that another process changed is seen within a second: an entry is
// served for 500 ms, then served while it is fetched anew in the background until it
// is a second old, and after that a caller waits for the store. What this process
// writes itself is seen at once through Forget. When the store is unavailable a known
// entry is served for up to a minute: a call to a function that was there a moment
// ago is worth more than an exact answer. That nobody has an id is remembered for
// 500 ms, so that asking for it again and again costs nothing; that nobody has a name
// is not, for a name may be taken at any time. Whoever asks for one id after the other that
// nobody has keeps few connections to the store busy: those who ask for what is not known here wait for
// each other.
package lookup

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"github.com/picasso-faas/picasso"
	"github.com/picasso-faas/picasso/api/internal/weight"
)

const (
	missingIDs  = 4096                   // remembered at most
	freshFor    = 500 * time.Millisecond // served without a look at the store
	servedFor   = time.Second            // served while being fetched in the background
	outageFor   = time.Minute            // served while the store is unavailable
	loadTimeout = 3 * time.Second        // of one question to the store
	strangers   = 8                      // questions at once for what is not known here
)

// Functions finds functions. It may be used at once from many goroutines.
type Functions struct {
	store  picasso.FunctionStore
	now    func() time.Time
	byID   *shelf
	byName *lru.Cache[nameKey, string] // to the id; checked against the function at each use
	gone   *lru.Cache[string, missing] // ids that nobody has
	flight singleflight.Group
	asking chan struct{} // holds a token for each question for what is not known here

	mu    sync.Mutex // makes "unchanged since the load began, so keep it" one step
	epoch uint64     // grows with every Forget
}

type nameKey struct{ projectID, ref string }

// entry is what is known of one function. It is replaced, never changed.
type entry struct {
	fn         *picasso.Function
	loaded     time.Time // when the store was asked for fn
	checked    time.Time // when the store was last asked, answer or not
	refreshing atomic.Bool
}

// missing is what the store said of an id that nobody has.
type missing struct {
	err   error
	asked time.Time
}

// New returns an empty cache in front of store, which takes about maxBytes of memory.
// Errors: maxBytes is too little for a single function.
func New(store picasso.FunctionStore, maxBytes int, now func() time.Time) (*Functions, error) {
	byID, err := newShelf(maxBytes)
	if err != nil {
		return nil, err
	}
	byName, err := lru.New[nameKey, string](maxBytes / weight.Least)
	if err != nil {
		return nil, err
	}
	gone, err := lru.New[string, missing](missingIDs)
	if err != nil {
		return nil, err
	}
	return &Functions{store: store, now: now, byID: byID, byName: byName, gone: gone,
		asking: make(chan struct{}, strangers)}, nil
}

// Get returns the function with the id ref, of whatever project, or else the
// one that projectID calls ref ("app:name", or "name" in app "default"). The
// caller must not change it. Errors: not_found, unavailable.
func (f *Functions) Get(ctx context.Context, projectID, ref string) (*picasso.Function, error) {
	if e, ok := f.byID.Get(ref); ok {
		return f.serve(ctx, e)
	}
	if picasso.IsID(ref) {
		if m, ok := f.gone.Get(ref); ok && f.now().Sub(m.asked) < freshFor {
			return nil, m.err
		}
		return f.fetch(ctx, "", ref)
	}
	if id, ok := f.byName.Get(nameKey{projectID, ref}); ok {
		if e, ok := f.byID.Get(id); ok {
			fn, err := f.serve(ctx, e)
			if err == nil && isNamed(fn, ref) {
				return fn, nil
			}
		}
	}
	return f.fetch(ctx, projectID, ref)
}

// Forget makes the next Get of the function ask the store; call it after each
// write of this process.
func (f *Functions) Forget(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.epoch++
	f.byID.drop(id)
}

// serve answers from the entry as far as its age allows.
func (f *Functions) serve(ctx context.Context, e *entry) (*picasso.Function, error) {
	age := f.now().Sub(e.checked)
	if age < freshFor {
		return e.fn, nil
	}
	if age < servedFor {
		if e.refreshing.CompareAndSwap(false, true) {
			f.load("", e.fn.ID)
		}
		return e.fn, nil
	}
	fn, err := f.fetch(ctx, "", e.fn.ID)
	if picasso.CodeOf(err) == picasso.CodeUnavailable && f.now().Sub(e.loaded) < outageFor {
		return e.fn, nil
	}
	return fn, err
}

// fetch waits for the store, or for ctx. Callers that ask for the same share one answer.
func (f *Functions) fetch(ctx context.Context, projectID, ref string) (*picasso.Function, error) {
	select {
	case result := <-f.load(projectID, ref):
		if result.Err != nil {
			return nil, result.Err
		}
		return result.Val.(*picasso.Function), nil
	case <-ctx.Done():
		return nil, picasso.Errorf(picasso.CodeUnavailable, "the caller did not wait").WithCause(ctx.Err())
	}
}

// load asks the store. It has a deadline of its own, because the first of the
// callers that share the answer may leave before the others. Nobody shares an
// answer that was asked for before a Forget: it might be older than the write.
func (f *Functions) load(projectID, ref string) <-chan singleflight.Result {
	f.mu.Lock()
	epoch := f.epoch
	f.mu.Unlock()
	return f.flight.DoChan(fmt.Sprint(epoch, "/", projectID, "/", ref), func() (any, error) {
		ctx, cancel := context.WithTimeout(context.Background(), loadTimeout)
		defer cancel()
		began := f.now()
		fn, err := f.ask(ctx, projectID, ref)
		if err != nil {
			f.failed(ref, err, began)
			return nil, err
		}
		f.keep(nameKey{projectID, ref}, &entry{fn: fn, loaded: began, checked: began}, epoch)
		return fn, nil
	})
}

// ask asks the store, after those who came before when ref is not known here.
func (f *Functions) ask(ctx context.Context, projectID, ref string) (*picasso.Function, error) {
	if _, known := f.byID.Peek(ref); !known {
		select {
		case f.asking <- struct{}{}:
			defer func() { <-f.asking }()
		case <-ctx.Done():
			return nil, picasso.Errorf(picasso.CodeUnavailable, "too many functions are looked up at once").WithCause(ctx.Err())
		}
	}
	return f.store.Function(ctx, projectID, ref)
}

// keep adds the entry unless something was forgotten since its load began: it
// might be older than the write.
func (f *Functions) keep(key nameKey, e *entry, epoch uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.epoch != epoch {
		return
	}
	f.byID.put(e.fn.ID, e)
	if key.projectID != "" {
		f.byName.Add(key, e.fn.ID)
	}
}

// failed drops an entry that is gone, and puts off the next question for it or to
// a store that is unavailable.
func (f *Functions) failed(id string, err error, asked time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if picasso.CodeOf(err) == picasso.CodeNotFound && picasso.IsID(id) {
		f.gone.Add(id, missing{err, asked})
	}
	old, ok := f.byID.Peek(id)
	switch {
	case !ok:
	case picasso.CodeOf(err) == picasso.CodeNotFound:
		f.byID.drop(id)
	case f.now().Sub(old.loaded) < outageFor:
		f.byID.put(id, &entry{fn: old.fn, loaded: old.loaded, checked: f.now()})
	}
}

// isNamed reports whether ref, which is not an id, still means fn.
func isNamed(fn *picasso.Function, ref string) bool {
	app, name, ok := strings.Cut(ref, ":")
	if !ok {
		app, name = picasso.DefaultApp, ref
	}
	return fn.Name == name && (fn.App == app || fn.AppID == app)
}
