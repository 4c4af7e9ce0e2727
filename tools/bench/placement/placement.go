// Package placement replays calls on a thousand compute hosts in virtual time,
// to compare how engine/dispatch places them with simpler ways. Hosts are modelled
// on package engine/pool: memory for sandboxes, idle ones that give way, a start
// only for calls that would wait longer without. What processes know of hosts
// is as old as heartbeats are, and of one another's calls they know nothing.
package placement

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/picasso-faas/picasso"
)

// Config is the size of a simulation. The same one gives the same results.
type Config struct {
	Hosts     int
	Functions int
	Processes int     // that dispatch calls
	PerSecond float64 // calls, on average, without bursts
	Duration  time.Duration
	Seed      uint64
}

// Standard is the simulation of the bench.
func Standard() Config {
	return Config{Hosts: 1000, Functions: 10_000, Processes: 2, PerSecond: 3000, Duration: 30 * time.Second, Seed: 1}
}

// What hosts and functions are like.
const (
	hostMemoryMB = 4096
	hostCores    = 4
	images       = 1000 // shared by the functions
	start        = 300 * time.Millisecond
	pull         = 2 * time.Second // of an image, on top of a start
	idleTimeout  = time.Minute
	heartbeat    = 2 * time.Second
	poll         = time.Second
	hop          = 200 * time.Microsecond // to a host and back
	leaving      = 20                     // one host in so many leaves for the middle third of the time
	burstEvery   = 500 * time.Millisecond
	burstSize    = 60     // calls at once of some function
	skew         = 1.0001 // of Zipf's law
)

// Result is what became of the calls.
type Result struct {
	Policy     string
	Calls      int
	ColdStarts int     // calls that waited for a start of their own
	Pulls      int     // starts that had to pull the image
	Rejected   int     // calls for which no host had room
	Asked      float64 // hosts that a call was sent to, on average
	MaxToMean  float64 // calls running on the fullest host, to those of the average one; mean of all seconds
	StdDev     float64 // of the calls running on a host, to the mean; mean of all seconds
}

// ColdRate is the part of the calls that waited for a start.
func (r *Result) ColdRate() float64 { return float64(r.ColdStarts) / float64(max(r.Calls, 1)) }

// Policies are what can be compared; the first is that of production.
func Policies() []string { return []string{"place", "random", "least-loaded", "consistent hashing"} }

// Run replays the calls of the configuration with a policy. Errors: invalid.
func Run(cfg Config, policy string) (Result, error) {
	w := newWorld(cfg)
	for i := range w.processes {
		p := &w.processes[i]
		switch policy {
		case "place":
			p.policy = &placing{p: p, orders: map[int]order{}}
		case "random":
			p.policy = &random{p}
		case "least-loaded":
			p.policy = &leastLoaded{p}
		case "consistent hashing":
			p.policy = &consistent{p: p, orders: map[int]order{}}
		default:
			return Result{}, picasso.Errorf(picasso.CodeInvalid, "policy: %q is not one of %q", policy, Policies())
		}
	}
	w.replay()
	w.result.Policy = policy
	return w.result, nil
}

// function is one of those called.
type function struct {
	picasso.Function
	index int
	run   time.Duration // of a call, on average
}

func newFunctions(cfg Config, dice *rand.Rand) []function {
	fns := make([]function, cfg.Functions)
	for i := range fns {
		fn := &fns[i]
		fn.index = i
		fn.ID, fn.ImageDigest = fmt.Sprintf("function-%05d", i), fmt.Sprint("image-", dice.IntN(images))
		fn.Revision, fn.FunctionSpec = 1, picasso.DefaultFunctionSpec()
		fn.MemoryMB = 128 << dice.IntN(3)
		// From 20 ms to 2 s, short ones as often as long ones of a scale.
		fn.run = time.Duration(float64(20*time.Millisecond) * math.Pow(100, dice.Float64()))
	}
	return fns
}

// calls generates what is called when: a steady stream by Zipf's law, and bursts
// of functions that are mostly rare.
type calls struct {
	cfg   Config
	dice  *rand.Rand
	zipf  *rand.Zipf
	perm  []int
	next  time.Duration
	burst time.Duration
	left  int // of the burst
	of    int
}

func newCalls(cfg Config, dice *rand.Rand) *calls {
	return &calls{
		cfg: cfg, dice: dice, burst: burstEvery, perm: dice.Perm(cfg.Functions),
		zipf: rand.NewZipf(dice, skew, 1, uint64(cfg.Functions-1)),
	}
}

// take returns the next call; false when the time is over.
func (c *calls) take() (at time.Duration, fn int, ok bool) {
	if c.left > 0 {
		c.left--
		return c.burst - burstEvery, c.of, true
	}
	c.next += time.Duration(c.dice.ExpFloat64() / c.cfg.PerSecond * float64(time.Second))
	if c.next > c.burst {
		c.left, c.of = burstSize, c.dice.IntN(c.cfg.Functions)
		at := c.burst
		c.burst += burstEvery
		return at, c.of, at < c.cfg.Duration
	}
	return c.next, c.perm[c.zipf.Uint64()], c.next < c.cfg.Duration
}
