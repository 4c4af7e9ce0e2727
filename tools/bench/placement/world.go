package placement

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/picasso-faas/picasso/engine/dispatch"
)

// world is the state of a simulation.
type world struct {
	cfg       Config
	dice      *rand.Rand // of what hosts do; the calls have their own
	now       time.Duration
	events    events
	seq       int
	fns       []function
	hosts     []*host
	processes []process
	known     []heard // by host: its last heartbeat
	view      *dispatch.View
	members   []*host // of the view
	version   int     // of the view
	result    Result
	asked     int
	seconds   int
}

// heard is what a host has said of itself.
type heard struct {
	freeMB, idleMB int
	warm           map[int]bool
	images         map[string]bool
}

type event struct {
	at  time.Duration
	seq int
	do  func()
}

type events []event

// Len implements heap.Interface, and so do the others.
func (e *events) Len() int { return len(*e) }

// Less orders by time, then by when it was planned.
func (e *events) Less(i, j int) bool {
	a, b := &(*e)[i], &(*e)[j]
	return a.at < b.at || a.at == b.at && a.seq < b.seq
}

// Swap swaps two events.
func (e *events) Swap(i, j int) { (*e)[i], (*e)[j] = (*e)[j], (*e)[i] }

// Push adds an event at the end.
func (e *events) Push(x any) { *e = append(*e, x.(event)) }

// Pop takes the last event out.
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

func newWorld(cfg Config) *world {
	w := &world{cfg: cfg, dice: rand.New(rand.NewPCG(cfg.Seed, 1))}
	w.fns = newFunctions(cfg, w.dice)
	w.hosts, w.known = make([]*host, cfg.Hosts), make([]heard, cfg.Hosts)
	for i := range w.hosts {
		w.hosts[i] = &host{w: w, index: i, up: true, pools: map[int]*pool{}, images: map[string]bool{}}
		w.listen(w.hosts[i])
		w.at(heartbeat*time.Duration(i)/time.Duration(cfg.Hosts), func() { w.beat(w.hosts[i]) })
		if i%leaving == leaving/2 {
			w.at(cfg.Duration/3, w.hosts[i].leave)
			w.at(cfg.Duration*2/3, w.hosts[i].come)
		}
	}
	w.processes = make([]process, cfg.Processes)
	for i := range w.processes {
		w.processes[i] = newProcess(w)
	}
	w.look()
	w.at(time.Second, w.measure)
	return w
}

func (w *world) at(when time.Duration, do func()) {
	w.seq++
	heap.Push(&w.events, event{when, w.seq, do})
}

// replay lets all calls come, and waits for those that are on their way.
func (w *world) replay() {
	source := newCalls(w.cfg, rand.New(rand.NewPCG(w.cfg.Seed, 2)))
	for n := 0; ; n++ {
		at, fn, ok := source.take()
		w.advance(min(at, w.cfg.Duration))
		if !ok {
			break
		}
		w.result.Calls++
		p := &w.processes[n%len(w.processes)]
		p.send(&trip{fn: &w.fns[fn]})
	}
	w.result.Asked = float64(w.asked) / float64(max(w.result.Calls, 1))
	w.result.MaxToMean /= float64(max(w.seconds, 1))
	w.result.StdDev /= float64(max(w.seconds, 1))
}

func (w *world) advance(to time.Duration) {
	for len(w.events) > 0 && w.events[0].at <= to {
		e := heap.Pop(&w.events).(event)
		w.now = e.at
		e.do()
	}
	w.now = to
}

// beat sends the heartbeat of a host, again and again.
func (w *world) beat(h *host) {
	if h.up {
		w.listen(h)
	}
	w.at(w.now+heartbeat, func() { w.beat(h) })
}

func (w *world) listen(h *host) {
	k := heard{freeMB: hostMemoryMB - h.usedMB, idleMB: h.idleMB, warm: map[int]bool{}, images: map[string]bool{}}
	for index, p := range h.pools {
		if p.alive > 0 {
			k.warm[index] = true
		}
	}
	for image := range h.images {
		k.images[image] = true
	}
	w.known[h.index] = k
}

// look reads the hosts that are up, as all processes do each second.
func (w *world) look() {
	w.at(w.now+poll, w.look)
	var members []*host
	for _, h := range w.hosts {
		if h.up {
			members = append(members, h)
		}
	}
	if len(members) == len(w.members) { // they leave together, and come together
		return
	}
	candidates := make([]dispatch.Candidate, len(members))
	for i, h := range members {
		candidates[i] = dispatch.Candidate{Name: fmt.Sprintf("host-%05d", h.index), Cores: hostCores, MemoryMB: hostMemoryMB}
	}
	w.view, w.members = dispatch.NewView(candidates, nil), members
	w.version++
}

// measure looks at the balance.
func (w *world) measure() {
	w.at(w.now+time.Second, w.measure)
	sum, squares, most := 0.0, 0.0, 0.0
	for _, h := range w.members {
		running := float64(h.running)
		sum += running
		squares += running * running
		most = max(most, running)
	}
	n := float64(len(w.members))
	mean := sum / n
	if mean == 0 {
		return
	}
	w.seconds++
	w.result.MaxToMean += most / mean
	w.result.StdDev += math.Sqrt(squares/n-mean*mean) / mean
}
