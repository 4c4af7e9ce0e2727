package pool

import "time"

// load is what the number of sandboxes to start follows from.
type load struct {
	Waiting     int           // calls without a sandbox
	Alive       int           // sandboxes that take calls
	Starting    int           // sandboxes on their way
	Concurrency int           // calls at once in one sandbox
	Max         int           // sandboxes at most; 0: any number
	Min         int           // sandboxes to have even without calls
	Cores       int           // of the host
	OneCall     bool          // a sandbox serves one call and is gone
	Pressed     bool          // calls have kept waiting for a while, however briefly each
	Run         time.Duration // expected of a call; 0 when nothing is known yet
	Start       time.Duration // expected of a start; 0 when nothing is known yet
}

// wanted returns how many sandboxes to start now. A start is worth it only for
// calls that would otherwise wait longer than a start takes: a queue of 50
// calls of 2 ms needs one sandbox and not 50, a queue of 50 calls of 2 s needs
// as many as there can be.
func wanted(l load) int {
	n := max(l.forQueue(), l.Min-l.Alive-l.Starting)
	if l.Max > 0 {
		n = min(n, l.Max-l.Alive-l.Starting)
	}
	return max(n, 0)
}

func (l *load) forQueue() int {
	useful := ceilDiv(l.Waiting, l.Concurrency) - l.Starting // with more, some would find no call
	switch {
	case l.OneCall:
		return useful
	case l.Alive == 0:
		return min(useful, l.Cores-l.Starting)
	}
	// To be through with the queue in the time of one start, so many
	// sandboxes are needed; those on their way count as if they were there.
	queue := time.Duration(l.Waiting) * l.Run
	if queue <= l.Start*time.Duration((l.Alive+l.Starting)*l.Concurrency) {
		return l.forThroughput()
	}
	needed := useful
	if l.Start > 0 {
		needed = ceilDiv(int(queue/l.Start), l.Concurrency) - l.Alive - l.Starting
	}
	// More at once would only make each of them slower, and with that this
	// very estimate. Growth is looked at again whenever one has ended.
	atOnce := 2*l.Cores - l.Starting
	return min(useful, max(needed, 1), atOnce)
}

// forThroughput answers a steady stream of short calls: none waits long, but a
// sandbox stands still while its answer and the next call change hands. With
// two for each core there is always one with something to do.
func (l *load) forThroughput() int {
	if l.Pressed && l.Starting == 0 && l.Alive < 2*l.Cores {
		return 1
	}
	return 0
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// average is an exponentially weighted moving average; zero when empty.
type average time.Duration

// add takes in a new value with a weight of one fifth.
func (a *average) add(d time.Duration) {
	if *a == 0 {
		*a = average(d)
		return
	}
	*a += (average(d) - *a) / 5
}
