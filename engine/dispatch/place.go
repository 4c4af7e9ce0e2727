package dispatch

import "math"

// Standing is how a host stands for one call of a function at one moment.
type Standing struct {
	InFlight int  // calls that this process has there
	Mine     int  // of these, of the function
	Warm     bool // it has a sandbox of the function, or is starting one
	Image    bool // it has the image of the function
	FreeMB   int  // memory that no sandbox has
	IdleMB   int  // memory of sandboxes without a call, which would give way
	Busy     bool // it said so of the function a moment ago
	Suspect  bool // it did not answer as it should
	Asked    bool // the call was there already
}

// Choice is what a call may choose from.
type Choice struct {
	View     *View
	Order    []int32 // of the function
	InFlight int     // calls that this process has on all hosts, without this one
	MemoryMB int     // of a sandbox of the function
}

// spread is by how much a host may have more than its share of the calls before
// others are preferred, as in Mirrokni, Thorup and Zadimoghaddam, "Consistent
// hashing with bounded loads" (2018).
const spread = 1.25

// perCore is how many calls for each core never are too many.
const perCore = 2

// near is how many hosts are looked at for a function that has sandboxes.
const near = 64

// rank orders hosts for a call; the lowest is best, and of those the first in
// the order of the function.
type rank int

const (
	warm      rank = iota // a sandbox waits for it
	local                 // only a start away, with memory to spare
	roomy                 // a pull away
	evicting              // others' sandboxes give way
	crowdWarm             // has more than its part of the calls
	crowd
	full // it has no memory that the last heartbeat knew of
	none // not at all
)

// Place returns the place in c.Order of the host that is to be asked next to
// take a call, or false when those that are left are busy, suspect, or were
// asked. stand tells how a host of the view stands.
func Place(c *Choice, stand func(host int32) Standing) (place int, ok bool) {
	best, seen := none, false
	for i, host := range c.Order {
		s := stand(host)
		r := c.rank(&c.View.hosts[host], &s)
		if r == warm {
			return i, true
		}
		seen = seen || s.Warm
		if r < best {
			best, place = r, i
		}
		if seen && i >= near && best < crowdWarm {
			break // it is worth no search of a thousand hosts for each call
		}
	}
	return place, best < none
}

func (c *Choice) rank(host *Candidate, s *Standing) rank {
	switch {
	case s.Busy, s.Suspect, s.Asked:
		return none
	case s.InFlight >= c.bound(host):
		return c.rankCrowded(s)
	case s.Warm:
		return warm
	case s.FreeMB >= max(c.MemoryMB, host.MemoryMB/4) && s.Image:
		return local
	case s.FreeMB >= c.MemoryMB:
		return roomy
	case s.FreeMB+s.IdleMB >= c.MemoryMB:
		return evicting
	}
	return full
}

func (c *Choice) rankCrowded(s *Standing) rank {
	switch {
	case s.Warm:
		return crowdWarm
	case s.FreeMB+s.IdleMB >= c.MemoryMB:
		return crowd
	}
	return full
}

// bound is from how many calls on a host is crowded.
func (c *Choice) bound(host *Candidate) int {
	part := float64(c.InFlight+1) * float64(host.Cores) / float64(max(c.View.cores, 1))
	return max(perCore*host.Cores, int(math.Ceil(spread*part)))
}

// PlaceToWait returns the place in c.Order of the host on which a call waits
// soonest for a sandbox, when no host has room: the one with the fewest calls
// of the function for the sandboxes that it may have. share is that of a place,
// see Share. Suspects come last; false: all were asked.
func PlaceToWait(c *Choice, share func(place int) int, stand func(host int32) Standing) (place int, ok bool) {
	const (
		cold    = 1e6 // rather behind many than without any sandbox
		suspect = 1e9
	)
	best := math.Inf(1)
	for i, host := range c.Order {
		s := stand(host)
		if s.Asked {
			continue
		}
		cost := float64(s.Mine+1) / float64(max(share(i), 1))
		if !s.Warm {
			cost += cold
		}
		if s.Suspect {
			cost += suspect
		}
		if cost < best {
			best, place = cost, i
		}
	}
	return place, !math.IsInf(best, 1)
}
