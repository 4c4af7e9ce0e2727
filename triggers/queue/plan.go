package queue

import (
	"cmp"
	"container/heap"
	"math"

	"github.com/picasso-faas/picasso"
)

// alpha is how many places a project may hold for each one that stays free.
// With 3, one project alone gets three quarters of all places, two get three
// sevenths each, and so on; some are always free for a newcomer.
const alpha = 3

// situation is what a plan is made from.
type situation struct {
	free         int            // places that nothing runs in
	here         map[string]int // places that each project holds in this process
	projectLimit int            // executions of one project that may run at once, in all processes; 0: any number
	backlog      []picasso.Backlog
	// served is when, in any order that grows, a project or function was last
	// given a place, by id: among equals the turn goes round.
	served map[string]int64
	// room is how many more places a function may take; nil: any number.
	room func(functionID string) int
}

// plan says which executions to take from the queue. How many are due of a
// function it does not know: whoever gets places and cannot use them leaves
// them to the next plan.
//
// Places go one by one to the project that holds the fewest, as long as it
// holds less than alpha times those left free: the dynamic threshold scheme of
// A. K. Choudhury and E. L. Hahne ("Dynamic Queue Length Thresholds for
// Shared-Memory Packet Switches", IEEE/ACM Transactions on Networking 6(2),
// 1998). Within a project, they go by priority, then to the function that has
// the fewest running.
func (s *situation) plan() []picasso.Claim {
	projects := s.candidates()
	var taken []*candidate
	for free := s.free; projects.Len() > 0; free-- {
		p := projects.items[0]
		if p.here >= alpha*free {
			break // all others hold as many or more
		}
		f := p.functions.items[0]
		if f.claim.Count == 0 {
			taken = append(taken, f)
		}
		f.claim.Count++
		f.room--
		f.running++
		p.here++
		p.running++
		s.settle(projects, p, f)
	}
	claims := make([]picasso.Claim, len(taken))
	for i, f := range taken {
		claims[i] = f.claim
	}
	return claims
}

// settle puts a project where it belongs after its function f was given a place.
func (s *situation) settle(projects *pile[*project], p *project, f *candidate) {
	if f.full() {
		heap.Pop(&p.functions)
	} else {
		heap.Fix(&p.functions, 0)
	}
	if p.functions.Len() == 0 || s.projectLimit > 0 && p.running >= s.projectLimit {
		heap.Pop(projects)
	} else {
		heap.Fix(projects, 0)
	}
}

// candidates sorts the backlog by project and leaves out what is at a limit.
func (s *situation) candidates() *pile[*project] {
	byID := map[string]*project{}
	for i := range s.backlog {
		b := &s.backlog[i]
		f := &candidate{priority: b.Priority, running: b.Running, served: s.served[b.FunctionID], room: math.MaxInt, claim: picasso.Claim{
			FunctionID: b.FunctionID, ProjectID: b.ProjectID, Limit: b.Limit, ProjectLimit: s.projectLimit,
		}}
		if s.room != nil {
			f.room = s.room(b.FunctionID)
		}
		if f.full() || s.projectLimit > 0 && b.ProjectRunning >= s.projectLimit {
			continue
		}
		p := byID[b.ProjectID]
		if p == nil {
			p = &project{
				id: b.ProjectID, here: s.here[b.ProjectID], running: b.ProjectRunning, served: s.served[b.ProjectID],
				functions: pile[*candidate]{before: (*candidate).before},
			}
			byID[b.ProjectID] = p
		}
		p.functions.items = append(p.functions.items, f)
	}
	all := &pile[*project]{before: (*project).before}
	for _, p := range byID {
		heap.Init(&p.functions)
		all.items = append(all.items, p)
	}
	heap.Init(all)
	return all
}

// candidate is a function that has something due.
type candidate struct {
	priority int
	running  int // in all processes, with what is planned
	room     int // it may still take here
	served   int64
	claim    picasso.Claim
}

func (f *candidate) full() bool {
	return f.room <= 0 || f.claim.Limit > 0 && f.running >= f.claim.Limit
}

// project is a project that has something due.
type project struct {
	id        string
	here      int // places it holds in this process, with what is planned
	running   int // in all processes, with what is planned
	served    int64
	functions pile[*candidate]
}

// pile is a heap: the first of items is the one whose turn it is.
type pile[T any] struct {
	items  []T
	before func(a, b T) bool
}

func (p *pile[T]) Len() int           { return len(p.items) }
func (p *pile[T]) Less(i, j int) bool { return p.before(p.items[i], p.items[j]) }
func (p *pile[T]) Swap(i, j int)      { p.items[i], p.items[j] = p.items[j], p.items[i] }

// Push implements heap.Interface.
func (p *pile[T]) Push(x any) { p.items = append(p.items, x.(T)) }

// Pop implements heap.Interface.
func (p *pile[T]) Pop() any {
	last := p.items[len(p.items)-1]
	p.items = p.items[:len(p.items)-1]
	return last
}

// before reports whether it is the project's turn before another's.
func (p *project) before(o *project) bool {
	return cmp.Or(cmp.Compare(p.here, o.here), cmp.Compare(p.served, o.served), cmp.Compare(p.id, o.id)) < 0
}

// before reports whether it is the function's turn before another's of its project.
func (f *candidate) before(o *candidate) bool {
	return cmp.Or(cmp.Compare(o.priority, f.priority), cmp.Compare(f.running, o.running),
		cmp.Compare(f.served, o.served), cmp.Compare(f.claim.FunctionID, o.claim.FunctionID)) < 0
}
