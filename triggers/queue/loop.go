package queue

import (
	"context"
	"time"

	"github.com/picasso-faas/picasso"
)

// loop takes executions from the queue until work ends.
type loop struct {
	*Runner
	start  func(*holding)   // runs one
	turn   int64            // counts rounds
	served map[string]int64 // turn in which a project or function was last given a place, by id

	failing bool // the last round failed
}

// round is what one look into the queue came to.
type round struct {
	claimed int
	left    bool // something was due that could not be taken
	took    time.Duration
	err     error
}

func (l *loop) run(work context.Context) {
	var last round
	for work.Err() == nil {
		if l.Workers > l.ledger.running() {
			last = l.once(work)
			l.report(work, last.err)
		} else {
			last = round{left: true, took: last.took}
		}
		l.rest(work, last)
	}
}

// rest waits until another look may be worth it. What happens within the
// moment that a look takes is looked at together, so that rounds never take
// more than half of a connection, and those in vain no more than a tenth.
func (l *loop) rest(work context.Context, last round) {
	gather := min(last.took, l.PollInterval)
	switch {
	case last.err != nil:
		sleep(work, time.Second)
		return
	case last.claimed > 0:
		l.gather(work, gather)
		return
	case last.left:
		gather = min(10*last.took, l.PollInterval)
	}
	freed := l.ledger.freed
	if !last.left {
		freed = nil
	}
	poll := time.NewTimer(max(l.PollInterval, 10*last.took))
	defer poll.Stop()
	began := time.Now()
	select {
	case <-work.Done():
	case <-l.Queue.Enqueued():
	case <-freed:
	case <-poll.C:
	}
	sleep(work, gather-time.Since(began))
}

// gather waits until a good many places have become free, for that long at
// most.
func (l *loop) gather(work context.Context, most time.Duration) {
	timer := time.NewTimer(most)
	defer timer.Stop()
	for running := l.ledger.running(); running-l.ledger.running() < l.Workers/4; {
		select {
		case <-work.Done():
			return
		case <-timer.C:
			return
		case <-l.ledger.freed:
		}
	}
}

// once looks into the queue and takes what the plan says.
func (l *loop) once(work context.Context) (r round) {
	began := time.Now()
	defer func() { r.took = time.Since(began) }()
	backlog, err := l.Queue.Backlog(work)
	if err != nil || len(backlog) == 0 {
		return round{err: err}
	}
	claims := l.plan(backlog)
	if len(claims) == 0 {
		return round{left: true}
	}
	until := l.Now().Add(l.Lease)
	// Not cut off when work ends: what was claimed unseen would wait for its lease to run out.
	claimed, err := l.Queue.Claim(context.WithoutCancel(work), claims, l.Lease)
	for i := range claimed {
		c := &claimed[i]
		l.served[c.ProjectID], l.served[c.FunctionID] = l.turn, l.turn
		l.metrics.delay.Observe(max(0, l.Now().Sub(c.RunAt).Seconds()))
		l.start(&holding{Claimed: c, until: until})
	}
	return round{claimed: len(claimed), left: true, err: err}
}

func (l *loop) plan(backlog []picasso.Backlog) (claims []picasso.Claim) {
	l.turn++
	if len(l.served) > 1000+4*len(backlog) {
		l.forget(backlog)
	}
	now := l.Now()
	l.ledger.counts(func(running int, projects, functions map[string]int) {
		s := situation{
			free: l.Workers - running, here: projects, projectLimit: l.ProjectConcurrency, backlog: backlog, served: l.served,
			room: func(id string) int { return l.brakes.room(id, functions[id], now) },
		}
		claims = s.plan()
	})
	return claims
}

// forget drops the turns of who has nothing due.
func (l *loop) forget(backlog []picasso.Backlog) {
	served := make(map[string]int64, 2*len(backlog))
	for i := range backlog {
		for _, id := range []string{backlog[i].ProjectID, backlog[i].FunctionID} {
			if turn, known := l.served[id]; known {
				served[id] = turn
			}
		}
	}
	l.served = served
	l.brakes.forget(l.Now())
}

// report logs when the store begins and ceases to answer.
func (l *loop) report(work context.Context, err error) {
	if work.Err() != nil || l.failing == (err != nil) {
		return
	}
	l.failing = err != nil
	if l.failing {
		l.Log.WithError(err).Error("the queue cannot be read; trying again")
	} else {
		l.Log.Info("the queue is being read again")
	}
}
