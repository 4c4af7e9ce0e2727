// Package dispatch is a picasso.Engine in front of those of all compute hosts:
// it finds the hosts in the store, decides which one is to have a call, and
// gives it to the next one as long as no function can have seen it.
//
// Each function has an order of hosts of its own (View.Order) that all processes
// agree on without a word, so that its calls come together where it is warm.
// Which host of the order a call goes to depends on what is known at the moment
// (Place): one that has no room, or more than its part of the calls, is passed
// by. What max_sandboxes of a function allows is divided among the first hosts
// of its order (Share). That is exact as long as all processes see the same
// hosts. Each that joins or leaves may add as many sandboxes as its share is, at
// most as many as are allowed: those that were started before stay until their
// calls have ended and, without one, for the idle timeout of the function.
//
// A host is out of rotation when its heartbeats stop and the engine does not
// answer either, so that hosts live on where only their way to the API is
// blocked. One that refuses connections, or keeps silent about a call for a
// second, is passed by at once, until it answers again.
package dispatch

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/sirupsen/logrus"

	"github.com/picasso-faas/picasso"
)

// Engine is an engine on a host, as Config.Dial returns it.
type Engine interface {
	picasso.Engine
	// Close ends its connections. Calls on them fail.
	Close()
}

// Config sets up a Dispatcher. All fields but Poll are required.
type Config struct {
	Hosts picasso.HostStore
	// Dial returns the engine that reported so. It need not connect. It is called
	// once for each incarnation.
	Dial func(record *picasso.HostRecord) (Engine, error)
	// GiveUp is for how long a host is not heard of until it is down.
	GiveUp time.Duration
	// The versions of the RPC protocol that this process speaks. From ackProtocol
	// on, an engine tells of a call soon that it has it.
	MinProtocol, MaxProtocol int
	// Poll is the time between two looks into the store, and after what is wrong; 0: 1 s.
	Poll time.Duration
	Now  func() time.Time
	Log  *logrus.Logger
}

const (
	ackProtocol = 2 // as of package rpc
	maxPlans    = 8192
)

// Dispatcher runs functions on many hosts. It implements picasso.Engine.
type Dispatcher struct {
	cfg      Config
	log      *logrus.Logger
	plans    *lru.Cache[string, *plan] // by id of function
	view     atomic.Pointer[view]      // nil until the store was read
	table    table
	trips    trips
	inFlight atomic.Int64
	work     sync.WaitGroup // probes
}

var _ picasso.Engine = (*Dispatcher)(nil)

// view is a View with who is behind it.
type view struct {
	*View
	members []*member // of View.hosts
}

func (v *view) same(w *view) bool { return slices.Equal(v.members, w.members) && v.View.same(w.View) }

// New returns a dispatcher that knows no host before Refresh or Run. Errors: internal.
func New(cfg Config) (*Dispatcher, error) {
	if cfg.Poll == 0 {
		cfg.Poll = time.Second
	}
	plans, err := lru.New[string, *plan](maxPlans)
	if err != nil {
		return nil, picasso.AsError(err)
	}
	return &Dispatcher{
		cfg: cfg, log: cfg.Log, plans: plans,
		table: table{members: map[string]*member{}, complaints: map[string]string{}},
		trips: trips{all: map[*trip]struct{}{}},
	}, nil
}

// Run keeps the hosts in view until ctx ends.
func (d *Dispatcher) Run(ctx context.Context) {
	var loops sync.WaitGroup
	loops.Go(func() { d.often(ctx, d.refreshOrLog) })
	loops.Go(func() { d.often(ctx, d.supervise) }) // also while the store hangs
	loops.Wait()
}

func (d *Dispatcher) often(ctx context.Context, do func(context.Context)) {
	ticker := time.NewTicker(d.cfg.Poll)
	defer ticker.Stop()
	for {
		do(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Close closes the connections to all hosts; calls on them fail, and new ones are
// refused. It comes after the end of Run.
func (d *Dispatcher) Close() {
	d.view.Store(nil)
	for _, m := range d.table.empty() {
		m.engine.Close()
	}
	d.work.Wait()
}
