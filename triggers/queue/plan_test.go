package queue

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/picasso-faas/picasso"
)

// due is a line of a backlog: function "p1.f1" is f1 of project p1.
func due(function string, edit ...func(*picasso.Backlog)) picasso.Backlog {
	b := picasso.Backlog{ProjectID: function[:2], FunctionID: function}
	for _, e := range edit {
		e(&b)
	}
	return b
}

func priority(n int) func(*picasso.Backlog) { return func(b *picasso.Backlog) { b.Priority = n } }
func limit(n int) func(*picasso.Backlog)    { return func(b *picasso.Backlog) { b.Limit = n } }
func running(n int) func(*picasso.Backlog)  { return func(b *picasso.Backlog) { b.Running = n } }
func projectRunning(n int) func(*picasso.Backlog) {
	return func(b *picasso.Backlog) { b.ProjectRunning = n }
}

func TestPlan(t *testing.T) {
	for name, test := range map[string]struct {
		situation
		want map[string]int
	}{
		"nothing due":                        {situation{free: 8}, map[string]int{}},
		"no place free":                      {situation{backlog: []picasso.Backlog{due("p1.a")}}, map[string]int{}},
		"the last place":                     {situation{free: 1, backlog: []picasso.Backlog{due("p1.a")}}, map[string]int{"p1.a": 1}},
		"one project gets three quarters":    {situation{free: 128, backlog: []picasso.Backlog{due("p1.a")}}, map[string]int{"p1.a": 96}},
		"it gets no more when it has them":   {situation{free: 32, here: map[string]int{"p1": 96}, backlog: []picasso.Backlog{due("p1.a")}}, map[string]int{}},
		"it gets one back when one is freed": {situation{free: 33, here: map[string]int{"p1": 95}, backlog: []picasso.Backlog{due("p1.a")}}, map[string]int{"p1.a": 1}},
		"two projects get three sevenths each": {situation{free: 70, backlog: []picasso.Backlog{due("p1.a"), due("p2.a")}},
			map[string]int{"p1.a": 30, "p2.a": 30}},
		"a newcomer finds room": {situation{free: 32, here: map[string]int{"p1": 96}, backlog: []picasso.Backlog{due("p1.a"), due("p2.a")}},
			map[string]int{"p2.a": 24}},
		"functions of a project share": {situation{free: 8, backlog: []picasso.Backlog{due("p1.a"), due("p1.b"), due("p1.c")}},
			map[string]int{"p1.a": 2, "p1.b": 2, "p1.c": 2}},
		"the one that has the fewest running": {situation{free: 4, backlog: []picasso.Backlog{due("p1.a", running(6)), due("p1.b", running(3))}},
			map[string]int{"p1.b": 3}},
		"priority goes first": {situation{free: 8, backlog: []picasso.Backlog{due("p1.a"), due("p1.b", priority(2)), due("p1.c", priority(1))}},
			map[string]int{"p1.b": 6}},
		"priority matters in its project only": {situation{free: 8, backlog: []picasso.Backlog{due("p1.a", priority(2)), due("p2.a")}},
			map[string]int{"p1.a": 4, "p2.a": 3}},
		"a limited function leaves the rest": {situation{free: 8, backlog: []picasso.Backlog{due("p1.a", priority(1), limit(5), running(3)), due("p1.b")}},
			map[string]int{"p1.a": 2, "p1.b": 4}},
		"a function at its limit":   {situation{free: 8, backlog: []picasso.Backlog{due("p1.a", limit(5), running(5))}}, map[string]int{}},
		"a function over its limit": {situation{free: 8, backlog: []picasso.Backlog{due("p1.a", limit(5), running(9))}}, map[string]int{}},
		"a limited project": {situation{free: 8, projectLimit: 4, backlog: []picasso.Backlog{due("p1.a", projectRunning(2)), due("p1.b", projectRunning(2)), due("p2.a")}},
			map[string]int{"p1.a": 1, "p1.b": 1, "p2.a": 4}},
		"a project at its limit": {situation{free: 8, projectLimit: 4, backlog: []picasso.Backlog{due("p1.a", projectRunning(4))}}, map[string]int{}},
		"the turn goes round among projects": {situation{free: 1, backlog: []picasso.Backlog{due("p1.a"), due("p2.a"), due("p3.a")}, served: map[string]int64{"p1": 3, "p2": 1, "p3": 2}},
			map[string]int{"p2.a": 1}},
		"the turn goes round among functions": {situation{free: 1, backlog: []picasso.Backlog{due("p1.a"), due("p1.b")}, served: map[string]int64{"p1.a": 2, "p1.b": 1}},
			map[string]int{"p1.b": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			got := map[string]int{}
			for _, c := range test.plan() {
				got[c.FunctionID] = c.Count
				assert.Equal(t, c.FunctionID[:2], c.ProjectID)
				assert.Equal(t, test.projectLimit, c.ProjectLimit)
			}
			assert.Equal(t, test.want, got)
		})
	}
}

// Whatever is due, a plan keeps every limit and gives equals the same.
func TestPlanKeepsLimits(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		s := situation{free: random.IntN(300), here: map[string]int{}, projectLimit: random.IntN(3) * 20}
		for p := range 1 + random.IntN(20) {
			for f := range 1 + random.IntN(5) {
				s.backlog = append(s.backlog, due(fmt.Sprintf("%c1.%d", 'a'+p, f), priority(random.IntN(3)), limit(random.IntN(10)), running(random.IntN(10)), projectRunning(10)))
			}
			s.here[fmt.Sprintf("%c1", 'a'+p)] = random.IntN(10)
		}
		total, projects := 0, map[string]int{}
		for _, c := range s.plan() {
			assert.Positive(t, c.Count)
			total += c.Count
			projects[c.ProjectID] += c.Count
		}
		assert.LessOrEqual(t, total, s.free)
		for _, b := range s.backlog {
			assert.True(t, s.projectLimit == 0 || projects[b.ProjectID] == 0 || b.ProjectRunning+projects[b.ProjectID] <= s.projectLimit)
		}
		for _, c := range s.plan() {
			assert.True(t, c.Limit == 0 || c.Count <= c.Limit)
		}
	}
}

func BenchmarkPlan(b *testing.B) {
	for _, functions := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprint(functions), func(b *testing.B) {
			s := situation{free: 128}
			for i := range functions {
				s.backlog = append(s.backlog, picasso.Backlog{ProjectID: fmt.Sprint(i % 1000), FunctionID: fmt.Sprint(i)})
			}
			for b.Loop() {
				s.plan()
			}
		})
	}
}
