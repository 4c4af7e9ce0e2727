// Package quota bounds how many calls of a project run at once, over all API processes.
//
// Every second a process tells the others how many it runs, and hears of theirs. What is
// free is divided evenly until the next time, and a process may always run its even part
// of the limit: together they run no more than the limit while the load is steady, and, while
// the processes are the same, never let in more than twice the limit (or one call each, where
// there are more processes than that); what was let in runs to its end. A process that has
// most of the load gets to the limit in a few seconds, and may be kept from the last few
// calls, fewer than there are processes.
//
// A process that comes to others lets in one call until they know of it, and then its even
// part, also while calls from before make up the limit: each that comes may add as much.
package quota

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/sirupsen/logrus"

	"github.com/picasso-faas/picasso"
)

const (
	interval = time.Second
	// alive is how long a process counts that was not heard of. While the store does not
	// answer, what was heard last counts.
	alive = 3 * interval
)

// Calls counts the calls of a process. Its methods may be used at once from many goroutines.
type Calls struct {
	limit   int
	store   picasso.UsageStore
	process string
	log     *logrus.Logger

	mu           sync.Mutex
	own          map[string]int // of each project, now
	told, others map[string]int // the last time
	processes    int            // this one included
	shared       bool           // it has told the others that it is there
	counted      bool           // and they have divided what is free by one more
}

// New returns one for a limit of at least 1, which knows of the others once Share was called.
func New(limit int, store picasso.UsageStore, log *logrus.Logger) *Calls {
	return &Calls{limit: limit, store: store, process: uuid.NewString(), log: log, own: map[string]int{}}
}

// Take takes a place for a call of the project and reports whether there was one. It never waits.
func (c *Calls) Take(project string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	most := 1
	if c.counted {
		most = room(c.limit, c.processes, c.told[project], c.others[project])
	}
	if c.own[project] >= most {
		return false
	}
	c.own[project]++
	return true
}

// room is how many calls a process may run that told of some when the others told of theirs.
func room(limit, processes, told, others int) int {
	free := limit - others - told
	if free < 0 { // round down: too many run, and all have to give way
		free -= processes - 1
	}
	return max(1, limit/processes, told+free/processes)
}

// Give gives a place back.
func (c *Calls) Give(project string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.own[project]--; c.own[project] == 0 {
		delete(c.own, project)
	}
}

// Running is how many calls of the project run in all processes, as far as is known.
func (c *Calls) Running(project string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.own[project] + c.others[project]
}

// Run tells the others, again and again, until ctx ends.
func (c *Calls) Run(ctx context.Context) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	well := true
	for {
		err := c.Share(ctx)
		if err != nil && well && ctx.Err() == nil {
			c.log.WithError(err).Error("how many calls run elsewhere is not known; what was known last counts")
		}
		well = err == nil
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Share tells the others once, and hears of theirs. Errors: unavailable.
func (c *Calls) Share(ctx context.Context) error {
	c.mu.Lock()
	own := maps.Clone(c.own)
	c.mu.Unlock()
	others, processes, err := c.store.ShareUsage(ctx, c.process, own, alive)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told, c.others, c.processes = own, others, processes+1
	c.counted = c.shared || processes == 0 // whoever comes after it waits for it
	c.shared = true
	return nil
}
