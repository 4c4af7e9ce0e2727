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
	for free := s.free; len(projects) > 0; free-- {
		p := projects[0]
		if p.here >= alpha*free {
			break // all others hold as many or more
		}
		f := p.functions[0]
		if f.claim.Count == 0 {
			taken = append(taken, f)
		}
		f.claim.Count++
		f.room--
		f.running++
		p.here++
		p.running++
		s.settle(&projects, p, f)
	}
	claims := make([]picasso.Claim, len(taken))
	for i, f := range taken {
		claims[i] = f.claim
	}
	return claims
}

// settle puts a project where it belongs after its function f was given a place.
func (s *situation) settle(projects *candidates, p *project, f *candidate) {
	if f.full() {
		heap.Pop(&p.functions)
	} else {
		heap.Fix(&p.functions, 0)
	}
	if len(p.functions) == 0 || s.projectLimit > 0 && p.running >= s.projectLimit {
		heap.Pop(projects)
	} else {
		heap.Fix(projects, 0)
	}
}

// candidates sorts the backlog by project and leaves out what is at a limit.
func (s *situation) candidates() candidates {
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
			p = &project{id: b.ProjectID, here: s.here[b.ProjectID], running: b.ProjectRunning, served: s.served[b.ProjectID]}
			byID[b.ProjectID] = p
		}
		p.functions = append(p.functions, f)
	}
	all := make(candidates, 0, len(byID))
	for _, p := range byID {
		heap.Init(&p.functions)
		all = append(all, p)
	}
	heap.Init(&all)
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
	functions functions
}

// candidates is a heap of projects: the one whose turn it is comes first.
type candidates []*project

func (c candidates) Len() int      { return len(c) }
func (c candidates) Swap(i, j int) { c[i], c[j] = c[j], c[i] }
func (c candidates) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(c[i].here, c[j].here), cmp.Compare(c[i].served, c[j].served), cmp.Compare(c[i].id, c[j].id)) < 0
}

// Push implements heap.Interface.
func (c *candidates) Push(x any) { *c = append(*c, x.(*project)) }

// Pop implements heap.Interface.
func (c *candidates) Pop() any {
	last := (*c)[len(*c)-1]
	*c = (*c)[:len(*c)-1]
	return last
}

// functions is a heap of functions of one project: the one whose turn it is comes first.
type functions []*candidate

func (c functions) Len() int      { return len(c) }
func (c functions) Swap(i, j int) { c[i], c[j] = c[j], c[i] }
func (c functions) Less(i, j int) bool {
	a, b := c[i], c[j]
	return cmp.Or(cmp.Compare(b.priority, a.priority), cmp.Compare(a.running, b.running),
		cmp.Compare(a.served, b.served), cmp.Compare(a.claim.FunctionID, b.claim.FunctionID)) < 0
}

// Push implements heap.Interface.
func (c *functions) Push(x any) { *c = append(*c, x.(*candidate)) }

// Pop implements heap.Interface.
func (c *functions) Pop() any {
	last := (*c)[len(*c)-1]
	*c = (*c)[:len(*c)-1]
	return last
}
